//! Findings of a report from documents in the AWS Security Finding Format, as Security Hub holds them.
//!
//! A document can have any content, since its owner can change it.

use std::collections::BTreeMap;

use eksentry_core::finding::parse_finding_id;
use eksentry_core::{Severity, checks};
use jiff::Timestamp;
use serde_json::Value;

use crate::finding::{display_name, is_inside};
use crate::{
    CheckSummary, Exception, Finding, Note, Package, Place, Reason, Status, Vulnerability,
};

impl Finding {
    /// Reads a finding of Security Hub. Any part of the document may be missing or invalid.
    pub fn from_asff(asff: &Value) -> Self {
        let resource_id = text(asff, "/Resources/0/Id");
        let check = check_id(asff);
        let property = |name: &str| text(asff, &format!("/Resources/0/Details/Other/{name}"));
        let name = name(resource_id, asff);
        let place = is_inside(&check).then(|| Place::new(property, resource_id, &name));
        let reasons = reasons(asff);
        let status = status(asff);
        let id = text(asff, "/Id");
        // The id of an account in a resource lacks the Region.
        let identified = parse_finding_id(id).map(|(_, resource)| resource.id().to_owned());
        Self {
            id: id.to_owned(),
            status,
            severity: severity(asff),
            resource: place.as_ref().map_or(name, ToString::to_string),
            resource_id: identified.unwrap_or_else(|| resource_id.to_owned()),
            resource_type: text(asff, "/Resources/0/Type").to_owned(),
            account: text(asff, "/AwsAccountId").to_owned(),
            region: region(asff).to_owned(),
            place,
            explanation: explanation(asff, &reasons),
            command: remediation(asff, &check).1.to_owned(),
            // A finding about many objects can also fail beside the exceptions that it names.
            exception: Exception::of(&reasons).filter(|_| status == Status::Passed),
            reasons,
            first_seen: time(asff, "/CreatedAt"),
            observed_at: time(asff, "/UpdatedAt"),
            parameters: parameters(asff),
            details: details(asff),
            tags: texts(asff.pointer("/Resources/0/Tags")),
            vulnerabilities: items(asff, "/Vulnerabilities").map(vulnerability).collect(),
            note: note(asff),
            check,
        }
    }
}

