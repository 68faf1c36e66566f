//! Evaluates one check, for one resource or for all, when an AWS Config custom rule invokes the function.

use eksentry_runtime::{config_rule, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(config_rule::handle).await
}
