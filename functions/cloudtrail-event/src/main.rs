//! Evaluates what a call has changed, when CloudTrail reports the call.

use eksentry_runtime::{cloudtrail_event, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(cloudtrail_event::handle).await
}
