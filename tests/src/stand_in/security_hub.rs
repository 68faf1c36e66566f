//! AWS Security Hub: the findings of every account and Region that calls.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    asff,
    faults::Hit,
    finding_filters::{check, passes},
    paging::Paging,
    service::AwsError,
    wire::{Request, record},
};
use crate::account::{Account, Record, text};

/// The maximum size of a BatchImportFindings request, in bytes.
const MOST_BYTES: usize = 6 * 1024 * 1024;
const MOST_FINDINGS: usize = 100;
/// The maximum number of listings that are kept between their pages.
const MOST_LISTINGS: usize = 16;
/// The members that belong to the customer once a finding exists.
const CUSTOMERS: [&str; 4] = ["Note", "UserDefinedFields", "VerificationState", "Workflow"];

const PAGES: Paging = Paging {
    size: "MaxResults",
    token: "NextToken",
    usual: 100,
    sizes: (1, 100),
    bad_token: "InvalidInputException",
};

/// The state of Security Hub.
#[derive(Clone, Debug, Default)]
pub(super) struct SecurityHub {
    findings: BTreeMap<AccountAndRegion, BTreeMap<Key, Record>>,
    /// The listings, oldest first.
    listings: VecDeque<Listing>,
}

/// An account and a Region.
type AccountAndRegion = (String, String);
/// A ProductArn and an Id.
type Key = (String, String);

/// The findings that passed a request's filters when its first page was requested, so that later pages need not filter
/// again.
#[derive(Clone, Debug)]
struct Listing {
    place: AccountAndRegion,
    /// The filters as JSON text, to be compared.
    filters: String,
    keys: Arc<[Key]>,
}

/// The answer to one import, and the violations in its findings.
#[derive(Debug)]
pub(super) struct Imported {
    pub answer: Value,
    pub violations: Vec<String>,
}

