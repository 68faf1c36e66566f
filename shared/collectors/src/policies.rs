//! Resource-based policies, of which many resources have equal ones.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use eksentry_core::facts::AttachedPolicy;
use eksentry_core::policy::Service;
use eksentry_core::{Fact, ReasonCode, Unread};

/// The number of policies that are kept. More are parsed again, so that the memory for them is limited.
const KEPT: usize = 64;

/// The policies that an account attached to resources of a service. Resources with equal policies share one value.
#[derive(Debug)]
pub(crate) struct Policies {
    service: &'static Service,
    /// The policies that were read last.
    kept: Mutex<VecDeque<Arc<AttachedPolicy>>>,
}

impl Policies {
    pub(crate) fn of(service: &'static Service) -> Self {
        Self {
            service,
            kept: Mutex::default(),
        }
    }

    /// Reads the policy of a resource of the owner.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a policy document. Its text names the resource.
    pub(crate) fn read(
        &self,
        text: String,
        owner: &str,
        resource: &str,
    ) -> Fact<Arc<AttachedPolicy>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(policy) = kept.iter().find(|policy| policy.text() == text) {
            return Ok(Arc::clone(policy));
        }
        let parse = |text: &str| serde_json::from_str(text);
        let policy = AttachedPolicy::read(text, owner, self.service, parse);
        let policy = policy.map_err(|error| Unread {
            code: ReasonCode::PolicyNotUnderstood,
            text: format!("The policy of {resource} is not a valid policy document: {error}."),
        })?;
        let policy = Arc::new(policy);
        kept.truncate(KEPT - 1);
        kept.push_front(Arc::clone(&policy));
        Ok(policy)
    }
}

#[cfg(test)]
mod tests {
    use eksentry_core::policy::ECR;

    use super::*;

    fn read(policies: &Policies, text: &str) -> Fact<Arc<AttachedPolicy>> {
        policies.read(text.to_owned(), "111122223333", "repository a")
    }

    #[test]
    fn equal_policies_are_shared() {
        let policies = Policies::of(&ECR);
        let first = read(&policies, "{}").unwrap();
        let other = read(&policies, r#"{"Statement": []}"#).unwrap();
        assert!(Arc::ptr_eq(&first, &read(&policies, "{}").unwrap()));
        assert!(!Arc::ptr_eq(&first, &other));
    }

    #[test]
    fn only_the_last_policies_are_kept() {
        let policies = Policies::of(&ECR);
        let text = |number: usize| format!(r#"{{"Id": "{number}"}}"#);
        let first = read(&policies, &text(0)).unwrap();
        for number in 1..KEPT {
            read(&policies, &text(number)).unwrap();
        }
        assert!(Arc::ptr_eq(&first, &read(&policies, &text(0)).unwrap()));
        read(&policies, &text(KEPT)).unwrap();
        assert_eq!(Arc::strong_count(&first), 1);
        assert_eq!(policies.kept.lock().unwrap().len(), KEPT);
    }

    #[test]
    fn a_text_that_is_no_policy_is_not_understood() {
        let policies = Policies::of(&ECR);
        for text in ["everyone", "[]", "{"] {
            let unread = read(&policies, text).unwrap_err();
            assert_eq!(unread.code, ReasonCode::PolicyNotUnderstood);
            assert!(
                unread
                    .text
                    .starts_with("The policy of repository a is not a valid policy document: "),
                "{}",
                unread.text
            );
        }
        assert!(read(&policies, " ").is_ok());
    }
}
