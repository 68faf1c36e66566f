//! The alarms that perform actions, and the metrics that they use.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use eksentry_core::Unread;
use serde::de::IgnoredAny;

use super::response::{CompositeAlarm, MetricAlarm, Page};
use crate::members::{Members, members};

/// A metric, by its namespace and its name.
type Metric = (String, String);

/// All alarms, while they are listed.
#[derive(Debug, Default)]
pub(super) struct ListedAlarms {
    /// The metric alarms, by name.
    metric_alarms: BTreeMap<String, UsedMetrics>,
    /// The alarms in the rules of composite alarms, by the names of these.
    composite_alarms: HashMap<String, Vec<String>>,
    /// The names of the alarms that perform actions themselves.
    acting: BTreeSet<String>,
}

/// The metrics that an alarm uses.
#[derive(Debug, Default)]
struct UsedMetrics {
    metrics: Vec<Metric>,
    /// The queries of CloudWatch Metrics Insights, which name metrics in their texts.
    queries: Vec<String>,
}

/// The metrics that alarms use that perform an action, or whose composite alarms do.
#[derive(Debug, Default)]
pub(crate) struct ActingAlarms {
    /// The name of an alarm, by the metric that it uses.
    by_metric: BTreeMap<Metric, String>,
    /// The queries of CloudWatch Metrics Insights, each with the name of its alarm.
    queries: Vec<(String, String)>,
    /// The reason why there may be more alarms.
    pub(super) missing: Option<Unread>,
}

impl ActingAlarms {
    /// Returns the name of an alarm that uses a metric.
    pub(super) fn on(&self, namespace: &str, metric: &str) -> Option<&str> {
        let used = self
            .by_metric
            .get(&(namespace.to_owned(), metric.to_owned()));
        let names = |query: &str| query.contains(namespace) && query.contains(metric);
        let in_queries = || {
            let mut queries = self.queries.iter();
            queries
                .find(|(_, query)| names(query))
                .map(|(alarm, _)| alarm)
        };
        used.or_else(in_queries).map(String::as_str)
    }
}

impl ListedAlarms {
    /// Adds the alarms of a page.
    ///
    /// # Errors
    ///
    /// Returns a part that an alarm lacks. The other alarms of the page are added.
    pub(super) fn add(&mut self, page: Page) -> Result<(), &'static str> {
        let metric_alarms = members(page.metric_alarms).into_iter();
        let metric_alarms: Vec<_> = metric_alarms
            .map(|alarm| self.add_metric_alarm(alarm))
            .collect();
        let composite_alarms = members(page.composite_alarms).into_iter();
        let composite_alarms: Vec<_> = composite_alarms
            .map(|alarm| self.add_composite_alarm(alarm))
            .collect();
        metric_alarms.into_iter().chain(composite_alarms).collect()
    }

    fn add_metric_alarm(&mut self, alarm: MetricAlarm) -> Result<(), &'static str> {
        let actions = [
            alarm.alarm_actions,
            alarm.ok_actions,
            alarm.insufficient_data_actions,
        ];
        let name = self.add_name(alarm.alarm_name, alarm.actions_enabled, actions)?;
        let mut used = UsedMetrics::default();
        used.metrics.extend(alarm.namespace.zip(alarm.metric_name));
        for query in members(alarm.metrics) {
            let metric = query.metric_stat.and_then(|stat| stat.metric);
            let metric = metric.and_then(|metric| metric.namespace.zip(metric.metric_name));
            used.metrics.extend(metric);
            used.queries
                .extend(query.expression.filter(|text| is_query(text)));
        }
        self.metric_alarms.insert(name, used);
        Ok(())
    }

    fn add_composite_alarm(&mut self, alarm: CompositeAlarm) -> Result<(), &'static str> {
        let actions = [
            alarm.alarm_actions,
            alarm.ok_actions,
            alarm.insufficient_data_actions,
        ];
        let name = self.add_name(alarm.alarm_name, alarm.actions_enabled, actions)?;
        let rule = alarm.alarm_rule.ok_or("the rule of a composite alarm")?;
        self.composite_alarms.insert(name, alarms_in(&rule));
        Ok(())
    }

    /// Notes whether an alarm performs actions. Returns its name.
    fn add_name(
        &mut self,
        name: Option<String>,
        is_enabled: Option<bool>,
        actions: [Option<Members<IgnoredAny>>; 3],
    ) -> Result<String, &'static str> {
        let name = name.ok_or("the name of an alarm")?;
        let is_enabled = is_enabled.ok_or("whether the actions of an alarm are enabled")?;
        let has_actions = actions
            .into_iter()
            .any(|actions| !members(actions).is_empty());
        if is_enabled && has_actions {
            self.acting.insert(name.clone());
        }
        Ok(name)
    }

    /// Returns the metrics of the alarms that perform actions. A composite alarm performs them for the alarms in its
    /// rule. `missing` is the reason why there may be more alarms.
    pub(super) fn acting(self, missing: Option<Unread>) -> ActingAlarms {
        let mut acting = self.acting;
        let mut composites: Vec<String> = acting.iter().cloned().collect();
        while let Some(composite) = composites.pop() {
            for child in self.composite_alarms.get(&composite).into_iter().flatten() {
                if acting.insert(child.clone()) {
                    composites.push(child.clone());
                }
            }
        }
        let mut found = ActingAlarms {
            missing,
            ..ActingAlarms::default()
        };
        let metric_alarms = self.metric_alarms.into_iter();
        for (name, used) in metric_alarms.filter(|(name, _)| acting.contains(name)) {
            for metric in used.metrics {
                found
                    .by_metric
                    .entry(metric)
                    .or_insert_with(|| name.clone());
            }
            let queries = used.queries.into_iter();
            found
                .queries
                .extend(queries.map(|query| (name.clone(), query)));
        }
        found
    }
}