impl SecurityHub {
    /// Stores findings that existed at the start, unchanged except for the members that the service always adds.
    /// Returns the time of the latest update among them.
    pub(super) fn hold(&mut self, findings: Vec<Record>, at: Timestamp) -> Timestamp {
        let updated = findings.iter().filter_map(updated_at).max();
        for finding in findings {
            self.insert(completed(finding, at));
        }
        updated.unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn insert(&mut self, finding: Record) {
        let findings = self.findings.entry(place(&finding)).or_default();
        findings.insert(key(&finding), finding);
    }

    /// Returns all findings, in order of ProductArn and Id.
    pub(super) fn findings(&self) -> Vec<Record> {
        let mut findings: Vec<(&Key, &Record)> = self.findings.values().flatten().collect();
        findings.sort_by_key(|(key, _)| *key);
        findings
            .into_iter()
            .map(|(_, finding)| finding.clone())
            .collect()
    }

    /// Passes each finding to `see`, in order of account, Region, ProductArn and Id.
    pub(super) fn each(&self, see: impl FnMut(&Record)) {
        self.findings
            .values()
            .flat_map(BTreeMap::values)
            .for_each(see);
    }

    /// Edits each finding.
    pub(super) fn each_mut(&mut self, edit: impl FnMut(&mut Record)) {
        self.findings
            .values_mut()
            .flat_map(BTreeMap::values_mut)
            .for_each(edit);
    }

    /// Returns a finding, to be edited as its customer does.
    pub(super) fn finding(&mut self, id: &str) -> Option<&mut Record> {
        self.findings
            .values_mut()
            .flat_map(BTreeMap::values_mut)
            .find(|finding| asff::id(finding) == id)
    }

    pub(super) fn get_findings(
        &mut self,
        account: &Account,
        request: &Request,
    ) -> Result<Value, AwsError> {
        if let Some(name) = request
            .members
            .keys()
            .find(|name| !["Filters", "MaxResults", "NextToken"].contains(&name.as_str()))
        {
            return Err(request.invalid(format!("the stand-in does not know {name}")));
        }
        let place = (account.account.clone(), account.region.clone());
        let filters = request
            .member("Filters")
            .cloned()
            .map(record)
            .unwrap_or_default();
        let text = Value::Object(filters.clone()).to_string();
        let kept = self.take_listing(&place, &text);
        let keys = match kept.filter(|_| !PAGES.is_first(request)) {
            Some(keys) => keys,
            None => self.passing(&place, request, &filters)?,
        };
        let page = PAGES.page(account, request, keys.len());
        if !matches!(page, Ok((_, None))) {
            self.keep_listing(Listing {
                place: place.clone(),
                filters: text,
                keys: Arc::clone(&keys),
            });
        }
        let (range, token) = page?;
        let findings: Vec<&Record> = self
            .findings
            .get(&place)
            .map(|held| keys[range].iter().filter_map(|key| held.get(key)).collect())
            .unwrap_or_default();
        Ok(json!({"Findings": findings, "NextToken": token}))
    }

    fn passing(
        &self,
        place: &AccountAndRegion,
        request: &Request,
        filters: &Record,
    ) -> Result<Arc<[Key]>, AwsError> {
        check(filters, request.at).map_err(|problem| request.invalid(problem))?;
        let Some(held) = self.findings.get(place) else {
            return Ok(Arc::default());
        };
        let fits = |finding: &Record| passes(finding, filters, request.at);
        Ok(match named(filters) {
            Some(keys) => keys
                .into_iter()
                .filter(|key| held.get(key).is_some_and(fits))
                .collect(),
            None => held
                .iter()
                .filter(|(_, finding)| fits(finding))
                .map(|(key, _)| key.clone())
                .collect(),
        })
    }

    fn take_listing(&mut self, place: &AccountAndRegion, filters: &str) -> Option<Arc<[Key]>> {
        let position = self
            .listings
            .iter()
            .position(|listing| listing.place == *place && listing.filters == filters)?;
        self.listings.remove(position).map(|listing| listing.keys)
    }

    fn keep_listing(&mut self, listing: Listing) {
        if self.listings.len() == MOST_LISTINGS {
            self.listings.pop_front();
        }
        self.listings.push_back(listing);
    }

    pub(super) fn import(
        &mut self,
        account: &Account,
        request: &Request,
        fault: Option<&Hit>,
    ) -> Result<Imported, AwsError> {
        let findings = call(account, request)?;
        let mut failed = Vec::new();
        let mut violations = Vec::new();
        for finding in findings {
            let id = finding
                .get("Id")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let problems = asff::problems(finding);
            if !problems.is_empty() {
                let message = problems.join("; ");
                violations.push(format!("finding {id:?}: {message}"));
                failed
                    .push(json!({"Id": id, "ErrorCode": "InvalidInput", "ErrorMessage": message}));
            } else if let Some(code) = fault.and_then(|fault| fault.refuses(id)) {
                failed.push(
                    json!({"Id": id, "ErrorCode": code, "ErrorMessage": "an injected fault"}),
                );
            } else {
                self.take(record(finding.clone()), request.at);
            }
        }
        let answer = json!({
            "FailedCount": failed.len(),
            "SuccessCount": findings.len() - failed.len(),
            "FailedFindings": failed,
        });
        Ok(Imported { answer, violations })
    }

    /// Stores a valid finding, unless the stored one was updated at the same time or later.
    fn take(&mut self, finding: Record, at: Timestamp) {
        let kept = self
            .findings
            .get(&place(&finding))
            .and_then(|findings| findings.get(&key(&finding)));
        let stored = match kept {
            Some(kept) if updated_at(&finding) <= updated_at(kept) => return,
            Some(kept) => completed(replaced(kept, finding), at),
            None => completed(finding, at),
        };
        self.insert(stored);
    }
}

/// Returns the findings of a request that is well formed and made for the caller's own account.
fn call<'a>(account: &Account, request: &'a Request) -> Result<&'a [Value], AwsError> {
    let findings = request.list("Findings")?.unwrap_or_default();
    if findings.is_empty() || findings.len() > MOST_FINDINGS {
        return Err(request.invalid(format!(
            "Findings has {} items, not 1 to {MOST_FINDINGS}",
            findings.len()
        )));
    }
    if request.size > MOST_BYTES {
        return Err(request.invalid(format!(
            "the call has {} bytes, {MOST_BYTES} are allowed",
            request.size
        )));
    }
    let product = product_arn(account);
    for (name, own) in [("AwsAccountId", &account.account), ("ProductArn", &product)] {
        if let Some(other) = findings
            .iter()
            .find_map(|finding| finding.get(name)?.as_str().filter(|other| other != own))
        {
            let message =
                format!("{name} is {other}; the caller may only import findings with {own}");
            return Err(request.service.denied(message).violation());
        }
    }
    Ok(findings)
}

