//! Answers AWS Config custom rules: one check, one resource or all.

use eksentry_runtime::{config_rule, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(config_rule::handle).await
}
