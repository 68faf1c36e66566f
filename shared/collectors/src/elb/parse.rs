//! Pure functions that convert the responses of Elastic Load Balancing into facts.

use eksentry_core::Arn;
use eksentry_core::facts::cluster::{LoadBalancerKind, TlsVersion};

use super::response::{Action, SslPolicy};
use crate::members::Members;

/// Returns the type and the name in the ARN of a load balancer; `None` for any other ARN.
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html>.
pub(super) fn kind_and_name(arn: &str) -> Option<(LoadBalancerKind, String)> {
    let arn: Arn = arn.parse().ok()?;
    let resource = arn.resource().strip_prefix("loadbalancer/")?;
    let (kind, name) = match resource.split('/').collect::<Vec<_>>()[..] {
        ["app", name, _] => (LoadBalancerKind::Application, name),
        ["net", name, _] => (LoadBalancerKind::Network, name),
        ["gwy", name, _] => (LoadBalancerKind::Gateway, name),
        [name] => (LoadBalancerKind::Classic, name),
        _ => return None,
    };
    (!name.is_empty()).then(|| (kind, name.to_owned()))
}

/// Returns `true` if a scheme is that of an internal load balancer; `None` if the scheme is unknown.
pub(super) fn is_internal(scheme: &str) -> Option<bool> {
    match scheme {
        "internal" => Some(true),
        "internet-facing" => Some(false),
        _ => None,
    }
}

/// Returns `true` if actions do anything with requests other than to redirect them to HTTPS, or to return a fixed
/// response; `None` if the response lacks the actions or their types.
pub(super) fn serve_requests(actions: Option<&Members<Action>>) -> Option<bool> {
    let actions = actions.map_or(&[][..], |actions| &actions.member);
    let serve: Vec<Option<bool>> = actions.iter().map(serves_requests).collect();
    if serve.contains(&Some(true)) {
        return Some(true);
    }
    // Every rule has an action.
    (!serve.is_empty() && !serve.contains(&None)).then_some(false)
}

fn serves_requests(action: &Action) -> Option<bool> {
    match action.kind.as_deref()? {
        "fixed-response" => Some(false),
        "redirect" => {
            let redirect = action.redirect_config.as_ref();
            // Without a protocol, the redirect keeps the one of the request.
            let protocol = redirect.and_then(|redirect| redirect.protocol.as_deref());
            Some(protocol != Some("HTTPS"))
        }
        _ => Some(true),
    }
}

/// Returns the oldest TLS version that a policy allows; `None` if the response lacks the versions, or if one is
/// unknown.
pub(super) fn oldest_version(policy: &SslPolicy) -> Option<TlsVersion> {
    let protocols = policy.ssl_protocols.as_ref()?.member.iter();
    let versions: Option<Vec<TlsVersion>> = protocols
        .map(|protocol| TlsVersion::of_protocol(protocol))
        .collect();
    versions?.into_iter().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_the_type_and_the_name_of_a_load_balancer() {
        use LoadBalancerKind::{Application, Classic, Gateway, Network};
        for (resource, expected) in [
            ("loadbalancer/app/k8s-a/27e9", Some((Application, "k8s-a"))),
            ("loadbalancer/net/k8s-a/27e9", Some((Network, "k8s-a"))),
            ("loadbalancer/gwy/k8s-a/27e9", Some((Gateway, "k8s-a"))),
            ("loadbalancer/a1b2", Some((Classic, "a1b2"))),
            ("loadbalancer/new/k8s-a/27e9", None),
            ("loadbalancer/app/k8s-a", None),
            ("loadbalancer/app//27e9", None),
            ("loadbalancer/", None),
            ("listener/app/k8s-a/27e9/1234", None),
            ("targetgroup/k8s-a/27e9", None),
        ] {
            let arn = format!("arn:aws:elasticloadbalancing:eu-central-1:111122223333:{resource}");
            let expected = expected.map(|(kind, name)| (kind, name.to_owned()));
            assert_eq!(kind_and_name(&arn), expected, "{resource}");
        }
        assert_eq!(kind_and_name("loadbalancer/a1b2"), None);
    }

    #[test]
    fn only_known_schemes_are_read() {
        assert_eq!(is_internal("internal"), Some(true));
        assert_eq!(is_internal("internet-facing"), Some(false));
        for scheme in ["", "Internal", "new"] {
            assert_eq!(is_internal(scheme), None, "{scheme}");
        }
    }

    #[test]
    fn actions_other_than_redirects_to_https_and_fixed_responses_serve_requests() {
        let action = |kind: &str| format!("<member><Type>{kind}</Type></member>");
        let redirect = |config: &str| {
            format!(
                "<member><Type>redirect</Type><RedirectConfig>{config}</RedirectConfig></member>"
            )
        };
        let to = |protocol: &str| redirect(&format!("<Protocol>{protocol}</Protocol>"));
        let untyped = "<member><Order>1</Order></member>";
        for (actions, expected) in [
            (action("fixed-response"), Some(false)),
            (to("HTTPS"), Some(false)),
            (to("HTTP"), Some(true)),
            (to("#{protocol}"), Some(true)),
            (redirect(""), Some(true)),
            (action("redirect"), Some(true)),
            (action("forward"), Some(true)),
            (action("authenticate-oidc"), Some(true)),
            (action("new"), Some(true)),
            (action("fixed-response") + &action("forward"), Some(true)),
            (untyped.to_owned(), None),
            (untyped.to_owned() + &to("HTTPS"), None),
            (untyped.to_owned() + &action("forward"), Some(true)),
            (String::new(), None),
        ] {
            let text = format!("<Actions>{actions}</Actions>");
            let read: Members<Action> = quick_xml::de::from_str(&text).unwrap();
            assert_eq!(serve_requests(Some(&read)), expected, "{actions}");
        }
        assert_eq!(serve_requests(None), None);
    }

    #[test]
    fn the_oldest_version_of_a_policy_is_known_only_if_all_are() {
        for (protocols, expected) in [
            (&["TLSv1.2", "TLSv1.3"][..], Some("1.2")),
            (&["TLSv1.3", "TLSv1.2", "TLSv1", "TLSv1.1"], Some("1.0")),
            (&["TLSv1.3"], Some("1.3")),
            (&["TLSv1.2", "SSLv3"], None),
            (&[], None),
        ] {
            let policy = SslPolicy {
                name: None,
                ssl_protocols: Some(Members {
                    member: protocols.iter().map(ToString::to_string).collect(),
                }),
            };
            let version = oldest_version(&policy).map(|version| version.to_string());
            assert_eq!(version.as_deref(), expected, "{protocols:?}");
        }
        let without = SslPolicy {
            name: None,
            ssl_protocols: None,
        };
        assert_eq!(oldest_version(&without), None);
    }
}
