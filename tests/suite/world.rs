//! A small world for a test: accounts, and functions that are invoked in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use eksentry_core::{Check, FactsOf, ResourceKind, checks::CHECKS, facts};
use eksentry_tests::account::{Account, Record};
use eksentry_tests::deployment::Deployment;
use eksentry_tests::kubernetes::{Cluster, KubernetesApi, Received};
use eksentry_tests::lambda::{Function, FunctionError, InProcess, Invocation, binaries};
use eksentry_tests::stand_in::{ACCESS_KEY, Fault, FaultKind, Message, StandIn, sqs_event};
use serde_json::{Value, json};

use crate::logs;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-central-1";
const TIME_LIMIT: Duration = Duration::from_mins(5);

/// Accounts and the functions that run in them, with the roles of template.yaml. [`World::end`] ends each test: it
/// asserts that AWS would have refused no request, and that no role lacked a permission.
pub(crate) struct World {
    pub(crate) aws: StandIn,
    environment: Vec<(String, String)>,
    /// Parameters of the stack that no variable of its functions depends on.
    parameters: Vec<(&'static str, &'static str)>,
    /// The reason why functions have all permissions, if they have.
    unlimited: Option<&'static str>,
    time_limit: Duration,
    logs: Vec<String>,
    /// The Kubernetes APIs of clusters.
    contents: Vec<KubernetesApi>,
    /// The clusters that only their VPC reaches.
    in_vpc: Vec<&'static str>,
}

impl World {
    /// Creates a world whose account holds these entries of an account file.
    pub(crate) fn with(entries: Value) -> Self {
        let mut account = Account::empty(ACCOUNT, REGION);
        account.add(entries).unwrap();
        Self::of(account)
    }

    /// Creates a world whose account holds these entries, in which all checks run that are on by default.
    pub(crate) fn with_all_enabled(entries: Value) -> Self {
        Self::with(entries).and("EKSENTRY_DISABLED_CHECKS", "")
    }

    /// Creates a world with this account. Of resources other than clusters, only the [`COUNTED`] checks run unless an
    /// event names others, so that tests can state complete results.
    pub(crate) fn of(account: Account) -> Self {
        let others = CHECKS.iter().filter(|check| !is_counted(check));
        let others: Vec<&str> = others.map(|check| check.id).collect();
        Self::with_enabled_checks(account).and("EKSENTRY_DISABLED_CHECKS", &others.join(","))
    }

    /// Creates a world with this account, in which all checks run that are on by default.
    fn with_enabled_checks(account: Account) -> Self {
        Self {
            aws: StandIn::start(account).unwrap(),
            environment: Vec::new(),
            parameters: Vec::new(),
            unlimited: None,
            time_limit: TIME_LIMIT,
            logs: Vec::new(),
            contents: Vec::new(),
            in_vpc: Vec::new(),
        }
    }

    /// Creates a world with the demo's account.
    pub(crate) fn demo() -> Self {
        let path = workspace().join("tests/demo/account.yaml");
        Self::with_enabled_checks(Account::load(&path).unwrap())
    }

    /// Creates a world with the demo's account, in which functions evaluate the contents of clusters too.
    pub(crate) fn demo_with_contents() -> Self {
        let path = workspace().join("tests/demo/contents.yaml");
        Self::demo().reaching(KubernetesApi::load_all(&path).unwrap())
    }

    /// Enables the checks that are off by default, and allows functions what they need for them.
    pub(crate) fn with_all_checks(self) -> Self {
        let checks = CHECKS.iter();
        let disabled = checks.filter(|check| !check.enabled).map(|check| check.id);
        let disabled: Vec<&str> = disabled.collect();
        self.and("EKSENTRY_ENABLED_CHECKS", &disabled.join(","))
            .and("EKSENTRY_DISABLED_CHECKS", "")
            .deployed_with("ImageConfigurations", "on")
    }

    /// Sets another variable in the functions' environment.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets functions evaluate the contents of these clusters, which are added to the account.
    pub(crate) fn with_contents(self, clusters: impl IntoIterator<Item = Cluster>) -> Self {
        let clusters: Vec<Cluster> = clusters.into_iter().collect();
        let described: Vec<Value> = clusters
            .iter()
            .map(|cluster| private_cluster(&cluster.name))
            .collect();
        self.change(|account| account.add(json!({"clusters": described})).unwrap());
        let contents = clusters.into_iter().map(KubernetesApi::for_functions);
        self.reaching(contents.collect::<Result<_, _>>().unwrap())
    }

