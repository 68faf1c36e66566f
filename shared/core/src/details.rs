//! The properties of a resource that reports show besides its ARN, in a form that every reporter can render.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// One property of a resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Detail {
    /// A text that is not empty.
    Text(String),
    /// A list of texts, none of which is empty.
    Texts(Vec<String>),
    /// A setting that is on or off.
    Flag(bool),
    /// A point in time.
    Time(Timestamp),
}

/// The properties of a resource, by the names that its AWS API gives them, such as `endpointPublicAccess`. Only stable
/// properties belong here: a property that changes each time the resource is described would make every finding look
/// changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Details(BTreeMap<&'static str, Detail>);

impl Details {
    /// Adds a text, unless it is absent or blank.
    pub fn text(mut self, name: &'static str, value: Option<&str>) -> Self {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            self.0.insert(name, Detail::Text(value.to_owned()));
        }
        self
    }

    /// Adds the texts of a list that are not blank, unless there are none.
    pub fn texts<T: AsRef<str>>(
        mut self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let values: Vec<String> = values
            .into_iter()
            .filter(|value| !value.as_ref().trim().is_empty())
            .map(|value| value.as_ref().to_owned())
            .collect();
        if !values.is_empty() {
            self.0.insert(name, Detail::Texts(values));
        }
        self
    }

    /// Adds a setting that is on or off.
    pub fn flag(mut self, name: &'static str, value: bool) -> Self {
        self.0.insert(name, Detail::Flag(value));
        self
    }

    /// Adds a point in time, unless it is absent.
    pub fn time(mut self, name: &'static str, value: Option<Timestamp>) -> Self {
        if let Some(value) = value {
            self.0.insert(name, Detail::Time(value));
        }
        self
    }

    /// Returns a text; `None` if there is no such property, or it is no text.
    pub fn get_text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Detail::Text(text) => Some(text),
            Detail::Texts(_) | Detail::Flag(_) | Detail::Time(_) => None,
        }
    }

    /// Removes a property and returns it, for a reporter that has a separate field for it.
    pub fn take(&mut self, name: &str) -> Option<Detail> {
        self.0.remove(name)
    }

    /// Returns the remaining properties, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Detail)> {
        self.0.iter().map(|(name, detail)| (*name, detail))
    }

    /// Returns `true` if there are no properties.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_values_are_omitted() {
        let none: [&str; 0] = [];
        let empty = Details::default()
            .text("absent", None)
            .text("empty", Some(""))
            .text("blank", Some(" \n"))
            .texts("none", none)
            .texts("blanks", ["", "  "])
            .time("never", None);
        assert!(empty.is_empty(), "{empty:?}");
        assert!(!empty.flag("off", false).is_empty());
    }

    #[test]
    fn properties_are_sorted_by_name_and_can_be_taken() {
        let at: Timestamp = "2026-03-01T10:20:30Z".parse().unwrap();
        let mut details = Details::default()
            .time("d", Some(at))
            .flag("c", false)
            .texts("b", ["one", " ", "two"])
            .text("a", Some("text"));
        let all = [
            ("a", Detail::Text("text".into())),
            ("b", Detail::Texts(vec!["one".into(), "two".into()])),
            ("c", Detail::Flag(false)),
            ("d", Detail::Time(at)),
        ];
        assert!(
            details
                .iter()
                .eq(all.iter().map(|(name, detail)| (*name, detail))),
            "{details:?}"
        );
        assert_eq!(details.take("a"), Some(Detail::Text("text".into())));
        assert_eq!(details.take("a"), None);
        assert_eq!(details.iter().next().map(|(name, _)| name), Some("b"));
    }
}
