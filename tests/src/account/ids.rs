//! ARNs and ids.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Record;

/// Returns an ARN in the partition that `home`, a Region, belongs to.
pub(crate) fn arn(
    home: &str,
    service: &str,
    region: &str,
    account: &str,
    resource: &str,
) -> String {
    format!(
        "arn:{}:{service}:{region}:{account}:{resource}",
        partition(home)
    )
}

pub(crate) fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Returns the text member of this name, or an empty text.
pub(crate) fn text<'a>(members: &'a Record, name: &str) -> &'a str {
    members
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Returns 64 hexadecimal digits that are always the same for the same seed.
pub(crate) fn digest(seed: &str) -> String {
    hex::encode(Sha256::digest(seed))
}

pub(crate) fn uuid(seed: &str) -> String {
    let digits = digest(seed);
    [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..32],
    ]
    .join("-")
}
