//! Responses in the form in which the cluster reader returns them.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::send::{MAX_CONTENT, NoResponse, Response, too_large};

/// The most bytes of a packed body. A function can return 6 MB; a list in JSON shrinks to a tenth and less.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const MAX_PACKED: usize = 6_000_000;

/// A response with a body that is compressed, in base64.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Packed {
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
    is_json: bool,
    body: String,
}

impl Packed {
    /// Packs a response.
    ///
    /// # Errors
    ///
    /// Returns an error if the response is too large for a function to return.
    pub(super) fn pack(response: Response) -> Result<Self, NoResponse> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let compressed = encoder
            .write_all(&response.body)
            .and_then(|()| encoder.finish());
        let body = STANDARD.encode(compressed.map_err(|_| broken())?);
        if body.len() > MAX_PACKED {
            let large = "the response is larger than the cluster reader can return";
            return Err(NoResponse::Broken(large.to_owned()));
        }
        Ok(Self {
            status: response.status,
            retry_after_seconds: response.retry_after.map(|wait| wait.as_secs()),
            is_json: response.is_json,
            body,
        })
    }

    /// Unpacks the response.
    ///
    /// # Errors
    ///
    /// Returns an error if the body is broken, or has more bytes than any response may have.
    pub(super) fn unpack(self) -> Result<Response, NoResponse> {
        let compressed = STANDARD.decode(self.body).map_err(|_| broken())?;
        let mut body = Vec::new();
        // One byte more shows that there are too many.
        let mut decoder = GzDecoder::new(compressed.as_slice()).take(MAX_CONTENT as u64 + 1);
        decoder.read_to_end(&mut body).map_err(|_| broken())?;
        if body.len() > MAX_CONTENT {
            return Err(too_large());
        }
        Ok(Response {
            status: self.status,
            retry_after: self.retry_after_seconds.map(Duration::from_secs),
            is_json: self.is_json,
            body,
        })
    }
}

fn broken() -> NoResponse {
    NoResponse::Broken("the response of the cluster reader is broken".to_owned())
}
