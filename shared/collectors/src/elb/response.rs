//! The responses of Elastic Load Balancing, as far as they are read. Elements that are not named here are ignored.

use serde::Deserialize;

use crate::members::Members;

/// A response with a page of a list. The names of its elements depend on the operation.
#[derive(Debug, Deserialize)]
pub(super) struct Response<T> {
    #[serde(
        rename = "DescribeListenersResult",
        alias = "DescribeLoadBalancersResult",
        alias = "DescribeRulesResult",
        alias = "DescribeSSLPoliciesResult"
    )]
    pub(super) result: Option<Page<T>>,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    /// The items; `None` if the response lacks the list.
    #[serde(
        rename = "Listeners",
        alias = "LoadBalancers",
        alias = "Rules",
        alias = "SslPolicies"
    )]
    pub(super) items: Option<Members<T>>,
    /// The token of the next page.
    #[serde(rename = "NextMarker")]
    pub(super) next_marker: Option<String>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            items: None,
            next_marker: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Balancer {
    #[serde(rename = "LoadBalancerArn")]
    pub(super) arn: Option<String>,
    pub(super) scheme: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listener {
    #[serde(rename = "ListenerArn")]
    pub(super) arn: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) protocol: Option<String>,
    pub(super) ssl_policy: Option<String>,
    pub(super) default_actions: Option<Members<Action>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rule {
    pub(super) actions: Option<Members<Action>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Action {
    #[serde(rename = "Type")]
    pub(super) kind: Option<String>,
    pub(super) redirect_config: Option<RedirectConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RedirectConfig {
    pub(super) protocol: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SslPolicy {
    pub(super) name: Option<String>,
    pub(super) ssl_protocols: Option<Members<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: serde::de::DeserializeOwned>(operation: &str, content: &str) -> Option<Page<T>> {
        let text = format!(
            r#"<{operation}Response xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">
                <{operation}Result>{content}</{operation}Result>
                <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>
            </{operation}Response>"#
        );
        let response: Response<T> = quick_xml::de::from_str(&text).unwrap();
        response.result
    }

    #[test]
    fn the_result_of_each_operation_is_read() {
        let page = read::<Balancer>(
            "DescribeLoadBalancers",
            "<LoadBalancers><member><LoadBalancerArn>a</LoadBalancerArn><Scheme>internal</Scheme>\
             <State><Code>active</Code></State></member><member/></LoadBalancers><NextMarker>m</NextMarker>",
        );
        let page = page.unwrap();
        let balancers = page.items.unwrap().member;
        assert_eq!(balancers[0].arn.as_deref(), Some("a"));
        assert_eq!(balancers[0].scheme.as_deref(), Some("internal"));
        assert_eq!(balancers[1].arn, None);
        assert_eq!(page.next_marker.as_deref(), Some("m"));

        let page = read::<Listener>(
            "DescribeListeners",
            "<Listeners><member><Port>443</Port><SslPolicy>p</SslPolicy><DefaultActions><member><Type>redirect</Type>\
             <RedirectConfig><Protocol>HTTPS</Protocol></RedirectConfig></member></DefaultActions></member></Listeners>",
        );
        let listener = page.unwrap().items.unwrap().member.remove(0);
        assert_eq!(
            (listener.port, listener.ssl_policy.as_deref()),
            (Some(443), Some("p"))
        );
        let action = listener.default_actions.unwrap().member.remove(0);
        assert_eq!(action.kind.as_deref(), Some("redirect"));
        let protocol = action.redirect_config.unwrap().protocol;
        assert_eq!(protocol.as_deref(), Some("HTTPS"));

        let page = read::<Rule>(
            "DescribeRules",
            "<Rules><member><Actions/></member><member/></Rules>",
        );
        let rules = page.unwrap().items.unwrap().member;
        assert!(rules[0].actions.is_some() && rules[1].actions.is_none());

        let page = read::<SslPolicy>(
            "DescribeSSLPolicies",
            "<SslPolicies><member><Name>p</Name><SslProtocols><member>TLSv1.2</member><member>TLSv1.3</member>\
             </SslProtocols></member></SslPolicies>",
        );
        let policy = page.unwrap().items.unwrap().member.remove(0);
        assert_eq!(policy.name.as_deref(), Some("p"));
        assert_eq!(policy.ssl_protocols.unwrap().member, ["TLSv1.2", "TLSv1.3"]);
    }

    #[test]
    fn a_list_is_empty_or_missing() {
        let items = |content: &str| read::<Rule>("DescribeRules", content).unwrap().items;
        assert!(items("<Rules/>").unwrap().member.is_empty());
        assert!(items("").is_none());
        let without: Response<Rule> = quick_xml::de::from_str("<R/>").unwrap();
        assert!(without.result.is_none());
    }
}
