//! Writes a report on the findings in Security Hub to a bucket, after each sweep.

use eksentry_runtime::serve;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(report::handle).await
}
