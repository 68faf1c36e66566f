//! Builds findings and policies from arbitrary bytes, and asserts that every service would accept the reports.
//!
//! The same bytes make the same finding or policy. The property tests, the fuzzer and the replay of inputs that failed
//! in the past all call [`findings`] and [`policy`].

mod facts;
mod reports;
mod texts;

use arbitrary::{Result, Unstructured};
use eksentry_core::policy::{ECR, KMS, PolicyDocument, ResourcePolicy, Scope, Trust, grants};
use eksentry_core::{Finding, Observation, Resource, State, Verdict, checks::CHECKS};
use percent_encoding::percent_decode;

pub use self::{
    reports::assert_reportable,
    texts::{PIECES, text},
};

/// Builds an observation from these bytes, evaluates every check on it, and checks the reports against the models and
/// the documented limits.
///
/// # Panics
///
/// If a service would not accept a report, or if a report is about a resource of another account.
pub fn findings(data: &[u8]) {
    // Too few bytes make a smaller finding, not an error.
    let _ = try_findings(&mut Unstructured::new(data));
}

/// Parses these bytes as a policy document, percent-encoded as IAM returns it. Evaluates it as the policy of a role, of
/// a registry and of a key.
pub fn policy(data: &[u8]) {
    let text = percent_decode(data).decode_utf8_lossy();
    if let Ok(policy) = serde_json::from_str::<PolicyDocument>(&text) {
        let _ = (policy.allows_everything(), policy.trusted_principals());
    }
    let read = ResourcePolicy::from_text(&text, |text| serde_json::from_str(text));
    let Ok(policy) = read else {
        return;
    };
    let repositories = "arn:aws:ecr:eu-central-1:111122223333:repository/*";
    for (service, scope) in [(&ECR, Scope::Named(repositories)), (&KMS, Scope::Attached)] {
        let grants = grants(&policy, "111122223333", service, scope);
        for grant in grants.granted(|_| true).grants {
            let _ = Trust::default().outsiders(&grant.audience);
        }
    }
}

fn try_findings(bytes: &mut Unstructured<'_>) -> Result<()> {
    let (resource, present) = facts::resource_and_facts(bytes)?;
    let observation = Observation {
        resource,
        observed_at: facts::moment(bytes)?,
        state: match bytes.int_in_range(0..=9)? {
            8 => State::Unread(facts::unread(bytes)?),
            9 => State::Gone,
            _ => State::Present(present),
        },
    };
    let docs = facts::docs(bytes)?;
    let tags = facts::tags(bytes)?;
    for check in CHECKS {
        let settings = facts::settings(check, bytes)?;
        let mute = facts::mute(bytes)?;
        let not = |_: &Resource, verdict: Verdict| verdict;
        let muted = |_: &Resource, verdict: Verdict| match &mute {
            Some(mute) => verdict.muted(mute.reason(), mute.until()),
            None => verdict,
        };
        for apply in [&not as &dyn Fn(&Resource, Verdict) -> Verdict, &muted] {
            for finding in Finding::all(check, &observation, &settings, docs, apply) {
                assert_reportable(&finding, &tags);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
