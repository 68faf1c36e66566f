//! Resource-based policies.

use std::sync::OnceLock;

use crate::policy::{Grants, ResourcePolicy, Scope, Service, grants, grants_despite};

/// A resource-based policy, with the text that its service returned.
///
/// Many resources have equal policies and share one value, so that its grants are determined only once.
#[derive(Debug)]
pub struct AttachedPolicy {
    text: String,
    document: ResourcePolicy,
    owner: String,
    service: &'static Service,
    grants: OnceLock<Grants>,
}

impl AttachedPolicy {
    /// Creates a policy of this text, which an account attached to a resource of a service. `parse` parses JSON.
    ///
    /// # Errors
    ///
    /// Returns the error of `parse` if the text is not a JSON object.
    pub fn read<E>(
        text: String,
        owner: &str,
        service: &'static Service,
        parse: impl FnOnce(&str) -> Result<ResourcePolicy, E>,
    ) -> Result<Self, E> {
        Ok(Self {
            document: ResourcePolicy::from_text(&text, parse)?,
            text,
            owner: owner.to_owned(),
            service,
            grants: OnceLock::new(),
        })
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns `true` if it matters for the policy which organization the owner belongs to.
    pub fn names_organizations(&self) -> bool {
        self.document.names_organizations()
    }

    /// Returns the grants on the resource that has the policy.
    pub fn grants(&self) -> &Grants {
        let attached = || grants(&self.document, &self.owner, self.service, Scope::Attached);
        self.grants.get_or_init(attached)
    }

    /// Returns the grants on the resources in scope, which remain after the denials of another policy. The other policy
    /// also applies to the resources, and its statements name them in the other scope.
    pub fn grants_in(&self, scope: Scope<'_>, other: Option<(&Self, Scope<'_>)>) -> Grants {
        let other = other.map(|(other, scope)| (&other.document, scope));
        let others = other.as_slice();
        grants_despite(others, &self.document, &self.owner, self.service, scope)
    }

    /// Returns `true` if the policy may limit the grants of other policies.
    pub fn denies(&self) -> bool {
        self.document.denies()
    }
}

/// Policies are equal if their texts, owners and services are.
impl PartialEq for AttachedPolicy {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
            && self.owner == other.owner
            && std::ptr::eq(self.service, other.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{ECR, KMS, Reach};

    fn read(text: &str, owner: &str, service: &'static Service) -> AttachedPolicy {
        AttachedPolicy::read(text.to_owned(), owner, service, |text| {
            serde_json::from_str(text)
        })
        .unwrap()
    }

    #[test]
    fn the_owner_and_the_service_determine_the_grants() {
        let text = r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "ecr:*"}}"#;
        for (owner, service, reach) in [
            ("111122223333", &ECR, Reach::OwnAccount),
            ("444455556666", &ECR, Reach::Named),
            ("444455556666", &KMS, Reach::Nobody),
        ] {
            let policy = read(text, owner, service);
            assert_eq!(policy.grants().granted(|_| true).reach, reach);
            let everywhere = policy.grants_in(Scope::Named("*"), None);
            assert_eq!(everywhere.granted(|_| true).reach, reach);
        }
    }

    #[test]
    fn a_policy_tells_of_its_denials_and_organizations() {
        let condition = r#", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}"#;
        for (effect, condition, denies, names_organizations) in [
            ("Allow", "", false, false),
            ("Allow", condition, false, true),
            ("Deny", "", true, false),
            ("Deny", condition, true, true),
        ] {
            let text = format!(
                r#"{{"Statement": {{"Effect": "{effect}", "Principal": "*", "Action": "ecr:*"{condition}}}}}"#
            );
            let policy = read(&text, "111122223333", &ECR);
            assert_eq!(policy.denies(), denies, "{text}");
            assert_eq!(policy.names_organizations(), names_organizations, "{text}");
        }
    }

    #[test]
    fn equal_policies_have_equal_texts_owners_and_services() {
        let policy = || read("{}", "111122223333", &ECR);
        assert_eq!(policy(), policy());
        let evaluated = policy();
        evaluated.grants();
        assert_eq!(evaluated, policy());
        for other in [
            read("", "111122223333", &ECR),
            read("{}", "444455556666", &ECR),
            read("{}", "111122223333", &KMS),
        ] {
            assert_ne!(policy(), other);
        }
    }
}
