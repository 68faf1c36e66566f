//! The service accounts of a Kubernetes cluster that a trust policy lets assume a role.
//!
//! A pod assumes the role with a token of its cluster's OIDC issuer, whose `sub` is
//! `system:serviceaccount:<namespace>:<name>`. Only a condition on `<issuer>:sub` distinguishes one pod from another.
//! Source: <https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html>.

use wildmatch::WildMatch;

use super::condition::{Comparison, Condition};
use super::document::{Effect, Element, NotUnderstood, PolicyDocument, Principal, Statement};
use super::pattern::{has_variable, has_wildcard};

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// The part of a provider's ARN before the issuer.
const PROVIDER: &str = ":oidc-provider/";

/// The part of a subject before the namespace.
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// The service accounts that may assume a role, from the narrowest to the widest set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceAccounts {
    /// Service accounts whose namespace and name are listed.
    Listed,
    /// All service accounts of a namespace, or those whose name matches a pattern.
    OfNamespace,
    /// Service accounts in every namespace that matches a pattern.
    OfNamespaces,
    /// Every service account of the cluster.
    All,
}

impl PolicyDocument {
    /// Returns the service accounts of an issuer that may assume a role with this trust policy, and the first condition
    /// that is not understood, whose statement may allow others. Both are `None` if the policy does not trust the
    /// issuer. The issuer is written without `https://`. The widest statement counts.
    pub fn service_accounts_of(
        &self,
        issuer: &str,
    ) -> (Option<ServiceAccounts>, Option<&NotUnderstood>) {
        let trusting = |statement: &&Statement| {
            statement.covers(ACTION) && trusts(&statement.principal, issuer)
        };
        let limit = self.statements().iter().filter(trusting);
        let limit = limit.filter_map(|statement| limit_of_denial(statement, issuer));
        let limit = limit.min().unwrap_or(ServiceAccounts::All);

        let mut widest = None;
        let mut not_understood = None;
        for statement in self.allowing().filter(trusting) {
            match &statement.conditions {
                Ok(conditions) => {
                    let allowed = allowed_by(conditions, issuer).min(limit);
                    widest = widest.max(Some(allowed));
                }
                Err(problem) => not_understood = not_understood.or(Some(problem)),
            }
        }
        (widest, not_understood)
    }

    /// Returns the issuers of the web identity providers that the policy names as principals, without `https://`.
    pub fn web_identity_issuers(&self) -> impl Iterator<Item = &str> {
        self.allowing()
            .filter(|statement| statement.covers(ACTION))
            .flat_map(|statement| providers(&statement.principal))
            .filter_map(|provider| issuer_of(provider))
    }

    /// Returns `true` if the policy lets every web identity provider assume the role.
    pub fn trusts_every_web_identity(&self) -> bool {
        self.allowing()
            .any(|statement| statement.covers(ACTION) && is_everyone(&statement.principal))
    }
}

fn providers(principal: &Element<Principal>) -> impl Iterator<Item = &str> {
    let kinds = match principal {
        Element::Only(Principal::Kinds(kinds)) => kinds.as_slice(),
        _ => &[],
    };
    kinds
        .iter()
        .filter(|(kind, _)| kind == "Federated")
        .flat_map(|(_, names)| names.iter().map(String::as_str))
}

fn issuer_of(provider: &str) -> Option<&str> {
    let (_, issuer) = provider.split_once(PROVIDER)?;
    Some(issuer)
}

/// Returns `true` if the element may name every provider: `*`, `NotPrincipal`, or no element at all.
fn is_everyone(principal: &Element<Principal>) -> bool {
    match principal {
        Element::Only(Principal::Text(_)) | Element::AllBut(_) | Element::Absent => true,
        Element::Only(Principal::Kinds(_)) => providers(principal).any(|name| name == "*"),
    }
}

fn trusts(principal: &Element<Principal>, issuer: &str) -> bool {
    is_everyone(principal)
        || providers(principal)
            .filter_map(issuer_of)
            .any(|named| named.eq_ignore_ascii_case(issuer))
}

