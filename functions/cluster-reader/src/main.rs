//! Makes requests of sweeps to the API servers of clusters in the VPC that the function is in.

use eksentry_runtime::{cluster_reader, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(cluster_reader::handle).await
}
