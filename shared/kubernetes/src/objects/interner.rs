//! Values that many objects have in common.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use eksentry_core::facts::kubernetes::PodSpec;
use eksentry_core::field::Field;

/// A collection that keeps equal values once.
#[derive(Debug)]
pub(super) struct Interner<T> {
    indexes: HashMap<Arc<T>, usize>,
    values: Vec<Arc<T>>,
}

impl<T: Eq + Hash> Interner<T> {
    /// Returns the index of a value, which is added if there is no equal one yet.
    pub(super) fn intern(&mut self, value: T) -> usize {
        if let Some(index) = self.indexes.get(&value) {
            return *index;
        }
        let index = self.values.len();
        let value = Arc::new(value);
        self.values.push(Arc::clone(&value));
        self.indexes.insert(value, index);
        index
    }

    /// Returns the values, each at its index.
    pub(super) fn into_values(self) -> Vec<Arc<T>> {
        self.values
    }
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self {
            indexes: HashMap::new(),
            values: Vec::new(),
        }
    }
}

/// The settings of pods.
pub(super) type PodSpecs = Interner<PodSpec>;

impl PodSpecs {
    /// Returns the index of the settings of a pod, without what differs between the pods of a workload. If they can't be
    /// read, neither can any of their members.
    pub(super) fn intern_reduced(&mut self, spec: Field<PodSpec>) -> usize {
        self.intern(match spec {
            Field::Absent => PodSpec::default(),
            Field::Value(spec) => spec.reduced(),
            Field::Invalid => PodSpec::unreadable(),
        })
    }
}
