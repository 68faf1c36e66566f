//! Evaluates every resource of the accounts and Regions in the settings, or those that the event names.

use eksentry_runtime::{serve, sweep};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(sweep::handle).await
}
