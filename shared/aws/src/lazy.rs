//! Clients that are created at their first use.

use std::ops::Deref;
use std::sync::{Arc, LazyLock};

/// A client that is created at its first use, since most invocations call few of the services that a function may call.
/// Clones share it. [`client!`](crate::client) creates these clients.
#[derive(Debug, Clone)]
pub struct Lazy<C>(Arc<LazyLock<C, Box<dyn FnOnce() -> C + Send>>>);

impl<C> Lazy<C> {
    /// Returns a client that `create` creates at its first use.
    pub fn new(create: impl FnOnce() -> C + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(create))))
    }
}

impl<C> Deref for Lazy<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_client_is_created_once_at_its_first_use() {
        let created = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&created);
        let client = Lazy::new(move || count.fetch_add(1, Ordering::Relaxed) + 1);
        let clone = client.clone();
        assert_eq!(created.load(Ordering::Relaxed), 0);
        assert_eq!((*clone, *client, *clone), (1, 1, 1));
        assert_eq!(created.load(Ordering::Relaxed), 1);
    }
}
