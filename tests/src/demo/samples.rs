//! The sample events: `events/<function>/<what the event shows>.json`.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::DemoError;

/// An event to play, and the function that receives it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The name of the function, which is the name of the event's folder unless another is given.
    pub function: String,
    /// The name of the file, which says what the event shows.
    pub name: String,
    /// The event.
    pub payload: Value,
}

impl Sample {
    /// Reads one event. Without a function's name, the name of the event's folder is the function.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be read or is not JSON.
    pub fn load(file: &Path, function: Option<&str>) -> Result<Self, DemoError> {
        let text = fs::read_to_string(file).map_err(|source| DemoError::read(file, source))?;
        let payload = serde_json::from_str(&text).map_err(|source| DemoError::NotJson {
            file: file.to_owned(),
            source,
        })?;
        let folder = file.parent().and_then(Path::file_name);
        let function = function.map_or_else(|| lossy(folder), str::to_owned);
        Ok(Self {
            function,
            name: lossy(file.file_stem()),
            payload,
        })
    }

    /// Reads all events of a folder like `events`, in an order that makes sense to a reader: a sweep finds the existing
    /// resources, then changes arrive one by one, and finally scheduled sweeps find no changes.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder or a file in it can't be read.
    pub fn load_all(folder: &Path) -> Result<Vec<Self>, DemoError> {
        let mut samples = Vec::new();
        for function in entries(folder)? {
            if function.is_dir() {
                for file in entries(&function)? {
                    samples.push(Self::load(&file, None)?);
                }
            }
        }
        samples.sort_by(|left, right| left.position().cmp(&right.position()));
        Ok(samples)
    }

    /// Returns `<function>/<name>`.
    pub fn title(&self) -> String {
        format!("{}/{}", self.function, self.name)
    }

    fn position(&self) -> impl Ord + use<'_> {
        let phase = match self.function.as_str() {
            "sweep" if self.name.starts_with("schedule") => 4,
            "sweep" => 0,
            "config-rule" => 1,
            "ecr-event" => 2,
            _ => 3,
        };
        (phase, &self.function, &self.name)
    }
}

/// Lists the paths of the files and folders in a folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, DemoError> {
    let entries =
        fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    entries.map_err(|source| DemoError::read(folder, source))
}

/// Returns a name for display.
pub(super) fn lossy(name: Option<&OsStr>) -> String {
    name.unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::workspace;
    use super::*;

    #[test]
    fn samples_begin_with_a_sweep_and_end_with_a_schedule() {
        let samples = Sample::load_all(&workspace().join("events")).unwrap();
        let titles: Vec<String> = samples.iter().map(Sample::title).collect();
        let first = titles.first().map(String::as_str);
        let last = titles.last().map(String::as_str);
        assert_eq!(first, Some("sweep/by-hand"), "{titles:?}");
        assert_eq!(last, Some("sweep/schedule-by-scheduler"), "{titles:?}");
    }

    #[test]
    fn every_events_folder_has_a_function() {
        for sample in Sample::load_all(&workspace().join("events")).unwrap() {
            let function = workspace().join("functions").join(&sample.function);
            assert!(
                function.is_dir(),
                "{}: there is no such folder in functions/",
                sample.title()
            );
        }
    }

    #[test]
    fn the_function_can_differ_from_the_folder() {
        let file = workspace().join("events/sweep/by-hand.json");
        assert_eq!(
            Sample::load(&file, Some("sweep-worker")).unwrap().title(),
            "sweep-worker/by-hand"
        );
    }

    #[test]
    fn the_error_names_an_unreadable_file() {
        let error = Sample::load(Path::new("events/sweep/none.json"), None).unwrap_err();
        assert!(
            error.to_string().contains("events/sweep/none.json"),
            "{error}"
        );
    }
}
