//! The definition of a check.

use std::fmt;

use crate::details::Details;
use crate::exceptions::{self, EXCEPTIONS};
use crate::facts::kubernetes::ObjectName;
use crate::facts::{Facts, FactsOf, Unread};
use crate::kind::{ResourceKind, Topic};
use crate::need::{Need, Needs};
use crate::observation::{Observation, State};
use crate::parameters::{AnyParameter, Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::resource::Resource;
use crate::roll_up::{MOST_FINDINGS, RolledUp, Sending, Subject, Unit};
use crate::severity::Severity;
use crate::standards::{self, Control};
use crate::verdict::Verdict;

/// A check of one kind of resource: its metadata and one pure function.
#[derive(Debug)]
pub struct Check {
    /// The id in kebab-case, which is also the name of the check's file and of its page in the docs. An id is
    /// permanent: it is never renamed and never reused.
    pub id: &'static str,
    /// `true` if the check runs unless it is disabled. Otherwise it runs only where it is enabled or named.
    pub enabled: bool,
    /// The title, which is one sentence: "EKS clusters should …". It has at most 256 characters.
    pub title: &'static str,
    /// The requirement, in a sentence that findings repeat.
    pub requirement: &'static str,
    /// The severities that a failure can have, the worst first, each with its reason as a clause that follows "since".
    pub severities: &'static [(Severity, &'static str)],
    /// The steps that correct a failure.
    pub remediation: Remediation,
    /// The check's parameters.
    pub parameters: &'static [&'static dyn AnyParameter],
    /// The facts that the check needs in addition to those that describing the resource returns.
    pub needs: &'static [Need],
    /// The function that evaluates the facts, `&Evaluate(evaluate)`.
    pub evaluate: &'static dyn Evaluator,
}

/// The steps that correct a failure.
#[derive(Debug)]
pub struct Remediation {
    /// The steps, in one or two sentences.
    pub text: &'static str,
    /// The command for the steps: one of the AWS CLI, or of kubectl for an object in a cluster. `{name}` stands for the
    /// name of the resource (for an image, its digest), `{repository}` for the repository of an image, `{region}`
    /// for the Region, and `{namespace}` for the namespace of an object. People fill in the placeholders in `<…>`.
    pub command: &'static str,
    /// The page of the AWS documentation, or of the Kubernetes documentation, about the steps.
    pub url: &'static str,
}

impl Remediation {
    /// Returns the command for one resource.
    pub fn command_for(&self, resource: &Resource) -> String {
        let parent = resource.parent();
        let namespace = ObjectName::namespace_of(resource).unwrap_or("<namespace>");
        self.command
            .replace("{namespace}", namespace)
            .replace("{repository}", parent.as_ref().unwrap_or(resource).name())
            .replace("{name}", resource.name_in_parent())
            .replace("{region}", resource.region())
    }
}

/// The evaluation of one kind of resource: a pure function of the facts, any of which may be unread, and of the check's
/// settings. It is never called for a resource to which no check applies.
pub struct Evaluate<F>(pub fn(&F, &ParameterValues) -> Verdict);

/// An evaluator of facts whose kind is known only at run time.
pub trait Evaluator: fmt::Debug + Sync {
    /// Returns the kind of resource that is evaluated.
    fn kind(&self) -> &'static ResourceKind;

    /// Evaluates the facts about a resource. Returns `None` if they are of another kind.
    fn evaluate(
        &self,
        resource: &Resource,
        facts: &dyn Facts,
        settings: &ParameterValues,
    ) -> Option<Evaluated>;

    /// Returns the result for a resource that could not be described.
    fn evaluate_unread(&self, unread: &Unread) -> Evaluated {
        Evaluated::Resource(Verdict::not_available(unread))
    }

    /// Returns the unit of the check's findings.
    fn unit(&self) -> Unit {
        Unit::Resource
    }
}

/// The result of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub enum Evaluated {
    /// The decision about the resource.
    Resource(Verdict),
    /// The decisions about the objects in the resource, for each of the subjects that they belong to.
    Objects(Vec<Subject>),
}

