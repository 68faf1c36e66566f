//! Ctrl-C.

use std::sync::Arc;

use tokio::runtime::Builder;
use tokio::sync::Notify;

use crate::error::CommandError;

/// Runs a future to its end, or until Ctrl-C. Files are written after that, and a second Ctrl-C does not end the process
/// in between, so that there is never half a file.
pub(crate) fn block_on<T>(
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(CommandError::Start)?;
    let pressed = Arc::new(Notify::new());
    let notify = Arc::clone(&pressed);
    let installed = ctrlc::set_handler(move || notify.notify_one());
    installed.map_err(|error| CommandError::Start(std::io::Error::other(error)))?;
    let result = runtime.block_on(async {
        tokio::select! {
            result = Box::pin(work) => result,
            () = pressed.notified() => Err(CommandError::Interrupted),
        }
    });
    // A name that is still being resolved would delay the end.
    runtime.shutdown_background();
    result
}
