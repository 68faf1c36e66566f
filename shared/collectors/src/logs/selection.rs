//! The selection of log groups by a policy of the account.

/// Returns `true` if criteria such as `LogGroupName NOT IN ["a", "b"]` select a log group; `None` if they are not
/// understood. Subscription filter policies have only this form; other policies also select by prefixes.
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutAccountPolicy.html>.
pub(super) fn selects(criteria: &str, group: &str) -> Option<bool> {
    let (words, list) = criteria.split_at(criteria.find('[')?);
    let words: Vec<String> = words
        .split_whitespace()
        .map(str::to_ascii_lowercase)
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (key, is_exclusion) = match words[..] {
        [key, "in"] => (key, false),
        [key, "not", "in"] => (key, true),
        _ => return None,
    };
    let names: Vec<String> = serde_json::from_str(list).ok()?;
    let is_named = match key {
        "loggroupname" => names.iter().any(|name| name == group),
        "loggroupnameprefix" => names.iter().any(|prefix| group.starts_with(prefix)),
        _ => return None,
    };
    Some(is_named != is_exclusion)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criteria_include_or_exclude_names_and_prefixes() {
        for (criteria, expected) in [
            (
                r#"LogGroupName NOT IN ["/aws/eks/pay/cluster"]"#,
                Some(false),
            ),
            (
                r#"LogGroupName NOT IN ["/aws/eks/payments/cluster"]"#,
                Some(true),
            ),
            (
                r#"LogGroupName NOT IN ["a", "/aws/eks/pay/cluster"]"#,
                Some(false),
            ),
            ("LogGroupName NOT IN []", Some(true)),
            (
                r#" loggroupname  not in["/aws/eks/pay/cluster"] "#,
                Some(false),
            ),
            (r#"LogGroupName IN ["/aws/eks/pay/cluster"]"#, Some(true)),
            (
                r#"LogGroupName IN ["/aws/eks/payments/cluster"]"#,
                Some(false),
            ),
            (r#"LogGroupNamePrefix IN ["/aws/eks/pay"]"#, Some(true)),
            (r#"LogGroupNamePrefix NOT IN ["/aws/eks/pay"]"#, Some(false)),
            (r#"LogGroupNamePrefix NOT IN ["/aws/lambda"]"#, Some(true)),
            ("", None),
            ("LogGroupName", None),
            (r#"LogGroupName = ["a"]"#, None),
            (r#"DataSourceName IN ["a"]"#, None),
            (
                r#"LogGroupName NOT IN ["a"] AND LogGroupName IN ["b"]"#,
                None,
            ),
            ("LogGroupName NOT IN [a]", None),
        ] {
            assert_eq!(
                selects(criteria, "/aws/eks/pay/cluster"),
                expected,
                "{criteria}"
            );
        }
    }
}