impl CheckSummary {
    /// Returns the check of a finding of Security Hub: that of the registry, or what the document states about it.
    pub fn from_asff(asff: &Value) -> Self {
        let id = check_id(asff);
        if let Ok(check) = checks::find(&id) {
            return Self::known(check);
        }
        let controls = items(asff, "/Compliance/RelatedRequirements");
        let controls = controls.filter_map(Value::as_str).map(str::to_owned);
        Self {
            remediation: remediation(asff, &id).0.to_owned(),
            url: text(asff, "/Remediation/Recommendation/Url").to_owned(),
            ..Self::unknown(&id, text(asff, "/Title")).with_controls(controls.collect())
        }
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn items<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    let items = value.pointer(pointer).and_then(Value::as_array);
    items.into_iter().flatten()
}

fn time(asff: &Value, pointer: &str) -> Option<Timestamp> {
    text(asff, pointer).parse().ok()
}

fn status(asff: &Value) -> Status {
    if text(asff, "/RecordState") == "ARCHIVED" {
        return Status::Archived;
    }
    if text(asff, "/Workflow/Status") == "SUPPRESSED" {
        return Status::Suppressed;
    }
    match text(asff, "/Compliance/Status") {
        "PASSED" => Status::Passed,
        "FAILED" => Status::Failed,
        "WARNING" => Status::Warning,
        _ => Status::NotAvailable,
    }
}

/// Returns the severity that Security Hub shows, which the customer may have changed; otherwise the provider's
/// severity.
fn severity(asff: &Value) -> Severity {
    ["/Severity/Label", "/FindingProviderFields/Severity/Label"]
        .into_iter()
        .map(|pointer| text(asff, pointer))
        .find(|label| !label.is_empty())
        .and_then(|label| label.parse().ok())
        .unwrap_or(Severity::Informational)
}

/// Returns the check's id: a `GeneratorId` is `eksentry/<check>`.
fn check_id(asff: &Value) -> String {
    let generator = text(asff, "/GeneratorId");
    generator
        .strip_prefix("eksentry/")
        .unwrap_or(generator)
        .to_owned()
}

/// Returns the Region of the resource. In findings of eksentry, the ARN of the product has it, too.
fn region(asff: &Value) -> &str {
    let stated = text(asff, "/Resources/0/Region");
    let product = text(asff, "/ProductArn").split(':').nth(3);
    Some(stated)
        .filter(|region| !region.is_empty())
        .or(product)
        .unwrap_or_default()
}

/// Returns the name for display.
fn name(resource_id: &str, asff: &Value) -> String {
    // arn:partition:service:region:account:kind/name
    let path = resource_id.splitn(6, ':').nth(5).unwrap_or(resource_id);
    let name = path.split_once('/').map_or(path, |(_, name)| name);
    let detail = |path: &str| text(asff, &format!("/Resources/0/Details/{path}"));
    let tag = detail("AwsEcrContainerImage/ImageTags/0");
    display_name(name, tag, detail("AwsKmsKey/Description"))
}

fn reasons(asff: &Value) -> Vec<Reason> {
    let reasons = items(asff, "/Compliance/StatusReasons").map(|reason| Reason {
        code: text(reason, "/ReasonCode").to_owned(),
        text: text(reason, "/Description").to_owned(),
    });
    reasons.collect()
}

/// Returns the description without the reasons that it begins with.
fn explanation(asff: &Value, reasons: &[Reason]) -> String {
    let mut rest = text(asff, "/Description");
    for reason in reasons {
        match rest.strip_prefix(reason.text.as_str()) {
            Some(after) => rest = after.trim_start(),
            // The description was cut.
            None => break,
        }
    }
    rest.to_owned()
}

/// Splits the recommendation into the steps, which all findings of the check have in common, and the command.
fn remediation<'a>(asff: &'a Value, check: &str) -> (&'a str, &'a str) {
    let whole = text(asff, "/Remediation/Recommendation/Text");
    let steps = checks::find(check).map_or("", |check| check.remediation.text);
    if let Some(command) = whole.strip_prefix(steps).filter(|_| !steps.is_empty()) {
        return whole.split_at(whole.len() - command.trim_start().len());
    }
    (whole, "")
}

fn parameters(asff: &Value) -> BTreeMap<String, Vec<String>> {
    let parameters = items(asff, "/Compliance/SecurityControlParameters").map(|parameter| {
        let values = items(parameter, "/Value").filter_map(Value::as_str);
        (
            text(parameter, "/Name").to_owned(),
            values.map(str::to_owned).collect(),
        )
    });
    parameters.collect()
}

/// Returns the properties of the resource, without the groups that they are in: one with the name of the type, and
/// `Other`.
fn details(asff: &Value) -> BTreeMap<String, String> {
    let groups = asff
        .pointer("/Resources/0/Details")
        .and_then(Value::as_object);
    let mut flat = BTreeMap::new();
    for group in groups.into_iter().flat_map(|groups| groups.values()) {
        flatten(group, "", &mut flat);
    }
    flat
}

/// Adds the values in a value, by their paths such as `ResourcesVpcConfig.SubnetIds`.
fn flatten(value: &Value, path: &str, out: &mut BTreeMap<String, String>) {
    let simple = |value: &Value| match value {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(member, &format!("{path}{dot}{name}"), out);
            }
        }
        Value::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(simple).collect();
            match texts {
                Some(texts) => {
                    out.insert(path.to_owned(), texts.join(", "));
                }
                None => {
                    for (index, item) in items.iter().enumerate() {
                        flatten(item, &format!("{path}[{index}]"), out);
                    }
                }
            }
        }
        other => out.extend(simple(other).map(|text| (path.to_owned(), text))),
    }
}

