//! JSON in its written form: members keep their order, and a member that is written twice is kept twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value from which a policy document is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    /// A number, `true` or `false`, as a text.
    Literal(String),
    Text(String),
    List(Vec<Json>),
    Object(Members),
}

/// The members of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Members(pub(super) Vec<(String, Json)>);

impl Members {
    /// Removes every member with this name and returns their values.
    pub(super) fn take_all(&mut self, name: &str) -> Vec<Json> {
        let all = std::mem::take(&mut self.0);
        let (taken, left): (Vec<_>, Vec<_>) = all.into_iter().partition(|(other, _)| other == name);
        self.0 = left;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    /// Removes the member with this name and returns its value.
    ///
    /// # Errors
    ///
    /// Returns an error if the object has the member twice.
    pub(super) fn take(&mut self, name: &str) -> Result<Option<Json>, String> {
        let mut values = self.take_all(name);
        let value = values.pop();
        if values.is_empty() {
            Ok(value)
        } else {
            Err(format!("has {name} twice"))
        }
    }

    /// Checks that every member was taken.
    ///
    /// # Errors
    ///
    /// Returns an error if a member is left, since its meaning is not known.
    pub(super) fn end(self) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(format!("has the unknown element {name}")),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Literal(flag.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Literal(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Literal(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Literal(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element()? {
            list.push(value);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(Members(members)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Members {
        match serde_json::from_str(text).unwrap() {
            Json::Object(members) => members,
            other => panic!("{other:?} is not an object"),
        }
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let text = r#"[null, true, -1, 12345678901, 1.5, "é", {"a": []}]"#;
        let read: Json = serde_json::from_str(text).unwrap();
        let literal = |text: &str| Json::Literal(text.to_owned());
        let expected = vec![
            Json::Null,
            literal("true"),
            literal("-1"),
            literal("12345678901"),
            literal("1.5"),
            Json::Text("é".to_owned()),
            Json::Object(Members(vec![("a".to_owned(), Json::List(Vec::new()))])),
        ];
        assert_eq!(read, Json::List(expected));
    }

    #[test]
    fn taking_a_repeated_member_is_an_error() {
        let mut members = object(r#"{"a": 1, "b": 2, "a": 3}"#);
        assert_eq!(members.clone().take_all("a").len(), 2);
        assert!(members.take("a").unwrap_err().contains("a twice"));
    }

    #[test]
    fn end_fails_until_all_members_are_taken() {
        let mut members = object(r#"{"a": null}"#);
        assert!(members.clone().end().unwrap_err().contains("element a"));
        assert_eq!(members.take("b"), Ok(None));
        assert_eq!(members.take("a"), Ok(Some(Json::Null)));
        assert_eq!(members.end(), Ok(()));
    }
}