    /// Lets functions evaluate the contents of clusters of the account.
    fn reaching(self, contents: Vec<KubernetesApi>) -> Self {
        self.change(|account| {
            for api in &contents {
                let (name, url) = (api.name(), api.url());
                let set = account.set_endpoint(&name, &url, &api.authority_data());
                set.unwrap();
            }
        });
        Self { contents, ..self }.and("EKSENTRY_KUBERNETES", "on")
    }

    /// Lets only their VPC reach these clusters, and adds a cluster reader there.
    pub(crate) fn with_cluster_reader(self, function: &str, clusters: &[&'static str]) -> Self {
        let mut reader = self
            .start("cluster-reader")
            .with_clusters(&self.contents_of(|name| clusters.contains(&name)));
        let limit = Duration::from_secs(20);
        self.aws
            .add_function(function, move |payload| reader.invoke(payload, limit));
        let world = Self {
            in_vpc: clusters.to_vec(),
            ..self
        };
        world
            .and("EKSENTRY_CLUSTER_READER", "eksentry-cluster-reader-{vpcId}")
            .deployed_with("ClusterReaders", "on")
    }

    /// Returns the Kubernetes APIs of some clusters.
    fn contents_of(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<KubernetesApi> {
        let wanted = self.contents.iter().filter(|api| is_wanted(&api.name()));
        wanted.cloned().collect()
    }

    /// Returns the Kubernetes API of a cluster.
    pub(crate) fn api(&self, cluster: &str) -> &KubernetesApi {
        let mut contents = self.contents.iter();
        contents.find(|api| api.name() == cluster).unwrap()
    }

    /// Sets a parameter of the stack to another value.
    pub(crate) fn deployed_with(mut self, parameter: &'static str, value: &'static str) -> Self {
        self.parameters.push((parameter, value));
        self
    }

    /// Gives functions all permissions. `reason` says why no stack of template.yaml has these settings.
    pub(crate) fn unlimited(mut self, reason: &'static str) -> Self {
        self.unlimited = Some(reason);
        self
    }

    /// Adds another account, or another Region, with these entries.
    pub(crate) fn and_at(self, account: &str, region: &str, entries: Value) -> Self {
        let mut other = Account::empty(account, region);
        other.add(entries).unwrap();
        self.aws.also(other).unwrap();
        self
    }

    /// Sets the time limit of later invocations; a function that takes longer is killed.
    pub(crate) fn limit(&mut self, time_limit: Duration) {
        self.time_limit = time_limit;
    }

    /// Restores the default time limit, and ends all faults.
    pub(crate) fn clear_faults(&mut self) {
        self.time_limit = TIME_LIMIT;
        self.aws.clear_faults();
        self.contents.iter().for_each(KubernetesApi::clear_faults);
    }

    /// Returns the number of calls and requests that faults have hit since they were last cleared.
    pub(crate) fn fault_hits(&self) -> usize {
        let contents = self.contents.iter().map(KubernetesApi::hits);
        self.aws.hits() + contents.sum::<usize>()
    }

    /// Returns the requests that the Kubernetes APIs of clusters received.
    pub(crate) fn requests(&self) -> Vec<Received> {
        let contents = self.contents.iter();
        contents.flat_map(KubernetesApi::received).collect()
    }

    /// Changes the account.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Account)) {
        self.aws.change(change).unwrap();
    }

    pub(crate) fn deny(&self, operation: &str) {
        self.aws
            .fail(Fault::new(operation, FaultKind::AccessDenied));
    }

    pub(crate) fn invoke(&mut self, function: &str, event: &Value) -> Invocation {
        let (invocation, logs) = self.run(function, event);
        self.logs.extend(logs);
        invocation
    }

    /// Invokes functions at the same time, each with its event.
    pub(crate) fn invoke_together(&mut self, events: &[(&str, Value)]) -> Vec<Invocation> {
        let world = &*self;
        let runs: Vec<_> = thread::scope(|scope| {
            let run = |(function, event)| scope.spawn(move || world.run(function, event));
            let runs: Vec<_> = events
                .iter()
                .map(|(name, event)| run((*name, event)))
                .collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        let (invocations, logs): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
        self.logs.extend(logs.into_iter().flatten());
        invocations
    }

    /// Starts a function in this process.
    pub(crate) fn start(&self, function: &str) -> InProcess {
        let access_key = match self.unlimited {
            Some(_) => ACCESS_KEY.to_owned(),
            None => self.aws.session(&self.deployment(), function).unwrap(),
        };
        let environment = self.environment.clone();
        InProcess::start(function, &self.aws, &access_key, environment)
            .of_account(ACCOUNT)
            .with_clusters(&self.contents_of(|name| !self.in_vpc.contains(&name)))
    }

    /// Starts a function in a separate process, as Lambda does. Its clock is the real one.
    pub(crate) fn start_process(&self, function: &str) -> Function {
        let binary = binaries().unwrap().join(function);
        let environment = match self.unlimited {
            Some(_) => self.aws.environment(),
            None => self.aws.sign_in(&self.deployment(), function).unwrap(),
        };
        let environment = environment.into_iter().chain(self.environment.clone());
        let function = Function::start(&binary, environment).unwrap();
        function.of_account(ACCOUNT)
    }

    fn run(&self, function: &str, event: &Value) -> (Invocation, Vec<String>) {
        let mut running = self.start(function);
        let event = logs::with_canary(event);
        let invocation = running.invoke(event.to_string().as_bytes(), self.time_limit);
        let denials = self.aws.denials();
        assert!(denials.is_empty(), "{function}: {}", denials.join("; "));
        let logs = running.end();
        logs::assert_no_secrets(&logs, &invocation.outcome, &self.secrets(&event));
        (invocation, logs)
    }

    /// Returns the values that an invocation receives and must not repeat.
    fn secrets(&self, event: &Value) -> Vec<String> {
        let environment = self.environment.iter();
        let external_id = environment.filter(|(name, _)| name == "EKSENTRY_EXTERNAL_ID");
        let token = event["resultToken"]
            .as_str()
            .filter(|token| token.len() > 8);
        external_id
            .map(|(_, value)| value.clone())
            .chain(token.map(str::to_owned))
            .filter(|secret| !secret.is_empty())
            .collect()
    }

    /// Returns the stacks that give functions this environment.
    pub(crate) fn deployment(&self) -> Deployment {
        let deployment = self.aws.deployment(&self.environment).unwrap();
        let parameters = self.parameters.iter();
        parameters.fold(deployment, |deployment, (name, value)| {
            deployment.with(name, value).unwrap()
        })
    }

    /// Invokes a worker with messages. Returns the ids of the messages that must be delivered again.
    pub(crate) fn work(&mut self, messages: &[Message]) -> Vec<String> {
        let answer = self.ok("sweep-worker", &sqs_event(messages));
        let failures = answer["batchItemFailures"].as_array().unwrap().iter();
        failures
            .map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Returns the answer of an invocation, which must succeed.
    pub(crate) fn ok(&mut self, function: &str, event: &Value) -> Value {
        self.invoke(function, event).outcome.unwrap()
    }

    /// Returns the error of an invocation, which must fail.
    pub(crate) fn error(&mut self, function: &str, event: &Value) -> FunctionError {
        self.invoke(function, event).outcome.unwrap_err()
    }

    pub(crate) fn sweep(&mut self) -> Value {
        self.ok("sweep", &json!({}))
    }

    /// Returns the finding of a check about a resource in Security Hub.
    pub(crate) fn finding(&self, check: &str, resource: &str) -> Option<Record> {
        let id = format!("eksentry/{check}/{resource}");
        self.aws
            .findings()
            .into_iter()
            .find(|finding| finding["Id"] == id.as_str())
    }

    /// Returns the status and the severity of a finding, after ARCHIVED if it is archived.
    pub(crate) fn status(&self, check: &str, resource: &str) -> String {
        self.finding(check, resource)
            .map_or_else(|| "none".to_owned(), |finding| status(&finding))
    }

    /// Lists all findings of eksentry, one per line, sorted.
    pub(crate) fn statuses(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .aws
            .findings()
            .iter()
            .filter_map(|finding| {
                let (check, resource) = text(finding, "Id")
                    .strip_prefix("eksentry/")?
                    .split_once('/')?;
                let name = resource.splitn(6, ':').last().unwrap_or(resource);
                Some(format!("{} {check} {name}", status(finding)))
            })
            .collect();
        lines.sort();
        lines
    }

    /// Returns the state of all findings in Security Hub by product and id, without times and other values that differ
    /// between runs.
    pub(crate) fn state(&self) -> BTreeMap<String, Value> {
        let mut state = BTreeMap::new();
        self.aws.each_finding(|finding| {
            let whole = Value::Object(finding.clone());
            let state_of_finding = json!([
                status(finding),
                whole["Compliance"]["StatusReasons"],
                whole["Workflow"]["Status"],
                whole["Resources"],
                finding.get("Vulnerabilities"),
                whole["ProductFields"]["eksentry/Digest"],
            ]);
            state.insert(
                format!("{} {}", text(finding, "ProductArn"), text(finding, "Id")),
                state_of_finding,
            );
        });
        state
    }

    /// Returns a timestamp of each finding, by the finding's id.
    pub(crate) fn times(&self, name: &str) -> BTreeMap<String, String> {
        let mut times = BTreeMap::new();
        self.aws.each_finding(|finding| {
            times.insert(
                text(finding, "Id").to_owned(),
                text(finding, name).to_owned(),
            );
        });
        times
    }

    /// Lists the evaluations in AWS Config, one per line.
    pub(crate) fn evaluations(&self) -> Vec<String> {
        let evaluations = self.aws.evaluations();
        evaluations
            .iter()
            .map(|one| {
                format!(
                    "{} {} {}",
                    one.compliance, one.resource_type, one.resource_id
                )
            })
            .collect()
    }

    /// Returns the number of calls of an operation.
    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.aws.calls_of(operation).len()
    }

    pub(crate) fn logs(&self) -> &[String] {
        &self.logs
    }

    /// Asserts that AWS would have refused no request, and that no cluster received one that no function should send.
    pub(crate) fn end(self) {
        assert_eq!(self.aws.violations(), Vec::<String>::new());
        for api in self.contents {
            assert_eq!(api.violations(), Vec::<String>::new());
        }
    }
}

pub(crate) fn status(finding: &Record) -> String {
    let finding = Value::Object(finding.clone());
    let state = if finding["RecordState"] == "ARCHIVED" {
        "ARCHIVED "
    } else {
        ""
    };
    let status = finding["Compliance"]["Status"].as_str().unwrap_or_default();
    let severity = finding["FindingProviderFields"]["Severity"]["Label"]
        .as_str()
        .unwrap_or_default();
    format!("{state}{status} {severity}")
}

/// Returns a text member of a finding.
pub(crate) fn text<'a>(finding: &'a Record, name: &str) -> &'a str {
    finding
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn cluster_arn(name: &str) -> String {
    format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}")
}

pub(crate) fn repository_arn(name: &str) -> String {
    format!("arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}")
}

pub(crate) fn key_arn(id: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{id}")
}

/// Returns the number of checks of a kind of resource that are on unless they are disabled.
pub(crate) fn checks_of(kind: &ResourceKind) -> usize {
    let checks = CHECKS.iter();
    checks
        .filter(|check| check.enabled && check.kind() == kind && is_counted(check))
        .count()
}

/// The checks of resources other than clusters whose results many tests state.
const COUNTED: [&str; 4] = [
    "ecr-image-scan-findings",
    "ecr-immutable-tags",
    "ecr-scan-on-push",
    "kms-cmk-rotation",
];

/// Returns `true` if a check runs in a world in which no event names it.
fn is_counted(check: &Check) -> bool {
    check.kind() == facts::EksCluster::KIND || COUNTED.contains(&check.id)
}

/// Returns pull time update exclusions of an account for the roles of functions that read images there.
pub(crate) fn exclusions(deployment: &Deployment, account: &str) -> Value {
    let roles = ["sweep", "sweep-worker", "ecr-event"].map(|function| deployment.role(function));
    let member = deployment.member_role(account, None).map(|(role, _)| role);
    let roles = roles.into_iter().chain([member]).map(Result::unwrap);
    let exclusions = roles.map(|role| {
        let arn = format!("arn:aws:iam::{account}:role/{}", role.iam_name());
        json!({"principalArn": arn})
    });
    exclusions.collect()
}

/// Returns a private cluster with all logs.
pub(crate) fn private_cluster(name: &str) -> Value {
    json!({
        "name": name,
        "resourcesVpcConfig": {"endpointPublicAccess": false, "endpointPrivateAccess": true},
        "logging": {"clusterLogging": [{
            "types": ["api", "audit", "authenticator", "controllerManager", "scheduler"], "enabled": true,
        }]},
        "accessConfig": {"authenticationMode": "API"},
        "accessEntries": [access_entry("ops"), access_entry("deploy")],
        "addons": [
            {"addonName": "coredns"},
            {"addonName": "vpc-cni", "configurationValues": r#"{"enableNetworkPolicy": "true"}"#},
        ],
        "insights": [{"id": "4cf936e8", "name": "Kubelet version skew"}],
        "nodegroups": [{"nodegroupName": "general"}],
        "podIdentityAssociations": [{"associationId": "a-1"}],
    })
}

/// Returns the access entry of a cluster administrator, a role of the account.
pub(crate) fn access_entry(role: &str) -> Value {
    let policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
    json!({
        "principalArn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
        "associatedAccessPolicies": [{
            "policyArn": policy,
            "accessScope": {"type": "cluster"},
            "associatedAt": "2024-06-07T08:09:10Z",
            "modifiedAt": "2024-06-07T08:09:10Z",
        }],
    })
}

/// Returns an Application Load Balancer of a cluster, in any account and Region. It redirects HTTP to HTTPS.
pub(crate) fn load_balancer_at(account: &str, region: &str, cluster: &str) -> Value {
    let arn = |kind: &str| {
        format!(
            "arn:aws:elasticloadbalancing:{region}:{account}:{kind}/app/k8s-{cluster}/27e9a9cd886d60a6"
        )
    };
    let to_https = json!([{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "StatusCode": "HTTP_301"}}]);
    let not_found =
        json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]);
    let listener = arn("listener");
    json!({
        "LoadBalancerArn": arn("loadbalancer"),
        "Tags": [{"Key": "elbv2.k8s.aws/cluster", "Value": cluster}],
        "Listeners": [
            {
                "ListenerArn": format!("{listener}/80"),
                "DefaultActions": not_found,
                "Rules": [{"Actions": to_https}],
            },
            {"ListenerArn": format!("{listener}/443"), "Protocol": "HTTPS", "Port": 443},
        ],
    })
}

