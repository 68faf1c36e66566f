//! Evaluates a slice of a sweep for each message of a queue.

use eksentry_runtime::{serve, sweep_worker};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(sweep_worker::handle).await
}