/// Returns the service accounts that meet all conditions of a statement.
fn allowed_by(conditions: &[Condition], issuer: &str) -> ServiceAccounts {
    conditions
        .iter()
        .filter(|condition| is_on_subject(condition, issuer))
        .filter_map(|condition| {
            use Comparison::{StringEquals, StringEqualsIgnoreCase, StringLike};
            match condition.operator.comparison {
                StringEquals | StringEqualsIgnoreCase => Some(widest(condition, exact)),
                StringLike => Some(widest(condition, like)),
                _ => None,
            }
        })
        .min()
        .unwrap_or(ServiceAccounts::All)
}

/// Returns the service accounts that a statement does not deny: those that its only condition lists with a negated
/// comparison. Denials with other conditions are not evaluated.
fn limit_of_denial(statement: &Statement, issuer: &str) -> Option<ServiceAccounts> {
    use Comparison::{StringNotEquals, StringNotEqualsIgnoreCase, StringNotLike};
    if statement.effect != Effect::Deny {
        return None;
    }
    let [condition] = statement.conditions.as_ref().ok()?.as_slice() else {
        return None;
    };
    if !is_on_subject(condition, issuer) {
        return None;
    }
    match condition.operator.comparison {
        StringNotEquals | StringNotEqualsIgnoreCase => Some(widest(condition, exact)),
        StringNotLike => Some(widest(condition, like)),
        _ => None,
    }
}

fn is_on_subject(condition: &Condition, issuer: &str) -> bool {
    let key = condition.key.as_str();
    key.len() == issuer.len() + ":sub".len()
        && key
            .split_at_checked(issuer.len())
            .is_some_and(|(of, claim)| {
                of.eq_ignore_ascii_case(issuer) && claim.eq_ignore_ascii_case(":sub")
            })
}

fn widest(condition: &Condition, read: fn(&str) -> ServiceAccounts) -> ServiceAccounts {
    let values = condition.values.iter().map(|value| read(value));
    values.max().unwrap_or(ServiceAccounts::Listed)
}

/// Reads a value that is compared letter by letter. Only the value of a policy variable is not known.
fn exact(value: &str) -> ServiceAccounts {
    if has_variable(value) {
        like(value)
    } else {
        ServiceAccounts::Listed
    }
}

fn like(pattern: &str) -> ServiceAccounts {
    let pattern = without_variables(pattern);
    if !has_wildcard(&pattern) {
        return ServiceAccounts::Listed;
    }
    let matcher = WildMatch::new(&pattern);
    // Two subjects of different lengths that have no letter in common.
    let samples = ["zz:zz", "qqq:qqqq"].map(|account| format!("{SERVICE_ACCOUNT}{account}"));
    if samples.iter().all(|sample| matcher.matches(sample)) {
        return ServiceAccounts::All;
    }
    let namespace = pattern
        .strip_prefix(SERVICE_ACCOUNT)
        .and_then(|rest| rest.split_once(':'))
        .map(|(namespace, _)| namespace);
    match namespace {
        Some(namespace) if !has_wildcard(namespace) => ServiceAccounts::OfNamespace,
        // A wildcard before the last part may match any namespace.
        _ => ServiceAccounts::OfNamespaces,
    }
}