/// Returns the ARN of an account's default product, under which the account imports its own findings.
fn product_arn(account: &Account) -> String {
    account.arn(
        "securityhub",
        &account.region,
        &format!("product/{}/default", account.account),
    )
}

/// Returns the only keys that can pass the filters, in order, if the filters compare ProductArn and Id with EQUALS.
fn named(filters: &Record) -> Option<BTreeSet<Key>> {
    let names = |attribute: &str| -> Option<Vec<&str>> {
        let conditions = filters.get(attribute)?.as_array()?;
        let is_whole = |condition: &Value| condition["Comparison"] == "EQUALS";
        (!conditions.is_empty() && conditions.iter().all(is_whole)).then_some(())?;
        conditions
            .iter()
            .map(|condition| condition["Value"].as_str())
            .collect()
    };
    let (products, ids) = (names("ProductArn")?, names("Id")?);
    let keys = products.iter().flat_map(|product| {
        ids.iter()
            .map(|id| ((*product).to_owned(), (*id).to_owned()))
    });
    Some(keys.collect())
}

/// Returns the account and the Region of a finding. The Region is its product's unless the finding states another.
fn place(finding: &Record) -> AccountAndRegion {
    let region = match text(finding, "Region") {
        "" => product_region(finding),
        given => given,
    };
    (text(finding, "AwsAccountId").to_owned(), region.to_owned())
}

fn product_region(finding: &Record) -> &str {
    text(finding, "ProductArn")
        .split(':')
        .nth(3)
        .unwrap_or_default()
}

fn key(finding: &Record) -> Key {
    (
        text(finding, "ProductArn").to_owned(),
        asff::id(finding).to_owned(),
    )
}

fn updated_at(finding: &Record) -> Option<jiff::Timestamp> {
    asff::moment(text(finding, "UpdatedAt"))
}

/// Returns the new finding that replaces the old one, with the customer's members of the old one.
fn replaced(kept: &Record, mut finding: Record) -> Record {
    for name in CUSTOMERS {
        finding.remove(name);
        finding.extend(kept.get(name).map(|value| (name.to_owned(), value.clone())));
    }
    if is_back(kept, &finding) && matches!(workflow_status(kept), Some("NOTIFIED" | "RESOLVED")) {
        finding.insert("Workflow".to_owned(), json!({"Status": "NEW"}));
    }
    finding
}

/// Returns `true` if a finding was archived or passed and is not any more. [`replaced`] keeps a suppressed finding
/// suppressed even then.
fn is_back(kept: &Record, finding: &Record) -> bool {
    let was_archived =
        text(kept, "RecordState") == "ARCHIVED" && text(finding, "RecordState") != "ARCHIVED";
    let was_passed = compliance_status(kept) == Some("PASSED")
        && compliance_status(finding).is_some_and(|status| status != "PASSED");
    was_archived || was_passed
}

fn workflow_status(finding: &Record) -> Option<&str> {
    finding.get("Workflow")?.get("Status")?.as_str()
}

fn compliance_status(finding: &Record) -> Option<&str> {
    finding.get("Compliance")?.get("Status")?.as_str()
}

/// Returns a finding as the service stores it, with the members that the service adds.
fn completed(mut finding: Record, at: Timestamp) -> Record {
    fill_severity_and_types(&mut finding);
    let product = text(&finding, "ProductArn").to_owned();
    let region = product_region(&finding).to_owned();
    for (name, value) in [
        ("RecordState", json!("ACTIVE")),
        ("Workflow", json!({"Status": "NEW"})),
        ("WorkflowState", json!("NEW")),
        ("ProductName", json!("Default")),
        ("CompanyName", json!("Personal")),
        ("Region", json!(region)),
    ] {
        finding.entry(name).or_insert(value);
    }
    finding.insert("ProcessedAt".to_owned(), at.to_string().into());

    let qualified_id = format!("{product}/{}", asff::id(&finding));
    if let Some(fields) = finding
        .entry("ProductFields")
        .or_insert_with(|| json!({}))
        .as_object_mut()
    {
        fields.insert("aws/securityhub/FindingId".to_owned(), qualified_id.into());
        fields.insert("aws/securityhub/ProductName".to_owned(), "Default".into());
        fields.insert("aws/securityhub/CompanyName".to_owned(), "Personal".into());
    }
    finding
}

