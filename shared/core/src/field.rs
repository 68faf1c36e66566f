//! Members of Kubernetes objects, which may have another type than expected.
//!
//! The API server validates the objects of its own kinds, but not all objects: custom resources may have any shape, and
//! a newer version of Kubernetes may change a type. Such a member must neither make a whole list unreadable nor count as
//! absent. A [`Field`] therefore records that the member has an unexpected type, and reads all others.
//!
//! Values are read as they come, without a copy of the input. Only what JSON itself can't express stops this: an object
//! that names a member twice, a number that no float holds, half of a surrogate pair, or more than a hundred levels. A
//! list counts such an object as unreadable.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

/// A member of an object. Structs with such members must have `#[serde(default)]`, so that a missing member is
/// [`Absent`](Self::Absent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Field<T> {
    /// The member is missing or `null`.
    #[default]
    Absent,
    /// The member has this value.
    Value(T),
    /// The member has a value of an unexpected type.
    Invalid,
}

impl<T> Field<T> {
    /// Returns the value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Invalid => None,
        }
    }

    /// Returns a member of this member.
    pub fn and_then<U>(self, member: impl FnOnce(T) -> Field<U>) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Value(value) => member(value),
            Self::Invalid => Field::Invalid,
        }
    }

    /// Returns `true` if the member is missing or `null`.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Returns `true` if the member has a value of an unexpected type.
    pub fn is_invalid(&self) -> bool {
        matches!(self, Self::Invalid)
    }

    /// Returns the value, or `None` if the member is absent.
    ///
    /// # Errors
    ///
    /// Returns an error if the member has a value of an unexpected type.
    pub fn read(&self) -> Result<Option<&T>, InvalidField> {
        match self {
            Self::Absent => Ok(None),
            Self::Value(value) => Ok(Some(value)),
            Self::Invalid => Err(InvalidField),
        }
    }
}

impl<T> Field<Vec<T>> {
    /// Returns the items of a list, of which there are none if the member is absent.
    ///
    /// # Errors
    ///
    /// Returns an error if the member is not a list of such items.
    pub fn items(&self) -> Result<&[T], InvalidField> {
        Ok(self.read()?.map_or(&[], Vec::as_slice))
    }
}

/// The error of a member that has a value of an unexpected type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a member has a value of an unexpected type")]
pub struct InvalidField;

/// Returns `true` if one of the results is `true`, even if others are errors.
///
/// # Errors
///
/// Returns the first error if none of the results is `true`, and one of them is an error.
pub fn any_true<E>(results: impl IntoIterator<Item = Result<bool, E>>) -> Result<bool, E> {
    let mut found = Ok(false);
    for result in results {
        match (result, &found) {
            (Ok(true), _) => return Ok(true),
            (Err(error), Ok(_)) => found = Err(error),
            _ => {}
        }
    }
    found
}

/// Returns `false` if one of the results is `false`, even if others are errors.
///
/// # Errors
///
/// Returns the first error if none of the results is `false`, and one of them is an error.
pub fn all_true<E>(results: impl IntoIterator<Item = Result<bool, E>>) -> Result<bool, E> {
    let negated = results.into_iter().map(|result| Ok(!result?));
    Ok(!any_true(negated)?)
}

/// A struct that is read from a JSON object. Any other value is [`Invalid`](Field::Invalid).
pub trait Object {}

/// A type that a JSON value may have. Each function returns `None` if values of its kind are not of the type.
pub trait Expected<'de>: Sized {
    /// Reads `null`, which is not a value of most types.
    fn from_null() -> Option<Self> {
        None
    }

    /// Reads a boolean.
    fn from_bool(_: bool) -> Option<Self> {
        None
    }

    /// Reads an integer.
    fn from_integer(_: i64) -> Option<Self> {
        None
    }

    /// Reads a number that is not an `i64`.
    fn from_other_number() -> Option<Self> {
        None
    }

    /// Reads a text.
    fn from_text(_: &str) -> Option<Self> {
        None
    }

    /// Reads an array.
    ///
    /// # Errors
    ///
    /// Returns an error if the input is not well-formed.
    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Option<Self>, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    /// Reads an object.
    ///
    /// # Errors
    ///
    /// Returns an error if the input is not well-formed.
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl Expected<'_> for bool {
    fn from_bool(value: bool) -> Option<Self> {
        Some(value)
    }
}

