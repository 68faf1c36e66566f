//! Answers invocations of AWS Config custom rules: evaluates one check, for one resource or for all.

use eksentry_runtime::{config_rule, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(config_rule::handle).await
}