impl<F: FactsOf> Evaluator for Evaluate<F> {
    fn kind(&self) -> &'static ResourceKind {
        F::KIND
    }

    fn evaluate(
        &self,
        _: &Resource,
        facts: &dyn Facts,
        settings: &ParameterValues,
    ) -> Option<Evaluated> {
        Some(Evaluated::Resource(self.0(facts.of()?, settings)))
    }
}

impl<F: FactsOf> fmt::Debug for Evaluate<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Evaluate({:?})", F::KIND)
    }
}

/// The parameter that decides about reading pods. The check that reports which clusters can be read has it, and it
/// applies to all checks of the contents of clusters.
pub(crate) static READ_PODS: Parameter<bool> = Parameter {
    name: "readPods",
    description: "If false, pods are not read, which suits very large clusters: workloads are evaluated by their \
                  templates, and only failures count that a template asks for.",
    default: true,
};

/// Returns everything that the checks need with these settings.
pub fn needs_of<'a>(checks: impl IntoIterator<Item = (&'a Check, &'a ParameterValues)>) -> Needs {
    let mut needs = Needs::empty();
    for (check, settings) in checks {
        let mut of_check: Needs = check.needs.iter().copied().collect();
        if !settings.get(&READ_PODS) && of_check.remove(Need::Workloads) {
            of_check.insert(Need::WorkloadTemplates);
        }
        needs.insert_all(of_check);
        let mut parameters = check.parameters.iter();
        if parameters.any(|parameter| parameter.names_aliases(settings)) {
            needs.insert(Need::KeyAliases);
        }
    }
    needs
}

