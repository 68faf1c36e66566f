//! Evaluates images and repositories when EventBridge sends an event about Amazon ECR.

use eksentry_runtime::{ecr_event, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(ecr_event::handle).await
}