/// Fills both forms of Severity and Types, each from the other. FindingProviderFields takes precedence.
fn fill_severity_and_types(finding: &mut Record) {
    let provided = finding
        .get("FindingProviderFields")
        .cloned()
        .map(record)
        .unwrap_or_default();
    for name in ["Severity", "Types"] {
        let Some(value) = provided.get(name).or_else(|| finding.get(name)).cloned() else {
            continue;
        };
        let fields = finding
            .entry("FindingProviderFields")
            .or_insert_with(|| json!({}));
        if let Some(fields) = fields.as_object_mut() {
            fields.entry(name).or_insert_with(|| value.clone());
        }
        finding.insert(
            name.to_owned(),
            if name == "Severity" {
                normalized(value)
            } else {
                value
            },
        );
    }
}

fn normalized(mut severity: Value) -> Value {
    let number = match severity.get("Label").and_then(Value::as_str) {
        Some("LOW") => 1,
        Some("MEDIUM") => 40,
        Some("HIGH") => 70,
        Some("CRITICAL") => 90,
        _ => 0,
    };
    if let Some(members) = severity.as_object_mut() {
        members.entry("Normalized").or_insert_with(|| number.into());
    }
    severity
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{faults::FaultKind, service::Service};

    const ID: &str = "eksentry/check/arn";

    fn request(operation: &str, members: Value) -> Request {
        let size = members.to_string().len();
        Request {
            service: Service::SecurityHub,
            operation: operation.to_owned(),
            members: record(members),
            access_key: String::new(),
            region: "eu-central-1".to_owned(),
            size,
            body: Vec::new(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn account() -> Account {
        Account::empty("123456789012", "eu-central-1")
    }

    /// Returns the sample finding with these members replaced.
    fn finding(members: Value) -> Value {
        let mut finding = record(asff::tests::finding());
        finding.extend(record(members));
        finding.into()
    }

    fn import(hub: &mut SecurityHub, findings: Vec<Value>) -> Result<Imported, AwsError> {
        hub.import(
            &account(),
            &request("BatchImportFindings", json!({"Findings": findings})),
            None,
        )
    }

    fn seconds(second: u32) -> String {
        format!("2025-01-02T03:04:{second:02}Z")
    }

    fn stored(hub: &SecurityHub) -> Record {
        hub.findings()
            .into_iter()
            .next()
            .expect("there is a finding")
    }

    #[test]
    fn a_finding_is_stored_with_what_the_service_adds() {
        let mut hub = SecurityHub::default();
        let imported = import(&mut hub, vec![finding(json!({}))]).unwrap();

        assert_eq!(
            imported.answer,
            json!({"FailedCount": 0, "SuccessCount": 1, "FailedFindings": []})
        );
        let stored = stored(&hub);
        assert_eq!(
            stored["Severity"],
            json!({"Label": "HIGH", "Normalized": 70})
        );
        assert_eq!(stored["Types"], stored["FindingProviderFields"]["Types"]);
        assert_eq!(
            (&stored["RecordState"], &stored["Region"]),
            (&json!("ACTIVE"), &json!("eu-central-1"))
        );
        assert_eq!(stored["Workflow"], json!({"Status": "NEW"}));
        assert!(
            stored["ProductFields"]["aws/securityhub/FindingId"]
                .as_str()
                .unwrap()
                .ends_with(ID)
        );
    }

    #[test]
    fn an_update_that_is_not_newer_is_ignored_but_counted() {
        let mut hub = SecurityHub::default();
        for (title, second, wanted) in [
            ("one", 5, "one"),
            ("same", 5, "one"),
            ("older", 4, "one"),
            ("newer", 6, "newer"),
        ] {
            let update = finding(json!({"Title": title, "UpdatedAt": seconds(second)}));
            assert_eq!(
                import(&mut hub, vec![update]).unwrap().answer["SuccessCount"],
                1
            );
            assert_eq!(stored(&hub)["Title"], wanted);
        }
    }

    #[test]
    fn an_update_replaces_all_but_what_is_the_customers() {
        let mut hub = SecurityHub::default();
        import(
            &mut hub,
            vec![finding(
                json!({"SourceUrl": "https://a", "UpdatedAt": seconds(1)}),
            )],
        )
        .unwrap();
        let note = json!({"Text": "mine", "UpdatedBy": "me", "UpdatedAt": seconds(1)});
        let kept = hub.finding(ID).expect("it was imported");
        kept.insert("Note".to_owned(), note.clone());
        kept.insert("Workflow".to_owned(), json!({"Status": "SUPPRESSED"}));

        let theirs = json!({"Text": "theirs", "UpdatedBy": "them", "UpdatedAt": seconds(2)});
        let update = finding(
            json!({"UpdatedAt": seconds(2), "Note": theirs, "Workflow": {"Status": "NEW"}}),
        );
        import(&mut hub, vec![update]).unwrap();

        let stored = stored(&hub);
        assert_eq!(
            (&stored["Note"], &stored["Workflow"]),
            (&note, &json!({"Status": "SUPPRESSED"}))
        );
        assert!(!stored.contains_key("SourceUrl"));
    }

    #[test]
    fn a_finding_that_is_back_is_new_unless_it_is_suppressed() {
        let passed = json!({"Compliance": {"Status": "PASSED"}});
        let archived = json!({"RecordState": "ARCHIVED"});
        for (before, status, after, wanted) in [
            (&passed, "RESOLVED", json!({}), "NEW"),
            (&archived, "NOTIFIED", json!({}), "NEW"),
            (&passed, "SUPPRESSED", json!({}), "SUPPRESSED"),
            (&json!({}), "NOTIFIED", json!({}), "NOTIFIED"),
            (&json!({}), "NOTIFIED", passed.clone(), "NOTIFIED"),
            (&archived, "RESOLVED", archived.clone(), "RESOLVED"),
        ] {
            let mut hub = SecurityHub::default();
            let at = |second: u32, members: &Value| {
                let mut finding = finding(members.clone());
                finding["UpdatedAt"] = seconds(second).into();
                finding
            };
            import(&mut hub, vec![at(1, before)]).unwrap();
            hub.finding(ID)
                .expect("it was imported")
                .insert("Workflow".to_owned(), json!({"Status": status}));
            import(&mut hub, vec![at(2, &after)]).unwrap();
            assert_eq!(
                stored(&hub)["Workflow"]["Status"],
                wanted,
                "{before} {status} {after}"
            );
        }
    }

    #[test]
    fn a_faulty_finding_fails_alone() {
        let mut hub = SecurityHub::default();
        let imported = import(
            &mut hub,
            vec![
                finding(json!({"Id": "bad", "Title": ""})),
                finding(json!({})),
            ],
        )
        .unwrap();

        assert_eq!(
            (
                &imported.answer["FailedCount"],
                &imported.answer["SuccessCount"]
            ),
            (&json!(1), &json!(1))
        );
        assert_eq!(
            imported.answer["FailedFindings"][0]["ErrorCode"],
            "InvalidInput"
        );
        assert_eq!(imported.violations.len(), 1);
        assert_eq!(hub.findings().len(), 1);
    }

    #[test]
    fn a_call_that_breaks_the_rules_is_refused_as_a_whole() {
        let many = |count: usize| {
            (0..count)
                .map(|number| finding(json!({"Id": format!("f{number}")})))
                .collect()
        };
        let big = |number: usize| {
            finding(json!({"Id": format!("f{number}"), "SourceUrl": "x".repeat(100_000)}))
        };
        for (findings, code) in [
            (Vec::new(), "InvalidInputException"),
            (many(101), "InvalidInputException"),
            ((0..70).map(big).collect(), "InvalidInputException"),
            (
                vec![finding(json!({"AwsAccountId": "210987654321"}))],
                "AccessDeniedException",
            ),
            (
                vec![finding(
                    json!({"ProductArn": "arn:aws:securityhub:eu-central-1::product/aws/guardduty"}),
                )],
                "AccessDeniedException",
            ),
        ] {
            let mut hub = SecurityHub::default();
            let error = import(&mut hub, findings).expect_err(code);
            assert_eq!((error.code.as_str(), error.violation), (code, true));
            assert!(hub.findings().is_empty());
        }
        assert!(import(&mut SecurityHub::default(), many(100)).is_ok());
    }

    #[test]
    fn a_partial_fault_refuses_its_ids_only() {
        let fault = FaultKind::Partial {
            ids: vec!["b".to_owned()],
            code: "InternalFailure".to_owned(),
        };
        let findings = [finding(json!({"Id": "a"})), finding(json!({"Id": "b"}))];
        let mut hub = SecurityHub::default();
        let call = request("BatchImportFindings", json!({"Findings": findings}));
        let imported = hub.import(&account(), &call, Some(&fault.into())).unwrap();

        assert_eq!(imported.answer["FailedFindings"][0]["Id"], "b");
        assert_eq!(
            imported.answer["FailedFindings"][0]["ErrorCode"],
            "InternalFailure"
        );
        assert!(imported.violations.is_empty());
        assert_eq!(stored(&hub)["Id"], "a");
    }

    #[test]
    fn findings_are_read_page_by_page_and_only_by_their_own_account_and_region() {
        let mut hub = SecurityHub::default();
        import(
            &mut hub,
            (0..3)
                .map(|number| finding(json!({"Id": format!("f{number}")})))
                .collect(),
        )
        .unwrap();

        let first = hub
            .get_findings(
                &account(),
                &request("GetFindings", json!({"MaxResults": 2})),
            )
            .unwrap();
        assert_eq!(first["Findings"].as_array().unwrap().len(), 2);
        let next = json!({"MaxResults": 2, "NextToken": first["NextToken"]});
        let second = hub
            .get_findings(&account(), &request("GetFindings", next))
            .unwrap();
        assert_eq!(
            (
                second["Findings"].as_array().unwrap().len(),
                &second["NextToken"]
            ),
            (1, &Value::Null)
        );

        for elsewhere in [
            Account::empty("123456789012", "us-east-1"),
            Account::empty("210987654321", "eu-central-1"),
        ] {
            let answer = hub
                .get_findings(&elsewhere, &request("GetFindings", json!({})))
                .unwrap();
            assert_eq!(answer["Findings"], json!([]));
        }
    }

    #[test]
    fn a_listing_stays_as_it_was_at_its_first_page_and_goes_with_its_last() {
        let mut hub = SecurityHub::default();
        let some = |numbers: std::ops::Range<u32>| {
            numbers
                .map(|number| finding(json!({"Id": format!("f{number}")})))
                .collect()
        };
        let get = |hub: &mut SecurityHub, token: &Value| {
            let members = json!({"MaxResults": 2, "NextToken": token});
            hub.get_findings(&account(), &request("GetFindings", members))
                .unwrap()
        };

        import(&mut hub, some(1..4)).unwrap();
        let first = get(&mut hub, &Value::Null);
        import(&mut hub, some(0..1)).unwrap();
        let second = get(&mut hub, &first["NextToken"]);
        assert_eq!(second["Findings"][0]["Id"], "f3");
        assert_eq!(second["NextToken"], Value::Null);
        assert!(hub.listings.is_empty());

        // A listing that was removed is created again.
        let first = get(&mut hub, &Value::Null);
        hub.listings.clear();
        assert_eq!(
            get(&mut hub, &first["NextToken"])["Findings"][0]["Id"],
            "f2"
        );

        for number in 0..20 {
            let filters =
                json!({"Id": [{"Comparison": "NOT_EQUALS", "Value": number.to_string()}]});
            let members = json!({"MaxResults": 1, "Filters": filters});
            hub.get_findings(&account(), &request("GetFindings", members))
                .unwrap();
        }
        assert_eq!(hub.listings.len(), MOST_LISTINGS);
    }
}
