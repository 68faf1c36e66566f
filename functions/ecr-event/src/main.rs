//! Judges images and repositories on what EventBridge tells of Amazon ECR.

use eksentry_runtime::{ecr_event, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(ecr_event::handle).await
}
