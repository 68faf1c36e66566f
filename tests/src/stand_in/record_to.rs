//! The files that stand-ins leave for CI.

use std::{
    env, fs, io,
    path::Path,
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::StandIn;

/// The environment variable that names a folder. Each stand-in that is dropped leaves there a file of the requests that
/// it received and, in the folder's `ocsf`, a file of the events that were written to its buckets. CI checks them
/// against the service models and against the OCSF schema. A stand-in that recorded violations leaves no file: its own
/// test evaluates them.
pub const RECORD_TO: &str = "EKSENTRY_RECORD_REQUESTS";

impl StandIn {
    /// Writes the lines of all JSON Lines objects to a file, if there are any.
    fn dump_events(&self, path: &Path) -> io::Result<()> {
        let objects = self.objects().into_iter();
        let lines = objects.filter(|(name, _)| {
            Path::new(name)
                .extension()
                .is_some_and(|end| end == "jsonl")
        });
        let lines: Vec<u8> = lines.flat_map(|(_, body)| body).collect();
        if lines.is_empty() {
            return Ok(());
        }
        fs::write(path, lines)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let Some(folder) = env::var_os(RECORD_TO).filter(|_| self.violations().is_empty()) else {
            return;
        };
        let (folder, name) = (Path::new(&folder), file_name());
        let events = folder.join("ocsf");
        let left = fs::create_dir_all(&events)
            .and_then(|()| self.dump_requests(&folder.join(&name)))
            .and_then(|()| self.dump_events(&events.join(&name)));
        if let Err(error) = left {
            eprintln!(
                "{RECORD_TO}: requests and events can't be left in {}: {error}",
                folder.display()
            );
        }
    }
}

/// Returns a file name that no other stand-in uses.
fn file_name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!(
        "{}-{}.jsonl",
        process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}
