//! Resources of pods and containers.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::field::{Expected, Field, InvalidField, Object};

/// The resources that a pod or a container requests, and those that it can use at most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// The requests, by the name of the resource.
    pub requests: Field<BTreeMap<String, Field<Quantity>>>,
    /// The limits, by the name of the resource.
    pub limits: Field<BTreeMap<String, Field<Quantity>>>,
}

impl Object for Resources {}

impl Resources {
    /// Returns `true` if a limit of the resource is stated.
    ///
    /// # Errors
    ///
    /// Returns an error if the limit has a value of an unexpected type.
    pub fn has_limit(&self, resource: &str) -> Result<bool, InvalidField> {
        let limit = quantity(&self.limits, resource)?;
        Ok(limit.is_some_and(|quantity| !quantity.is_zero))
    }

    /// Returns `true` if a request of the resource is stated, or follows from its limit.
    ///
    /// # Errors
    ///
    /// Returns an error if the request or the limit has a value of an unexpected type.
    pub fn has_request(&self, resource: &str) -> Result<bool, InvalidField> {
        match quantity(&self.requests, resource)? {
            Some(request) => Ok(!request.is_zero),
            None => self.has_limit(resource),
        }
    }

    /// Returns `true` if a limit or a request of the resource is stated, even zero. A limit is also the request.
    ///
    /// # Errors
    ///
    /// Returns an error if the limit or the request has a value of an unexpected type.
    pub fn states(&self, resource: &str, is_limit: bool) -> Result<bool, InvalidField> {
        let has_limit = quantity(&self.limits, resource)?.is_some();
        Ok(has_limit || !is_limit && quantity(&self.requests, resource)?.is_some())
    }
}

fn quantity(
    of: &Field<BTreeMap<String, Field<Quantity>>>,
    resource: &str,
) -> Result<Option<Quantity>, InvalidField> {
    let Some(quantity) = of.read()?.and_then(|quantities| quantities.get(resource)) else {
        return Ok(None);
    };
    Ok(quantity.read()?.copied())
}

/// A quantity of a resource, of which only zero is told from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quantity {
    /// `true` if the quantity is zero, which is the same as none.
    pub is_zero: bool,
}

impl Expected<'_> for Quantity {
    fn from_integer(value: i64) -> Option<Self> {
        Some(Self {
            is_zero: value == 0,
        })
    }

    fn from_other_number() -> Option<Self> {
        Some(Self { is_zero: false })
    }

    fn from_text(text: &str) -> Option<Self> {
        let unsigned = text.trim_start_matches(['+', '-']);
        let number = unsigned.split(|c: char| !(c.is_ascii_digit() || c == '.'));
        let digits = number.into_iter().next()?;
        let has_digit = digits.contains(|c: char| c.is_ascii_digit());
        has_digit.then(|| Self {
            is_zero: digits.chars().all(|c| ['0', '.'].contains(&c)),
        })
    }
}