impl Check {
    /// Returns the kind of resource that the check evaluates.
    pub fn kind(&self) -> &'static ResourceKind {
        self.evaluate.kind()
    }

    /// Returns the unit of the check's findings.
    pub fn unit(&self) -> Unit {
        self.evaluate.unit()
    }

    /// Returns the branch of ASFF's types taxonomy for the check's findings.
    pub fn topic(&self) -> Topic {
        if self.needs.contains(&Need::ImageScan) {
            Topic::Vulnerabilities
        } else {
            Topic::Configuration
        }
    }

    /// Returns the reason why a failure has this severity, or `None` if a failure of the check never has it.
    pub fn reason_for(&self, severity: Severity) -> Option<&'static str> {
        let mut severities = self.severities.iter();
        let (_, reason) = severities.find(|(possible, _)| *possible == severity)?;
        Some(reason)
    }

    /// Returns the controls of standards to which the check is mapped; at most 32.
    pub fn controls(&self) -> impl Iterator<Item = Control> + use<> {
        standards::controls(self.id)
    }

    /// Returns the address of a page about the check. `docs` is the address at which the checks' pages are published.
    /// Without it, the page is one of the AWS documentation.
    pub fn link(&self, docs: Option<&str>) -> String {
        match docs {
            Some(docs) => format!("{}/{}.md", docs.trim_end_matches('/'), self.id),
            None => self.remediation.url.to_owned(),
        }
    }

    /// Evaluates an observation, and returns the verdicts from which findings are created; exactly one, which is about
    /// the resource itself, unless the check's [`Unit`] is another. If the resource could not be read, the verdict is
    /// not available. If the resource does not exist, is of another kind or is one to which no check applies, the
    /// verdict is not applicable.
    ///
    /// A check of the objects in clusters returns no verdict on a cluster that could not be read, since another check
    /// reports that. `mute` applies the mutes for a resource to a verdict.
    pub fn verdicts(
        &self,
        observation: &Observation,
        settings: &ParameterValues,
        mute: &dyn Fn(&Resource, Verdict) -> Verdict,
    ) -> Vec<RolledUp> {
        let resource = &observation.resource;
        let about_resource = |verdict| RolledUp {
            resource: resource.clone(),
            details: Details::default(),
            verdict: mute(resource, verdict),
            sending: Sending::Always,
        };
        let evaluated = match self.evaluate(observation, settings) {
            Evaluated::Resource(verdict) => return vec![about_resource(verdict)],
            Evaluated::Objects(subjects) => subjects,
        };
        let most = settings.get(&MOST_FINDINGS);
        let exceptions = settings.get(&EXCEPTIONS);
        let rolled_up = evaluated.into_iter().flat_map(|mut subject| {
            exceptions::apply(self.id, &exceptions, &mut subject.verdicts.objects);
            for object in &mut subject.verdicts.objects {
                if let Unit::Object(_) = self.unit() {
                    object.introduce();
                }
                let verdict = object.verdict.clone();
                object.verdict = mute(&object.resource, verdict);
            }
            let rolled_up = self.unit().roll_up(subject, most);
            rolled_up.into_iter().map(|one| RolledUp {
                verdict: mute(&one.resource, one.verdict),
                ..one
            })
        });
        rolled_up.collect()
    }

    fn evaluate(&self, observation: &Observation, settings: &ParameterValues) -> Evaluated {
        let resource = &observation.resource;
        let facts = match &observation.state {
            State::Gone => {
                let text = format!("The {resource} does not exist.");
                let gone = Verdict::not_applicable(ReasonCode::ResourceGone, text);
                return Evaluated::Resource(gone);
            }
            State::Unread(unread) => return self.evaluate.evaluate_unread(unread),
            State::Present(facts) => facts,
        };
        if let Some(reason) = facts.inapplicable() {
            let verdict = Verdict::not_applicable(ReasonCode::ResourceNotApplicable, reason);
            return Evaluated::Resource(verdict);
        }
        let evaluated = self.evaluate.evaluate(resource, facts.as_ref(), settings);
        evaluated.unwrap_or_else(|| {
            let noun = resource.kind().noun;
            let text = format!("The check does not apply to this kind of resource ({noun}).");
            let verdict = Verdict::not_applicable(ReasonCode::ResourceOfOtherKind, text);
            Evaluated::Resource(verdict)
        })
    }

    /// Returns the values of the check's parameters, by name, without the parameters that have no value.
    pub fn effective_parameters(
        &self,
        settings: &ParameterValues,
    ) -> Vec<(&'static str, Vec<String>)> {
        let parameters = self
            .parameters
            .iter()
            .map(|parameter| (parameter.name(), parameter.texts(settings)));
        parameters.filter(|(_, texts)| !texts.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::checks::samples::{
        account, cluster, file_system, image, key, kubernetes_cluster, repository, settings, unread,
    };
    use crate::checks::{CHECKS, find, readability};
    use crate::facts::image::Content;
    use crate::facts::{EcrImage, EksCluster};
    use crate::verdict::Outcome;

    const CLUSTER: &str = "arn:aws:eks:eu-central-1:111122223333:cluster/payments";
    const REPOSITORY: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api";
    const IMAGE: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0a1b";
    const ACCOUNT: &str = "AWS::::Account:111122223333/eu-central-1";
    const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
    const FILE_SYSTEM: &str =
        "arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/fs-0123456789abcdef0";

    fn resource(arn: &str) -> Resource {
        Resource::parse(arn).unwrap()
    }

    fn verdict(check: &str, arn: &str, state: State) -> Verdict {
        let observation = Observation {
            resource: resource(arn),
            observed_at: "2026-03-01T10:20:30Z".parse().unwrap(),
            state,
        };
        let verdicts = find(check).unwrap().verdicts(
            &observation,
            &ParameterValues::default(),
            &|_, verdict| verdict,
        );
        verdicts.into_iter().next().unwrap().verdict
    }

    #[test]
    fn an_evaluator_is_shown_with_its_kind() {
        let check = find("kms-cmk-rotation").unwrap();
        let text = format!("{:?}", check.evaluate);
        assert_eq!(text, format!("Evaluate({:?})", check.kind()));
    }

    #[test]
    fn each_check_evaluates_only_its_own_kind() {
        for (arn, facts) in [
            (CLUSTER, Arc::new(cluster()) as Arc<dyn Facts>),
            (CLUSTER, Arc::new(kubernetes_cluster())),
            (REPOSITORY, Arc::new(repository())),
            (IMAGE, Arc::new(image())),
            (KEY, Arc::new(key())),
            (FILE_SYSTEM, Arc::new(file_system())),
            (ACCOUNT, Arc::new(account())),
        ] {
            for check in CHECKS {
                let verdict = verdict(check.id, arn, State::Present(facts.clone()));
                if check.kind() == facts.kind() {
                    // Without a list of allowed registries, nothing is required.
                    let expected = if check.id == "k8s-allowed-registries" {
                        Outcome::NotApplicable
                    } else {
                        Outcome::Passed
                    };
                    assert_eq!(verdict.outcome, expected, "{} {arn}", check.id);
                } else {
                    assert_eq!(
                        verdict.codes(),
                        ["RESOURCE_OF_OTHER_KIND"],
                        "{} {arn}",
                        check.id
                    );
                }
            }
        }
    }

    #[test]
    fn missing_unread_and_inapplicable_resources_have_their_own_outcomes() {
        let deleting = EksCluster {
            status: "DELETING".into(),
            ..cluster()
        };
        let index = EcrImage {
            content: Content::Index,
            ..image()
        };
        let (private, scan) = ("eks-endpoint-private", "ecr-image-scan-findings");
        for (check, arn, state, outcome, text) in [
            (
                private,
                CLUSTER,
                State::Gone,
                Outcome::NotApplicable,
                "The cluster payments does not exist.",
            ),
            (
                private,
                CLUSTER,
                State::Unread(unread()),
                Outcome::NotAvailable,
                "Access was denied.",
            ),
            (
                private,
                CLUSTER,
                State::present(deleting),
                Outcome::NotApplicable,
                "The cluster's status is DELETING.",
            ),
            (
                scan,
                IMAGE,
                State::present(index),
                Outcome::NotApplicable,
                "This is an image index; the images of its platforms are evaluated.",
            ),
        ] {
            let verdict = verdict(check, arn, state);
            assert_eq!(
                (verdict.outcome, verdict.explanation().as_str()),
                (outcome, text)
            );
        }
    }

    #[test]
    fn needs_of_returns_the_needs_of_all_checks() {
        use Need::{ClusterRole, ImageScan, KeyRotation, RegistryScanning, SecretsKey};
        for (checks, expected) in [
            (&[] as &[&str], vec![]),
            (&["eks-endpoint-private"], vec![]),
            (&["eks-dedicated-cluster-role"], vec![ClusterRole]),
            (
                &[
                    "eks-secrets-customer-managed-key",
                    "eks-secrets-envelope-encryption",
                ],
                vec![SecretsKey],
            ),
            (
                &["kms-cmk-rotation", "ecr-scan-on-push"],
                vec![RegistryScanning, KeyRotation],
            ),
            (&["ecr-image-scan-findings"], vec![ImageScan]),
        ] {
            let default = ParameterValues::default();
            let needs = needs_of(checks.iter().map(|id| (find(id).unwrap(), &default)));
            let expected: Needs = expected.into_iter().collect();
            assert_eq!(needs, expected, "{checks:?}");
        }
    }

    #[test]
    fn pods_are_not_needed_if_a_parameter_states_it() {
        use Need::{KeyRotation, WorkloadTemplates, Workloads};
        let checks = ["k8s-pod-privileged", "kms-cmk-rotation"].map(|id| find(id).unwrap());
        for (parameters, workloads) in [
            ("{}", Workloads),
            (r#"{"readPods": true}"#, Workloads),
            (r#"{"readPods": false}"#, WorkloadTemplates),
        ] {
            let settings = settings(readability().parameters, parameters);
            let needs = needs_of(checks.map(|check| (check, &settings)));
            assert_eq!(needs, workloads | KeyRotation, "{parameters}");
        }
    }

    #[test]
    fn aliases_are_needed_if_a_parameter_names_keys_by_them() {
        let check = find("ecr-customer-managed-key").unwrap();
        for (allowed, needs_aliases) in [
            ("", false),
            (KEY, false),
            ("arn:aws:kms:eu-central-1:111122223333:alias/images", true),
        ] {
            let parameters = format!(r#"{{"allowedKeyArns": ["{KEY}", "{allowed}"]}}"#);
            let settings = settings(check.parameters, &parameters);
            let needs = needs_of([(check, &settings)]);
            assert!(needs.contains(Need::RepositoryKey));
            assert_eq!(needs.contains(Need::KeyAliases), needs_aliases, "{allowed}");
        }
    }

    #[test]
    fn commands_name_the_resource() {
        for (check, arn, command) in [
            (
                "ecr-image-scan-findings",
                IMAGE,
                "aws ecr describe-image-scan-findings --region eu-central-1 --repository-name cards/api --image-id \
                 imageDigest=sha256:0a1b",
            ),
            (
                "kms-cmk-rotation",
                KEY,
                "aws kms enable-key-rotation --region eu-central-1 --key-id 1234abcd --rotation-period-in-days 365",
            ),
            (
                "k8s-pod-privileged",
                "arn:aws:eks:eu-central-1:111122223333:cluster/payments/namespaces/shop/deployments.apps/web",
                "kubectl label namespace shop pod-security.kubernetes.io/enforce=baseline",
            ),
            (
                "k8s-pod-privileged",
                CLUSTER,
                "kubectl label namespace <namespace> pod-security.kubernetes.io/enforce=baseline",
            ),
        ] {
            let remediation = &find(check).unwrap().remediation;
            assert_eq!(remediation.command_for(&resource(arn)), command);
        }
    }

    #[test]
    fn a_check_links_to_its_page_or_to_the_aws_documentation() {
        let check = find("kms-cmk-rotation").unwrap();
        for docs in ["https://example.com/checks", "https://example.com/checks/"] {
            assert_eq!(
                check.link(Some(docs)),
                "https://example.com/checks/kms-cmk-rotation.md"
            );
        }
        assert_eq!(check.link(None), check.remediation.url);
    }

    #[test]
    fn only_the_severities_of_a_check_have_a_reason() {
        let check = find("ecr-immutable-tags").unwrap();
        for (severity, reason) in [
            (Severity::High, None),
            (
                Severity::Low,
                Some("only tags that match the exclusion filters can be moved to another image"),
            ),
        ] {
            assert_eq!(check.reason_for(severity), reason);
        }
    }

    #[test]
    fn a_check_returns_the_controls_to_which_it_is_mapped() {
        let controls = |id: &str| -> Vec<String> {
            let controls = find(id).unwrap().controls();
            controls.map(|control| control.to_string()).collect()
        };
        assert_eq!(
            controls("eks-secrets-customer-managed-key"),
            [
                "CIS Amazon EKS Benchmark v1.8.0/5.3.1",
                "ISO/IEC 27001:2022 A.8.5",
                "ISO/IEC 27001:2022 A.8.11",
                "ISO/IEC 27001:2022 A.8.24",
            ]
        );
    }

    #[test]
    fn effective_parameters_are_those_with_a_value() {
        let check = find("ecr-image-scan-findings").unwrap();
        let numbers = settings(check.parameters, r#"{"activeDays": "90"}"#);
        for (settings, threshold, days) in [
            (ParameterValues::default(), "HIGH", "0"),
            (numbers, "HIGH", "90"),
        ] {
            assert_eq!(
                check.effective_parameters(&settings),
                [
                    ("severityThreshold", vec![threshold.to_owned()]),
                    ("activeDays", vec![days.to_owned()]),
                    ("inUseOnly", vec!["false".to_owned()])
                ]
            );
        }
        let private = find("eks-endpoint-private").unwrap();
        assert_eq!(
            private.effective_parameters(&ParameterValues::default()),
            []
        );
    }
}
