//! Resource quotas and limit ranges.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/>.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Quantity;
use crate::field::{Field, InvalidField, Object, any_true};

/// Quantities, by the name of the resource.
type Quantities = Field<BTreeMap<String, Field<Quantity>>>;

/// The resources of pods that a quota may bound.
const BOUNDS: [&str; 7] = [
    "cpu",
    "memory",
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
    "pods",
];

/// The specification of a resource quota.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ResourceQuota {
    /// The quantities that the objects in the namespace may use together.
    pub hard: Quantities,
    /// The conditions on the objects that count.
    pub scopes: Field<Vec<String>>,
    /// Further conditions on the objects that count.
    pub scope_selector: Field<ScopeSelector>,
}

/// Conditions on the objects that count for a quota.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ScopeSelector {
    /// The conditions.
    pub match_expressions: Field<Vec<ScopeExpression>>,
}

/// A condition on the objects that count for a quota.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ScopeExpression {}

impl Object for ResourceQuota {}
impl Object for ScopeSelector {}
impl Object for ScopeExpression {}

impl ResourceQuota {
    /// Returns `true` if the quota bounds CPU, memory or the number of all pods in the namespace.
    ///
    /// # Errors
    ///
    /// Returns an error if a member that decides this has a value of an unexpected type.
    pub fn bounds_pods(&self) -> Result<bool, InvalidField> {
        let Some(hard) = self.hard.read()? else {
            return Ok(false);
        };
        let quantities = BOUNDS.iter().filter_map(|name| hard.get(*name));
        let is_stated = quantities.map(|quantity| Ok(quantity.read()?.is_some()));
        let is_bound = any_true(is_stated);
        if is_bound == Ok(false) {
            return Ok(false);
        }
        let selector = self.scope_selector.read()?;
        let has_conditions = match selector {
            Some(selector) => !selector.match_expressions.items()?.is_empty(),
            None => false,
        };
        if has_conditions || !self.scopes.items()?.is_empty() {
            return Ok(false);
        }
        is_bound
    }
}

/// The specification of a limit range.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LimitRange {
    /// The limits, by the type of object.
    pub limits: Field<Vec<Field<LimitRangeItem>>>,
}

/// The limits of a limit range for one type of object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LimitRangeItem {
    /// The type: `Container`, `Pod` or `PersistentVolumeClaim`.
    #[serde(rename = "type")]
    pub object_type: Field<String>,
    /// The limits of objects that state none.
    pub default: Quantities,
    /// The requests of objects that state none.
    pub default_request: Quantities,
    /// The highest limits.
    pub max: Quantities,
    /// The lowest requests.
    pub min: Quantities,
}

impl Object for LimitRange {}
impl Object for LimitRangeItem {}

impl LimitRange {
    /// Returns `true` if the range has a default or a maximum for the memory of containers.
    ///
    /// # Errors
    ///
    /// Returns an error if a member that decides this has a value of an unexpected type.
    pub fn limits_memory(&self) -> Result<bool, InvalidField> {
        let items = self.limits.items()?.iter();
        any_true(items.map(|item| {
            let Some(item) = container_item(item)? else {
                return Ok(false);
            };
            let quantities = [&item.default, &item.default_request, &item.max];
            any_true(quantities.map(|one| {
                let quantity = quantity(one, "memory")?;
                Ok(quantity.is_some_and(|quantity| !quantity.is_zero))
            }))
        }))
    }

    /// Returns the quantities of a resource that the range adds to containers that state none.
    fn added(&self, resource: &str, is_limit: bool) -> Result<Vec<Quantity>, InvalidField> {
        let mut added = Vec::new();
        for item in self.limits.items()? {
            let Some(item) = container_item(item)? else {
                continue;
            };
            let limit = first(&[&item.default, &item.max], resource)?;
            let quantity = if is_limit {
                limit
            } else {
                let request = quantity(&item.default_request, resource)?.or(limit);
                match request {
                    Some(request) => Some(request),
                    None => quantity(&item.min, resource)?,
                }
            };
            added.extend(quantity);
        }
        Ok(added)
    }
}

/// Returns `true` if limit ranges add a limit or a request of a resource to containers that state none. Kubernetes applies
/// several ranges in any order, so a range that adds zero prevents this.
///
/// # Errors
///
/// Returns an error if a member that decides this has a value of an unexpected type.
pub fn add_to_containers(
    ranges: &[LimitRange],
    resource: &str,
    is_limit: bool,
) -> Result<bool, InvalidField> {
    let mut added = Vec::new();
    for range in ranges {
        added.extend(range.added(resource, is_limit)?);
    }
    Ok(!added.is_empty() && added.iter().all(|quantity| !quantity.is_zero))
}

/// Returns the limits for containers; `None` if the item is for another type of object.
fn container_item(item: &Field<LimitRangeItem>) -> Result<Option<&LimitRangeItem>, InvalidField> {
    let Some(item) = item.read()? else {
        return Ok(None);
    };
    let object_type = item.object_type.read()?;
    let is_for_containers = object_type.is_some_and(|name| name == "Container");
    Ok(is_for_containers.then_some(item))
}