/// Returns an Application Load Balancer of a cluster. It redirects HTTP to HTTPS.
pub(crate) fn load_balancer(cluster: &str) -> Value {
    load_balancer_at(ACCOUNT, REGION, cluster)
}

/// Returns a key with or without rotation.
pub(crate) fn key(id: &str, rotates: bool) -> Value {
    json!({"KeyId": id, "rotation": {"KeyRotationEnabled": rotates}})
}

/// Returns the change of a configuration item as AWS Config sends it.
pub(crate) fn change_event(token: &str, check: &str, kind: &str, id: &str, status: &str) -> Value {
    rule_event(
        token,
        check,
        &json!({
            "messageType": "ConfigurationItemChangeNotification",
            "notificationCreationTime": "2026-03-01T10:00:01Z",
            "configurationItem": {
                "resourceType": kind, "resourceId": id, "awsAccountId": ACCOUNT, "awsRegion": REGION,
                "configurationItemStatus": status, "configurationItemCaptureTime": "2026-03-01T10:00:00.123Z",
            },
        }),
    )
}

pub(crate) fn schedule_event(token: &str, check: &str) -> Value {
    let message = json!({
        "messageType": "ScheduledNotification", "awsAccountId": ACCOUNT,
        "notificationCreationTime": "2026-03-01T10:00:01Z",
    });
    rule_event(token, check, &message)
}

pub(crate) fn rule_event(token: &str, check: &str, message: &Value) -> Value {
    json!({
        "version": "1.0", "accountId": ACCOUNT, "configRuleName": format!("eksentry-{check}"),
        "resultToken": token, "eventLeftScope": false, "evaluationMode": "DETECTIVE",
        "invokingEvent": message.to_string(), "ruleParameters": json!({"checkId": check}).to_string(),
    })
}

pub(crate) const CLUSTER: &str = "AWS::EKS::Cluster";