/// Replaces policy variables by `*`, since their values are not known.
fn without_variables(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        text.push('*');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "oidc.eks.eu-central-1.amazonaws.com/id/AB12";

    fn document(statements: &str) -> PolicyDocument {
        let text = statements.replace("ISSUER", ISSUER).replace(
            "PROVIDER",
            &format!(r#"{{"Federated": "arn:aws:iam::111122223333:oidc-provider/{ISSUER}"}}"#),
        );
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{text}]}}"#);
        serde_json::from_str(&text).unwrap()
    }

    fn allow(condition: &str) -> String {
        format!(
            r#"{{"Effect": "Allow", "Principal": PROVIDER, "Action": "{ACTION}", "Condition": {condition}}}"#
        )
    }

    fn of(statements: &str) -> Option<ServiceAccounts> {
        let policy = document(statements);
        let (accounts, not_understood) = policy.service_accounts_of(ISSUER);
        assert_eq!(not_understood, None, "{statements}");
        accounts
    }

    #[test]
    fn a_condition_on_the_subject_limits_the_service_accounts() {
        use ServiceAccounts::{All, Listed, OfNamespace, OfNamespaces};
        for (condition, expected) in [
            (
                r#"{"StringEquals": {"ISSUER:sub": "system:serviceaccount:pay:api"}}"#,
                Listed,
            ),
            (
                r#"{"StringEquals": {"issuer:SUB": "system:serviceaccount:pay:api"}}"#,
                All,
            ),
            (
                r#"{"StringEqualsIgnoreCase": {"ISSUER:SUB": "system:serviceaccount:pay:api"}}"#,
                Listed,
            ),
            (
                r#"{"StringEquals": {"ISSUER:aud": "sts.amazonaws.com"}}"#,
                All,
            ),
            (
                r#"{"StringEquals": {"oidc.example.com:sub": "system:serviceaccount:pay:api"}}"#,
                All,
            ),
            (
                r#"{"StringEquals": {"ISSUER9:sub": "system:serviceaccount:pay:api"}}"#,
                All,
            ),
            (
                r#"{"StringNotEquals": {"ISSUER:sub": "system:serviceaccount:pay:api"}}"#,
                All,
            ),
            (
                r#"{"StringEquals": {"ISSUER:sub": "system:serviceaccount:pay:*"}}"#,
                Listed,
            ),
            (
                r#"{"StringLike": {"ISSUER:sub": "system:serviceaccount:pay:api"}}"#,
                Listed,
            ),
            (
                r#"{"StringLike": {"ISSUER:sub": "system:serviceaccount:pay:*"}}"#,
                OfNamespace,
            ),
            (
                r#"{"StringLike": {"ISSUER:sub": "system:serviceaccount:pay:api-?"}}"#,
                OfNamespace,
            ),
            (
                r#"{"StringLike": {"ISSUER:sub": "system:serviceaccount:*:api"}}"#,
                OfNamespaces,
            ),
            (
                r#"{"StringLike": {"ISSUER:sub": "system:serviceaccount:team-*:api"}}"#,
                OfNamespaces,
            ),
            (
                r#"{"StringLike": {"ISSUER:sub": "system:serviceaccount:team-*"}}"#,
                OfNamespaces,
            ),
            (r#"{"StringLike": {"ISSUER:sub": "*:api"}}"#, OfNamespaces),
            (
                r#"{"StringLike": {"ISSUER:sub": "system:serviceaccount:*:*"}}"#,
                All,
            ),
            (
                r#"{"StringLike": {"ISSUER:sub": "system:serviceaccount:*"}}"#,
                All,
            ),
            (r#"{"StringLike": {"ISSUER:sub": "*"}}"#, All),
            (
                r#"{"ForAnyValue:StringLike": {"ISSUER:sub": "system:serviceaccount:pay:*"}}"#,
                OfNamespace,
            ),
            (
                r#"{"ForAllValues:StringEqualsIfExists": {"ISSUER:sub": "system:serviceaccount:pay:api"}}"#,
                Listed,
            ),
            (
                r#"{"StringLike": {"ISSUER:sub": ["system:serviceaccount:pay:api", "system:serviceaccount:*:b"]}}"#,
                OfNamespaces,
            ),
            (
                r#"{"StringLike": {"ISSUER:sub": "*"}, "StringEquals": {"ISSUER:sub": "system:serviceaccount:pay:api"}}"#,
                Listed,
            ),
            (
                r#"{"StringEquals": {"ISSUER:sub": "system:serviceaccount:pay:${aws:PrincipalTag/app}"}}"#,
                OfNamespace,
            ),
            ("{}", All),
        ] {
            assert_eq!(of(&allow(condition)), Some(expected), "{condition}");
        }
    }

    #[test]
    fn the_widest_statement_counts() {
        let exact = allow(r#"{"StringEquals": {"ISSUER:sub": "system:serviceaccount:pay:api"}}"#);
        let open = r#"{"Effect": "Allow", "Principal": PROVIDER, "Action": "sts:*"}"#;
        assert_eq!(of(&exact), Some(ServiceAccounts::Listed));
        assert_eq!(of(&format!("{exact}, {open}")), Some(ServiceAccounts::All));
        assert_eq!(of(&format!("{open}, {exact}")), Some(ServiceAccounts::All));
    }

    #[test]
    fn only_statements_that_trust_the_issuer_count() {
        for (statement, expected) in [
            (
                r#"{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}"#,
                None,
            ),
            (
                r#"{"Effect": "Allow", "Principal": PROVIDER, "Action": "sts:TagSession"}"#,
                None,
            ),
            (
                r#"{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/ISSUER3"}, "Action": "sts:AssumeRoleWithWebIdentity"}"#,
                None,
            ),
            (
                r#"{"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}"#,
                None,
            ),
            (
                r#"{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity"}"#,
                Some(ServiceAccounts::All),
            ),
            (
                r#"{"Effect": "Allow", "Principal": {"Federated": "*"}, "Action": "*"}"#,
                Some(ServiceAccounts::All),
            ),
        ] {
            assert_eq!(of(statement), expected, "{statement}");
        }
    }

    #[test]
    fn a_denial_of_all_others_limits_the_service_accounts() {
        let open = r#"{"Effect": "Allow", "Principal": PROVIDER, "Action": "sts:AssumeRoleWithWebIdentity"}"#;
        for (condition, expected) in [
            (
                r#"{"StringNotEquals": {"ISSUER:sub": "system:serviceaccount:pay:api"}}"#,
                ServiceAccounts::Listed,
            ),
            (
                r#"{"StringNotLike": {"ISSUER:sub": "system:serviceaccount:pay:*"}}"#,
                ServiceAccounts::OfNamespace,
            ),
            (
                r#"{"StringEquals": {"ISSUER:sub": "system:serviceaccount:pay:api"}}"#,
                ServiceAccounts::All,
            ),
            (
                r#"{"StringNotEquals": {"ISSUER:sub": "a", "ISSUER:aud": "b"}}"#,
                ServiceAccounts::All,
            ),
        ] {
            let deny = allow(condition).replace("Allow", "Deny");
            assert_eq!(
                of(&format!("{open}, {deny}")),
                Some(expected),
                "{condition}"
            );
        }
    }

    #[test]
    fn a_condition_that_is_not_understood_hides_no_other_statement() {
        use ServiceAccounts::{All, Listed, OfNamespace};
        let unknown = allow(r#"{"StringSounds": {"ISSUER:sub": "a"}}"#);
        let like = |pattern: &str| {
            let condition = format!(r#"{{"StringLike": {{"ISSUER:sub": "{pattern}"}}}}"#);
            format!("{unknown}, {}", allow(&condition))
        };
        for (statements, expected) in [
            (unknown.clone(), None),
            (like("system:serviceaccount:pay:api"), Some(Listed)),
            (like("system:serviceaccount:pay:*"), Some(OfNamespace)),
            (like("*"), Some(All)),
        ] {
            let policy = document(&statements);
            let (accounts, not_understood) = policy.service_accounts_of(ISSUER);
            assert_eq!(accounts, expected, "{statements}");
            assert!(not_understood.is_some(), "{statements}");
        }
    }

    #[test]
    fn the_issuers_of_a_policy_are_those_of_its_providers() {
        let policy = document(&allow("{}"));
        assert_eq!(policy.web_identity_issuers().collect::<Vec<_>>(), [ISSUER]);
        assert!(!policy.trusts_every_web_identity());
        let open = document(r#"{"Effect": "Allow", "Principal": "*", "Action": "sts:*"}"#);
        assert!(open.trusts_every_web_identity());
    }
}
