//! `--serve`: the stand-in for functions that run elsewhere, for example under `cargo lambda watch`.

use std::{net::SocketAddr, path::Path, sync::mpsc};

use super::{DemoError, Sample};
use crate::{account::Account, stand_in::StandIn};

/// The default address of the stand-in. Its port is next to port 9000, which `cargo lambda watch` uses.
pub(super) const ADDRESS: &str = "127.0.0.1:9001";

/// Parses an address. Returns an error unless only this machine can reach it: the stand-in requires no credentials.
pub(super) fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| format!("expected an address such as {ADDRESS}"))?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!("expected a loopback address such as {ADDRESS}"))
    }
}

/// Serves an account to functions that receive the samples: the ResultTokens in the samples count as issued.
pub(super) fn start(
    address: SocketAddr,
    account: Account,
    samples: &[Sample],
) -> Result<StandIn, DemoError> {
    let aws = StandIn::start_at(address, account)?;
    for sample in samples {
        let member = |name: &str| sample.payload[name].as_str();
        if let (Some(token), Some(rule)) = (member("resultToken"), member("configRuleName")) {
            aws.register_result_token(token, rule);
        }
    }
    Ok(aws)
}

/// Renders the lines with which a shell's functions reach the stand-in, and no other endpoint. Reports are written to a
/// folder.
pub(super) fn exports(aws: &StandIn, reports: &Path) -> String {
    let reports = ("EKSENTRY_REPORT".to_owned(), reports.display().to_string());
    let variables = aws.environment().into_iter().chain([reports]);
    variables
        .map(|(name, value)| format!("export {name}={value}\n"))
        .collect()
}

/// Waits for Ctrl-C. This does not use tokio, because the functions are built without its feature for signals: cargo
/// would build all their dependencies twice, with the feature for the tests and without it for the functions.
pub(super) fn wait_for_ctrl_c() -> Result<(), DemoError> {
    let (interrupt, interrupted) = mpsc::channel();
    let installed = ctrlc::set_handler(move || {
        // After the first Ctrl-C nothing waits any more.
        let _ = interrupt.send(());
    });
    installed.map_err(|source| DemoError::Wait { source })?;
    // The handler holds the other end for as long as the process runs.
    let _ = interrupted.recv();
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::background::ANY_PORT;

    #[test]
    fn only_loopback_addresses_are_accepted() {
        assert!(loopback("127.0.0.1:9001").is_ok() && loopback("[::1]:9001").is_ok());
        for elsewhere in ["0.0.0.0:9001", "192.0.2.1:9001", "9001", "localhost"] {
            assert!(loopback(elsewhere).is_err(), "{elsewhere}");
        }
        assert!(loopback(ADDRESS).is_ok());
    }

    #[test]
    fn the_error_names_an_address_in_use() {
        let account = Account::empty("123456789012", "eu-central-1");
        let first = start(ANY_PORT, account.clone(), &[]).unwrap();
        let address = first.endpoint().replace("http://", "");
        let error = start(address.parse().unwrap(), account, &[]).unwrap_err();
        assert!(error.to_string().contains(&address), "{error}");
    }

    #[test]
    fn exports_contain_the_endpoint_and_the_credentials() {
        let account = Account::empty("123456789012", "eu-central-1");
        let aws = start(ANY_PORT, account, &[]).unwrap();
        let exports = exports(&aws, Path::new("reports"));
        let endpoint = format!("export AWS_ENDPOINT_URL={}\n", aws.endpoint());
        assert!(exports.starts_with(&endpoint), "{exports}");
        for name in [
            "AWS_REGION",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "EKSENTRY_REPORT",
        ] {
            assert!(exports.contains(&format!("\nexport {name}=")), "{exports}");
        }
    }

    #[test]
    fn a_sample_without_a_token_is_accepted() {
        let account = Account::empty("123456789012", "eu-central-1");
        let sample = Sample {
            function: "sweep".to_owned(),
            name: "by-hand".to_owned(),
            payload: json!({}),
        };
        assert!(start(ANY_PORT, account, &[sample]).is_ok());
    }
}
