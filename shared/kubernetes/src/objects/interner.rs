//! Values that many objects have in common.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

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