fn quantity(of: &Quantities, resource: &str) -> Result<Option<Quantity>, InvalidField> {
    let Some(quantity) = of.read()?.and_then(|quantities| quantities.get(resource)) else {
        return Ok(None);
    };
    Ok(quantity.read()?.copied())
}

fn first(of: &[&Quantities], resource: &str) -> Result<Option<Quantity>, InvalidField> {
    for one in of {
        if let Some(quantity) = quantity(one, resource)? {
            return Ok(Some(quantity));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn quota(spec: &Value) -> ResourceQuota {
        serde_json::from_value(spec.clone()).unwrap()
    }

    fn range(items: &Value) -> LimitRange {
        serde_json::from_value(json!({"limits": items})).unwrap()
    }

    #[test]
    fn a_quota_without_conditions_bounds_pods() {
        for (spec, expected) in [
            (json!({}), Ok(false)),
            (json!({"hard": null}), Ok(false)),
            (json!({"hard": {}}), Ok(false)),
            (json!({"hard": {"secrets": "10"}}), Ok(false)),
            (json!({"hard": {"requests.storage": "1Gi"}}), Ok(false)),
            (json!({"hard": {"pods": null}}), Ok(false)),
            (json!({"hard": {"pods": "0"}}), Ok(true)),
            (json!({"hard": {"memory": "8Gi"}}), Ok(true)),
            (
                json!({"hard": {"limits.memory": "8Gi"}, "scopes": null}),
                Ok(true),
            ),
            (
                json!({"hard": {"requests.cpu": 8}, "scopeSelector": {"matchExpressions": []}}),
                Ok(true),
            ),
            (
                json!({"hard": {"pods": "10"}, "scopes": ["BestEffort"]}),
                Ok(false),
            ),
            (
                json!({
                    "hard": {"pods": "10"},
                    "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass"}]},
                }),
                Ok(false),
            ),
            (json!({"hard": []}), Err(InvalidField)),
            (json!({"hard": {"pods": true}}), Err(InvalidField)),
            (json!({"hard": {"pods": true, "cpu": "1"}}), Ok(true)),
            (
                json!({"hard": {"pods": "1"}, "scopes": "x"}),
                Err(InvalidField),
            ),
            (json!({"hard": {"secrets": "1"}, "scopes": "x"}), Ok(false)),
        ] {
            assert_eq!(quota(&spec).bounds_pods(), expected, "{spec}");
        }
    }

    #[test]
    fn a_range_limits_the_memory_of_containers() {
        let item = |kind: &str, member: &str, quantity: &str| json!({"type": kind, member: {"memory": quantity}});
        for (items, expected) in [
            (json!(null), Ok(false)),
            (json!([]), Ok(false)),
            (json!([item("Container", "default", "1Gi")]), Ok(true)),
            (
                json!([item("Container", "defaultRequest", "1Gi")]),
                Ok(true),
            ),
            (json!([item("Container", "max", "1Gi")]), Ok(true)),
            (json!([item("Container", "min", "1Gi")]), Ok(false)),
            (json!([item("Container", "default", "0")]), Ok(false)),
            (json!([item("Pod", "max", "1Gi")]), Ok(false)),
            (
                json!([{"type": "Container", "default": {"cpu": "1"}}]),
                Ok(false),
            ),
            (
                json!([{"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}]),
                Ok(false),
            ),
            (json!([7]), Err(InvalidField)),
            (json!([7, item("Container", "max", "1Gi")]), Ok(true)),
            (json!({}), Err(InvalidField)),
        ] {
            assert_eq!(range(&items).limits_memory(), expected, "{items}");
        }
    }

    #[test]
    fn ranges_add_requests_and_limits_to_containers() {
        let of = |member: &str| json!([{"type": "Container", member: {"cpu": "1"}}]);
        let zero = json!([{"type": "Container", "default": {"cpu": "0"}}]);
        for (ranges, request, limit) in [
            (vec![], Ok(false), Ok(false)),
            (vec![of("default")], Ok(true), Ok(true)),
            (vec![of("max")], Ok(true), Ok(true)),
            (vec![of("defaultRequest")], Ok(true), Ok(false)),
            (vec![of("min")], Ok(true), Ok(false)),
            (
                vec![json!([{"type": "Pod", "max": {"cpu": "1"}}])],
                Ok(false),
                Ok(false),
            ),
            (vec![zero.clone()], Ok(false), Ok(false)),
            (vec![of("default"), zero], Ok(false), Ok(false)),
            (vec![json!(7)], Err(InvalidField), Err(InvalidField)),
        ] {
            let read: Vec<_> = ranges.iter().map(range).collect();
            assert_eq!(
                add_to_containers(&read, "cpu", false),
                request,
                "{ranges:?}"
            );
            assert_eq!(add_to_containers(&read, "cpu", true), limit, "{ranges:?}");
            assert_ne!(add_to_containers(&read, "memory", true), Ok(true));
        }
    }
}