fn texts(value: Option<&Value>) -> BTreeMap<String, String> {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    members
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn vulnerability(value: &Value) -> Vulnerability {
    let scores = items(value, "/Cvss").filter_map(|cvss| cvss.get("BaseScore")?.as_f64());
    let packages = items(value, "/VulnerablePackages").map(|package| Package {
        name: text(package, "/Name").to_owned(),
        version: text(package, "/Version").to_owned(),
        fixed_in: text(package, "/FixedInVersion").to_owned(),
    });
    Vulnerability {
        id: text(value, "/Id").to_owned(),
        severity: text(value, "/Vendor/VendorSeverity").to_owned(),
        score: scores.reduce(f64::max),
        url: text(value, "/ReferenceUrls/0").to_owned(),
        packages: packages.collect(),
    }
}

fn note(asff: &Value) -> Option<Note> {
    let note = asff.get("Note")?;
    Some(Note {
        text: text(note, "/Text").to_owned(),
        by: text(note, "/UpdatedBy").to_owned(),
        at: time(note, "/UpdatedAt"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tests::CLUSTER;

    /// Returns a finding of this status and severity.
    fn asff(check: &str, resource: &str, status: &str, severity: &str) -> Value {
        json!({
            "Id": format!("eksentry/{check}/{resource}"),
            "AwsAccountId": "111122223333",
            "ProductArn": "arn:aws:securityhub:eu-central-1:111122223333:product/111122223333/default",
            "GeneratorId": format!("eksentry/{check}"),
            "Title": format!("The title of {check}"),
            "Description": "Seen. Why it matters.",
            "RecordState": "ACTIVE",
            "Compliance": {"Status": status, "StatusReasons": [{"ReasonCode": "A", "Description": "Seen."}]},
            "FindingProviderFields": {"Severity": {"Label": severity}},
            "Resources": [{"Type": "AwsEksCluster", "Id": resource}],
        })
    }

    #[test]
    fn archived_and_suppressed_findings_do_not_count_as_failed() {
        let mut archived = asff("a", CLUSTER, "FAILED", "HIGH");
        archived["RecordState"] = json!("ARCHIVED");
        let mut suppressed = asff("a", CLUSTER, "FAILED", "HIGH");
        suppressed["Workflow"] = json!({"Status": "SUPPRESSED"});
        assert_eq!(status(&archived), Status::Archived);
        assert_eq!(status(&suppressed), Status::Suppressed);
    }

    #[test]
    fn the_severity_set_by_the_customer_takes_precedence() {
        let mut asff = asff("a", CLUSTER, "FAILED", "HIGH");
        assert_eq!(severity(&asff), Severity::High);
        asff["Severity"] = json!({"Label": "LOW"});
        assert_eq!(severity(&asff), Severity::Low);
    }

    #[test]
    fn names_have_the_tag_or_the_description() {
        let image = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0123456789abcdef0123";
        let tagged = json!({"Resources": [{"Details": {"AwsEcrContainerImage": {"ImageTags": ["4.2.0", "latest"]}}}]});
        let key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
        let described =
            json!({"Resources": [{"Details": {"AwsKmsKey": {"Description": "Card numbers"}}}]});
        for (resource_id, asff, expected) in [
            (CLUSTER, &Value::Null, "payments-prod"),
            (image, &Value::Null, "cards/api@0123456789ab"),
            (image, &tagged, "cards/api:4.2.0"),
            (key, &Value::Null, "1234abcd"),
            (key, &described, "1234abcd (Card numbers)"),
            ("not an ARN", &Value::Null, "not an ARN"),
        ] {
            assert_eq!(name(resource_id, asff), expected);
        }
    }

    #[test]
    fn the_explanation_does_not_repeat_the_reasons() {
        let mut asff = asff("a", CLUSTER, "FAILED", "HIGH");
        assert_eq!(Finding::from_asff(&asff).explanation, "Why it matters.");
        asff["Compliance"]["StatusReasons"] = json!([]);
        assert_eq!(
            Finding::from_asff(&asff).explanation,
            "Seen. Why it matters."
        );
    }

    #[test]
    fn the_remediation_is_split_into_steps_and_command() {
        let id = "eks-endpoint-private";
        let known = checks::find(id).unwrap();
        let command = "aws eks update-cluster-config --name payments-prod";
        let mut asff = asff(id, CLUSTER, "FAILED", "HIGH");
        let whole = format!("{} {command}", known.remediation.text);
        asff["Remediation"]["Recommendation"]["Text"] = json!(whole);
        assert_eq!(Finding::from_asff(&asff).command, command);
        assert_eq!(
            CheckSummary::from_asff(&asff).remediation,
            known.remediation.text
        );
        // Security Hub limits the text, so a command can be missing.
        asff["Remediation"]["Recommendation"]["Text"] = json!(known.remediation.text);
        assert_eq!(Finding::from_asff(&asff).command, "");
        asff["GeneratorId"] = json!("eksentry/retired");
        assert_eq!(Finding::from_asff(&asff).command, "");
        assert_eq!(
            CheckSummary::from_asff(&asff).remediation,
            known.remediation.text
        );
    }

    #[test]
    fn exceptions_and_mutes_are_recognized() {
        let of = |code: &str, text: &str| {
            let mut asff = asff("a", CLUSTER, "PASSED", "INFORMATIONAL");
            asff["Compliance"]["StatusReasons"][0] =
                json!({"ReasonCode": code, "Description": text});
            Finding::from_asff(&asff).exception
        };
        let exception = |reason: &str, until: Option<&str>| {
            Some(Exception {
                reason: reason.to_owned(),
                until: until.map(|day| day.parse().unwrap()),
            })
        };
        let muted = "Muted until 2026-12-31: SEC-1: agreed.";
        assert_eq!(
            of("MUTED", muted),
            exception("SEC-1: agreed.", Some("2026-12-31"))
        );
        let excepted = "Excepted by a parameter: SEC-77.";
        assert_eq!(
            of("EXCEPTED_BY_PARAMETER", excepted),
            exception(excepted, None)
        );
        let changed = "Muted until further notice: SEC-1.";
        assert_eq!(of("MUTED", changed), exception(changed, None));
        assert_eq!(of("MUTED", "until"), exception("until", None));
        assert_eq!(of("SEEN", muted), None);
        let mut fails = asff("a", CLUSTER, "FAILED", "HIGH");
        fails["Compliance"]["StatusReasons"][0]["ReasonCode"] = json!("EXCEPTED");
        assert_eq!(Finding::from_asff(&fails).exception, None);
    }

    #[test]
    fn details_are_flat() {
        let mut asff = asff("a", CLUSTER, "FAILED", "HIGH");
        asff["Resources"][0]["Details"] = json!({
            "AwsEksCluster": {"Version": "1.33", "Vpc": {"Ids": ["a", "b"], "Public": true, "None": null}},
            "Other": {"List": [{"X": 1}, "y"]},
        });
        let expected = [
            ("List[0].X", "1"),
            ("List[1]", "y"),
            ("Version", "1.33"),
            ("Vpc.Ids", "a, b"),
            ("Vpc.Public", "true"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(Finding::from_asff(&asff).details, expected.into());
    }

    #[test]
    fn vulnerabilities_state_their_highest_score() {
        let value = json!({
            "Id": "CVE-2021-44228",
            "Cvss": [{"BaseScore": 6.5}, {"BaseScore": 10}, {}],
            "Vendor": {"VendorSeverity": "CRITICAL"},
            "ReferenceUrls": ["https://example.com/1", "https://example.com/2"],
            "VulnerablePackages": [{"Name": "log4j", "Version": "2.14.1"}],
        });
        let expected = Vulnerability {
            id: "CVE-2021-44228".to_owned(),
            severity: "CRITICAL".to_owned(),
            score: Some(10.0),
            url: "https://example.com/1".to_owned(),
            packages: vec![Package {
                name: "log4j".to_owned(),
                version: "2.14.1".to_owned(),
                fixed_in: String::new(),
            }],
        };
        assert_eq!(vulnerability(&value), expected);
    }

    #[test]
    fn invalid_findings_are_not_available() {
        for invalid in [
            Value::Null,
            json!({}),
            json!({"Resources": "none", "Compliance": []}),
            json!({"Compliance": {"StatusReasons": [1], "RelatedRequirements": {"a": "b"}}, "Note": 1}),
        ] {
            assert_eq!(Finding::from_asff(&invalid).status, Status::NotAvailable);
            assert_eq!(CheckSummary::from_asff(&invalid).controls, [""; 0]);
        }
    }

    /// Returns a finding about an object, with these properties.
    fn about(check: &str, path: &str, other: Value) -> Finding {
        let mut asff = asff(check, &format!("{CLUSTER}/{path}"), "FAILED", "HIGH");
        asff["Resources"][0]["Type"] = json!("Other");
        asff["Resources"][0]["Details"] = json!({"Other": other});
        asff["Resources"][0]["Details"]["Other"]["ClusterName"] = json!("payments-prod");
        asff["Resources"][0]["Details"]["Other"]["ClusterArn"] = json!(CLUSTER);
        Finding::from_asff(&asff)
    }

    #[test]
    fn a_finding_in_a_cluster_names_the_cluster_the_namespace_and_the_object() {
        let deployment = json!({"Namespace": "shop", "Kind": "Deployment", "Name": "web"});
        let namespace = json!({"Namespace": "shop", "Kind": "Namespace", "Name": "shop"});
        let binding = json!({"Kind": "ClusterRoleBinding", "Name": "a b/c"});
        for (path, other, name, namespace, object) in [
            (
                "namespaces/shop/deployments.apps/web",
                deployment,
                "payments-prod/shop/Deployment/web",
                "shop",
                "Deployment/web",
            ),
            (
                "namespaces/shop",
                namespace,
                "payments-prod/Namespace/shop",
                "shop",
                "Namespace/shop",
            ),
            (
                "clusterrolebindings.rbac.authorization.k8s.io/a%20b%2Fc",
                binding,
                "payments-prod/ClusterRoleBinding/a b/c",
                "",
                "ClusterRoleBinding/a b/c",
            ),
        ] {
            let finding = about("k8s-pod-privileged", path, other);
            assert_eq!(finding.resource, name);
            let expected = Place {
                cluster: "payments-prod".to_owned(),
                cluster_id: CLUSTER.to_owned(),
                namespace: namespace.to_owned(),
                object: object.to_owned(),
            };
            assert_eq!(finding.place, Some(expected));
        }
    }

    #[test]
    fn a_finding_about_a_cluster_itself_is_in_no_namespace() {
        let inside = Finding::from_asff(&asff("k8s-aws-auth", CLUSTER, "FAILED", "HIGH"));
        let place = inside.place.unwrap();
        assert_eq!(
            (place.cluster.as_str(), place.namespace.as_str()),
            ("payments-prod", "")
        );
        assert_eq!(place.cluster_id, CLUSTER);
        assert_eq!(inside.resource, "payments-prod");
        let of_eks = Finding::from_asff(&asff("eks-endpoint-private", CLUSTER, "FAILED", "HIGH"));
        assert_eq!(
            (of_eks.resource.as_str(), of_eks.place),
            ("payments-prod", None)
        );
    }

    #[test]
    fn invalid_places_are_shown_as_they_are() {
        for asff in [
            json!({"GeneratorId": "eksentry/k8s-pod-privileged"}),
            json!({"GeneratorId": "eksentry/k8s-pod-privileged", "Resources": [{"Details": {"Other": {"Kind": 7}}}]}),
            json!({"GeneratorId": "eksentry/k8s-pod-privileged", "Resources": "none"}),
        ] {
            let place = Finding::from_asff(&asff).place.unwrap();
            assert_eq!(place.to_string(), "");
        }
    }
}
