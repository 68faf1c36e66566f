//! Judges every resource of the account in the Region, or those it is told.

use eksentry_runtime::{serve, sweep};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(sweep::handle).await
}
