//! The sample events: `events/<function>/<what it shows>.json`.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::DemoError;

/// An event to play, and the function that takes it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The function's name: the folder that the event lies in.
    pub function: String,
    /// What the event shows: the file's name.
    pub name: String,
    /// The event itself.
    pub payload: Value,
}

impl Sample {
    /// Reads one event; without a function's name, the name of its folder is the function.
    ///
    /// # Errors
    ///
    /// When the file can't be read or is no JSON.
    pub fn load(file: &Path, function: Option<&str>) -> Result<Self, DemoError> {
        let text = fs::read_to_string(file).map_err(|source| DemoError::read(file, source))?;
        let payload = serde_json::from_str(&text).map_err(|source| DemoError::NoJson {
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

    /// All events of a folder like `events`, in the order in which they tell a story: a sweep finds what there is,
    /// then changes come in one by one, and at last scheduled sweeps find nothing new.
    ///
    /// # Errors
    ///
    /// When the folder or a file in it can't be read.
    pub fn load_all(folder: &Path) -> Result<Vec<Self>, DemoError> {
        let mut samples = Vec::new();
        for function in entries(folder)? {
            if function.is_dir() {
                for file in entries(&function)? {
                    samples.push(Self::load(&file, None)?);
                }
            }
        }
        samples.sort_by(|left, right| left.place().cmp(&right.place()));
        Ok(samples)
    }

    /// `<function>/<name>`.
    pub fn title(&self) -> String {
        format!("{}/{}", self.function, self.name)
    }

    fn place(&self) -> impl Ord + use<'_> {
        let chapter = match self.function.as_str() {
            "sweep" if self.name.starts_with("schedule") => 4,
            "sweep" => 0,
            "config-rule" => 1,
            "ecr-event" => 2,
            _ => 3,
        };
        (chapter, &self.function, &self.name)
    }
}

/// What lies in a folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, DemoError> {
    let entries =
        fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    entries.map_err(|source| DemoError::read(folder, source))
}

/// A name for people.
pub(super) fn lossy(name: Option<&OsStr>) -> String {
    name.unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::workspace;
    use super::*;

    #[test]
    fn the_story_begins_with_a_sweep_and_ends_with_a_schedule() {
        let samples = Sample::load_all(&workspace().join("events")).unwrap();
        let titles: Vec<String> = samples.iter().map(Sample::title).collect();
        let first = titles.first().map(String::as_str);
        let last = titles.last().map(String::as_str);
        assert_eq!(first, Some("sweep/by-hand"), "{titles:?}");
        assert_eq!(last, Some("sweep/schedule-by-scheduler"), "{titles:?}");
    }

    #[test]
    fn every_folder_of_events_is_a_function() {
        for sample in Sample::load_all(&workspace().join("events")).unwrap() {
            let function = workspace().join("functions").join(&sample.function);
            assert!(function.is_dir(), "{} has no function", sample.title());
        }
    }

    #[test]
    fn an_event_from_elsewhere_names_its_function() {
        let file = workspace().join("events/sweep/by-hand.json");
        assert_eq!(
            Sample::load(&file, Some("sweep-worker")).unwrap().title(),
            "sweep-worker/by-hand"
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let error = Sample::load(Path::new("events/sweep/none.json"), None).unwrap_err();
        assert!(
            error.to_string().contains("events/sweep/none.json"),
            "{error}"
        );
    }
}