/// Returns `true` if an expression is a query of CloudWatch Metrics Insights, and not metric math over other metrics.
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html>.
fn is_query(expression: &str) -> bool {
    let word = expression.split_whitespace().next();
    word.is_some_and(|word| word.eq_ignore_ascii_case("SELECT"))
}

/// Returns the names of the alarms in the rule of a composite alarm. The rule names an alarm, or its ARN, in a function
/// such as `ALARM("name")`, with or without quotes.
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html>.
fn alarms_in(rule: &str) -> Vec<String> {
    const FUNCTIONS: [&str; 3] = ["ALARM", "OK", "INSUFFICIENT_DATA"];
    let mut found = Vec::new();
    let mut rest = rule;
    while let Some((before, after)) = rest.split_once('(') {
        let word = before
            .trim_end()
            .rsplit(|c: char| c.is_whitespace() || c == ')');
        let word = word.into_iter().next().unwrap_or_default();
        let is_function = FUNCTIONS.iter().any(|one| one.eq_ignore_ascii_case(word));
        rest = after;
        if is_function {
            let (name, remaining) = argument(after.trim_start());
            found.push(name_in(name).to_owned());
            rest = remaining;
        }
    }
    found
}

/// Splits a text after the argument of a function.
fn argument(text: &str) -> (&str, &str) {
    let (name, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
        None => text.split_once(')').unwrap_or((text, "")),
    };
    (name.trim(), rest)
}