impl Expected<'_> for i64 {
    fn from_integer(value: i64) -> Option<Self> {
        Some(value)
    }
}

impl Expected<'_> for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

/// The most bytes of a short text.
const LONGEST_SHORT_TEXT: usize = 4 << 10;

/// A text of at most [`LONGEST_SHORT_TEXT`] bytes.
struct ShortText(String);

impl Expected<'_> for ShortText {
    fn from_text(text: &str) -> Option<Self> {
        (text.len() <= LONGEST_SHORT_TEXT).then(|| Self(text.to_owned()))
    }
}

/// Reads a text that is not limited in Kubernetes. One that is too long is invalid, since those of many objects are kept.
pub(crate) fn short_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Field<String>, D::Error> {
    let text = Field::<ShortText>::deserialize(deserializer)?;
    Ok(text.and_then(|ShortText(text)| Field::Value(text)))
}

/// A text that is cut to [`LONGEST_SHORT_TEXT`] bytes.
struct CutText(String);

impl Expected<'_> for CutText {
    fn from_text(text: &str) -> Option<Self> {
        let end = text.floor_char_boundary(LONGEST_SHORT_TEXT);
        Some(Self(text[..end].to_owned()))
    }
}

/// Reads a list of such texts. Those that are too long are cut, since the others count in any case.
pub(crate) fn short_texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Field<Vec<String>>, D::Error> {
    let texts = Field::<Vec<CutText>>::deserialize(deserializer)?;
    Ok(texts.and_then(|texts| {
        let texts = texts.into_iter().map(|CutText(text)| text);
        Field::Value(texts.collect())
    }))
}

impl<'de, T: Object + Deserialize<'de>> Expected<'de> for T {
    fn from_object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(Some)
    }
}

/// A list is invalid if one of its items is. A list of [`Field`]s is not, since each of its items can be read.
impl<'de, T: Expected<'de>> Expected<'de> for Vec<T> {
    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Option<Self>, A::Error> {
        let mut items = Some(Self::new());
        while let Some(item) = array.next_element_seed(Reader::new())? {
            items = items.zip(item).map(|(mut items, item)| {
                items.push(item);
                items
            });
        }
        Ok(items)
    }
}

/// A map is invalid if one of its values is. A map of [`Field`]s is not, since each of its values can be read.
impl<'de, T: Expected<'de>> Expected<'de> for BTreeMap<String, T> {
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut entries = Some(Self::new());
        while let Some(key) = object.next_key()? {
            let value = object.next_value_seed(Reader::new())?;
            entries = entries.zip(value).map(|(mut entries, value)| {
                entries.insert(key, value);
                entries
            });
        }
        Ok(entries)
    }
}

/// Every value is a field: one that is not of the type is invalid.
impl<'de, T: Expected<'de>> Expected<'de> for Field<T> {
    fn from_null() -> Option<Self> {
        Some(Self::Absent)
    }

    fn from_bool(value: bool) -> Option<Self> {
        Some(T::from_bool(value).into())
    }

    fn from_integer(value: i64) -> Option<Self> {
        Some(T::from_integer(value).into())
    }

    fn from_other_number() -> Option<Self> {
        Some(T::from_other_number().into())
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(T::from_text(text).into())
    }

    fn from_array<A: SeqAccess<'de>>(array: A) -> Result<Option<Self>, A::Error> {
        Ok(Some(T::from_array(array)?.into()))
    }

    fn from_object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        Ok(Some(T::from_object(object)?.into()))
    }
}

impl<T> From<Option<T>> for Field<T> {
    /// Returns a field with a value of the expected type, or an invalid one.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Invalid, Self::Value)
    }
}

impl<'de, T: Expected<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let field = Reader::<Self>::new().deserialize(deserializer)?;
        Ok(field.unwrap_or(Self::Invalid))
    }
}

/// Reads any JSON value: `None` if it is not of the type.
struct Reader<T>(PhantomData<T>);

impl<T> Reader<T> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Expected<'de>> DeserializeSeed<'de> for Reader<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Expected<'de>> Visitor<'de> for Reader<T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(T::from_null())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(T::from_bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(T::from_integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| T::from_other_number(), T::from_integer))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(T::from_other_number())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(T::from_text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Self::Value, A::Error> {
        T::from_array(array)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        T::from_object(object)
    }
}

#[cfg(test)]
mod tests;
