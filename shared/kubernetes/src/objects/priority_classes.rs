//! Priority classes.

use eksentry_core::facts::kubernetes::PriorityClass;
use eksentry_core::field::Field;
use serde::Deserialize;

use super::lists::Item;
use super::metadata::Metadata;

/// A priority class, as the API server returns it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PriorityClassObject {
    metadata: Field<Metadata>,
    value: Field<i64>,
    global_default: Field<bool>,
    preemption_policy: Field<String>,
}

/// Returns what is kept of a priority class, with its name.
pub(super) fn priority_class(object: PriorityClassObject) -> Item<(String, PriorityClass)> {
    let Some(name) = object.metadata.value().and_then(Metadata::name) else {
        return Item::Unreadable;
    };
    let name = name.to_owned();
    let class = PriorityClass {
        value: object.value,
        global_default: object.global_default,
        preemption_policy: object.preemption_policy,
    };
    Item::Kept((name, class))
}