/// Returns the name of an alarm, which may be in its ARN.
fn name_in(text: &str) -> &str {
    let arn = text.strip_prefix("arn:");
    let name = arn.and_then(|arn| arn.split_once(":alarm:"));
    name.map_or(text, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the alarm on the metric `denied` in the namespace `audit`, given the content of the lists of a page.
    fn alarm(metric_alarms: &str, composite_alarms: &str) -> Option<String> {
        let (listed, added) = listed(metric_alarms, composite_alarms);
        assert_eq!(added, Ok(()));
        listed.acting(None).on("audit", "denied").map(str::to_owned)
    }

    fn listed(
        metric_alarms: &str,
        composite_alarms: &str,
    ) -> (ListedAlarms, Result<(), &'static str>) {
        let text = format!(
            "<DescribeAlarmsResult><MetricAlarms>{metric_alarms}</MetricAlarms><CompositeAlarms>{composite_alarms}\
             </CompositeAlarms></DescribeAlarmsResult>"
        );
        let mut listed = ListedAlarms::default();
        let added = listed.add(quick_xml::de::from_str(&text).unwrap());
        (listed, added)
    }

    const METRIC: &str = "<Namespace>audit</Namespace><MetricName>denied</MetricName>";
    const ENABLED: &str = "<ActionsEnabled>true</ActionsEnabled>";
    const ACTION: &str = "<AlarmActions><member>arn:aws:sns:::page</member></AlarmActions>";

    fn member(name: &str, content: &str) -> String {
        format!("<member><AlarmName>{name}</AlarmName>{content}</member>")
    }

    #[test]
    fn an_alarm_must_perform_an_action() {
        let disabled = "<ActionsEnabled>false</ActionsEnabled>";
        let of = |kind: &str| format!("<{kind}><member>arn</member></{kind}>");
        for (enabled, actions, expected) in [
            (ENABLED, ACTION.to_owned(), true),
            (ENABLED, of("OKActions"), true),
            (ENABLED, of("InsufficientDataActions"), true),
            (ENABLED, "<AlarmActions/>".to_owned(), false),
            (ENABLED, String::new(), false),
            (disabled, ACTION.to_owned(), false),
        ] {
            let found = alarm(&member("a", &format!("{enabled}{actions}{METRIC}")), "");
            assert_eq!(found.is_some(), expected, "{enabled} {actions}");
        }
    }

    #[test]
    fn an_alarm_uses_metrics_in_three_ways() {
        let query = |content: &str| format!("<Metrics><member>{content}</member></Metrics>");
        let stat = |metric: &str| {
            query(&format!(
                "<MetricStat><Metric>{metric}</Metric></MetricStat>"
            ))
        };
        let expression = |text: &str| query(&format!("<Expression>{text}</Expression>"));
        let other = METRIC.replace("denied", "allowed");
        for (content, expected) in [
            (METRIC.to_owned(), true),
            (other.clone(), false),
            (METRIC.replace("audit", "other"), false),
            (stat(METRIC), true),
            (stat(&other), false),
            (expression("SELECT SUM(denied) FROM \"audit\""), true),
            (expression("select SUM(denied) FROM other"), false),
            (expression("audit + denied"), false),
            (String::new(), false),
        ] {
            let found = alarm(&member("a", &format!("{ENABLED}{ACTION}{content}")), "");
            assert_eq!(found.is_some(), expected, "{content}");
        }
    }

    #[test]
    fn a_composite_alarm_acts_for_the_alarms_in_its_rule() {
        let silent = member("a", &format!("{ENABLED}{METRIC}"));
        let composite = |name: &str, actions: &str, rule: &str| {
            member(
                name,
                &format!("{ENABLED}{actions}<AlarmRule>{rule}</AlarmRule>"),
            )
        };
        for (composites, expected) in [
            (composite("c", ACTION, "ALARM(a)"), true),
            (composite("c", ACTION, "NOT OK(a) OR ALARM(b)"), true),
            (composite("c", ACTION, "ALARM(b)"), false),
            (composite("c", "", "ALARM(a)"), false),
            (
                composite("c", ACTION, "ALARM(d)") + &composite("d", "", "ALARM(a)"),
                true,
            ),
            (
                composite("c", ACTION, "ALARM(d)") + &composite("d", ACTION, "ALARM(c)"),
                false,
            ),
        ] {
            let found = alarm(&silent, &composites);
            let expected = expected.then_some("a");
            assert_eq!(found.as_deref(), expected, "{composites}");
        }
    }

    #[test]
    fn the_first_alarm_by_name_is_reported() {
        let content = format!("{ENABLED}{ACTION}{METRIC}");
        let alarms = member("b", &content) + &member("a", &content);
        assert_eq!(alarm(&alarms, "").as_deref(), Some("a"));
    }

    #[test]
    fn what_an_alarm_lacks_is_reported_and_the_others_count() {
        let whole = member("whole", &format!("{ENABLED}{ACTION}{METRIC}"));
        for (metric_alarm, composite_alarm, lacking) in [
            ("<member/>", "", "the name of an alarm"),
            (
                "<member><AlarmName>a</AlarmName></member>",
                "",
                "whether the actions of an alarm are enabled",
            ),
            (
                "",
                "<member><AlarmName>c</AlarmName><ActionsEnabled>true</ActionsEnabled></member>",
                "the rule of a composite alarm",
            ),
        ] {
            let (listed, added) = listed(&(metric_alarm.to_owned() + &whole), composite_alarm);
            assert_eq!(added, Err(lacking));
            assert_eq!(listed.acting(None).on("audit", "denied"), Some("whole"));
        }
    }

    #[test]
    fn rules_name_alarms_in_functions() {
        for (rule, expected) in [
            ("ALARM(a)", &["a"] as &[_]),
            ("ALARM(a) AND NOT ALARM(b)", &["a", "b"]),
            (
                "(ALARM(a) OR OK( b )) AND INSUFFICIENT_DATA(c)",
                &["a", "b", "c"],
            ),
            (
                r#"ALARM("a (b) AND OK(c)") OR alarm("d")"#,
                &["a (b) AND OK(c)", "d"],
            ),
            (
                r#"ALARM("arn:aws:cloudwatch:eu-central-1:111122223333:alarm:a b")"#,
                &["a b"],
            ),
            ("ALARM(a)OR(ALARM (b))", &["a", "b"]),
            ("TRUE", &[]),
            ("NOT (FALSE)", &[]),
            ("ALARM(a", &["a"]),
            (r#"ALARM("a"#, &["a"]),
            ("", &[]),
        ] {
            assert_eq!(alarms_in(rule), expected, "{rule}");
        }
    }
}
