//! The settings that decide whether policies have an effect.

use super::*;

#[test]
fn policies_need_an_engine() {
    let mut facts = good();
    let off = (Warning, vec!["POLICIES_NOT_ENFORCED"]);
    let (agent_on, agent_off) = (vpc_cni(true, Ok(false)), vpc_cni(false, Ok(false)));
    for (controller, agent, is_enforced) in [
        (Some(true), Some(agent_on), true),
        (Some(true), Some(agent_off), false),
        (Some(false), Some(agent_on), false),
        (None, Some(agent_on), true),
        (Some(true), None, true),
        (None, None, false),
        (Some(false), None, false),
    ] {
        engine(&mut facts).enables_controller = Ok(controller);
        engine(&mut facts).vpc_cni = agent;
        let found = result(&facts, "{}");
        assert_eq!(found.0 == Passed, is_enforced, "{controller:?} {agent:?}");
        assert_eq!(found == off, !is_enforced, "{controller:?} {agent:?}");
    }
    for (group, outcome) in [
        ("projectcalico.org", Passed),
        ("crd.projectcalico.org", Passed),
        ("cilium.io", Passed),
        ("policy.networking.k8s.io", Warning),
        ("networking.k8s.aws", Warning),
        ("not-cilium.io", Warning),
    ] {
        engine(&mut facts).api_groups = Ok([group.to_owned()].into());
        assert_eq!(result(&facts, "{}").0, outcome, "{group}");
    }
    // Without an engine, both warnings are reported.
    let mut facts = with(&[("deny", deny())]);
    engine(&mut facts).enables_controller = Ok(Some(false));
    let codes = vec!["POLICIES_NOT_ENFORCED", "DNS_BLOCKED"];
    assert_eq!(result(&facts, "{}"), (Warning, codes));
    // The engine does not matter if nothing is denied.
    let mut facts = with(&[]);
    engine(&mut facts).enables_controller = Err(unread());
    assert_eq!(result(&facts, "{}").0, MEDIUM);
}

#[test]
fn other_kinds_of_policies_may_deny_traffic() {
    let open = || json!({"ingress": [{}]});
    for group in [
        "projectcalico.org",
        "crd.projectcalico.org",
        "cilium.io",
        "policy.networking.k8s.io",
    ] {
        for policies in [vec![], vec![("deny", deny()), ("open", open())]] {
            let mut facts = with(&policies);
            engine(&mut facts).api_groups = Ok([group.to_owned()].into());
            let (outcome, codes) = result(&facts, "{}");
            assert_eq!((outcome, codes[0]), (Warning, "OTHER_POLICY_KINDS"));
        }
    }
    let mut facts = with(&[]);
    engine(&mut facts).api_groups = Ok(["networking.k8s.aws".to_owned()].into());
    assert_eq!(result(&facts, "{}").0, MEDIUM);
    engine(&mut facts).api_groups = Err(unread());
    assert_eq!(result(&facts, "{}"), (NotAvailable, vec!["ACCESS_DENIED"]));
}

#[test]
fn the_strict_mode_denies_what_no_policy_selects() {
    let mut facts = with(&[]);
    let strict = vec!["STRICT_MODE", "STRICT_MODE"];
    engine(&mut facts).vpc_cni = Some(vpc_cni(true, Ok(true)));
    assert_eq!(result(&facts, "{}"), (Passed, strict.clone()));
    engine(&mut facts).vpc_cni = Some(vpc_cni(true, Err(InvalidField)));
    assert_eq!(result(&facts, "{}"), (NotAvailable, vec!["READ_FAILED"]));
    engine(&mut facts).vpc_cni = Some(vpc_cni(true, Ok(false)));
    assert_eq!(result(&facts, "{}").0, MEDIUM);
    // The agent ignores the mode if it does not enforce policies.
    engine(&mut facts).vpc_cni = Some(vpc_cni(false, Ok(true)));
    assert_eq!(result(&facts, "{}").0, MEDIUM);

    let mut facts = with(&[("open", json!({"ingress": [{}]}))]);
    engine(&mut facts).vpc_cni = Some(vpc_cni(true, Ok(true)));
    assert_eq!(
        result(&facts, "{}"),
        (MEDIUM, vec!["ALLOW_ALL", "NO_DEFAULT_DENY"]),
        "a policy that allows all ingress traffic counts, and opens egress traffic"
    );
}

#[test]
fn a_policy_opens_the_other_direction_in_strict_mode() {
    let of_web = |types: &[&str]| {
        let web = json!({"matchLabels": {"app": "web"}});
        json!({"podSelector": web, "policyTypes": types})
    };
    let strict = || vec!["STRICT_MODE", "STRICT_MODE"];
    let both = ["Ingress", "Egress"];
    for (policies, expected) in [
        (vec![], (Passed, strict())),
        (vec![of_web(&both)], (Passed, strict())),
        (
            vec![json!({"podSelector": {}, "policyTypes": ["Ingress"]})],
            (LOW, vec!["NO_DEFAULT_DENY"]),
        ),
        (vec![dns()], (MEDIUM, vec!["NO_DEFAULT_DENY"])),
        (vec![of_web(&["Ingress"])], (LOW, vec!["NO_DEFAULT_DENY"])),
        (
            vec![of_web(&both), of_web(&["Egress"])],
            (MEDIUM, vec!["NO_DEFAULT_DENY"]),
        ),
        (
            vec![of_web(&["Ingress", "New"])],
            (NotAvailable, vec!["READ_FAILED"]),
        ),
        (
            vec![of_web(&["Ingress", "New"]), of_web(&["Ingress"])],
            (LOW, vec!["NO_DEFAULT_DENY"]),
        ),
    ] {
        let names = ["a", "b"];
        let policies: Vec<_> = names.into_iter().zip(policies).collect();
        let mut facts = with(&policies);
        engine(&mut facts).vpc_cni = Some(vpc_cni(true, Ok(true)));
        assert_eq!(result(&facts, "{}"), expected, "{policies:?}");
        facts.auto_mode = true;
        engine(&mut facts).vpc_cni = None;
        engine(&mut facts).node_classes = vec![Field::Value("DefaultDeny".to_owned())];
        assert_eq!(result(&facts, "{}"), expected, "{policies:?}");
    }
}

#[test]
fn all_node_classes_must_deny() {
    let class = |default: &str| Field::Value(default.to_owned());
    let (deny, allow) = (|| class("DefaultDeny"), || class("DefaultAllow"));
    for (classes, agent, outcome) in [
        (vec![deny()], None, Passed),
        (vec![deny(), deny()], None, Passed),
        (vec![deny(), allow()], None, MEDIUM),
        (vec![Field::Absent], None, MEDIUM),
        (vec![Field::Invalid], None, NotAvailable),
        (vec![Field::Invalid, allow()], None, MEDIUM),
        (vec![], None, MEDIUM),
        (vec![deny()], Some(vpc_cni(true, Ok(false))), MEDIUM),
        (vec![deny()], Some(vpc_cni(true, Ok(true))), Passed),
        (vec![allow()], Some(vpc_cni(true, Ok(true))), MEDIUM),
    ] {
        let mut facts = KubernetesCluster {
            auto_mode: true,
            ..with(&[])
        };
        engine(&mut facts).node_classes = classes.clone();
        engine(&mut facts).vpc_cni = agent;
        assert_eq!(result(&facts, "{}").0, outcome, "{classes:?} {agent:?}");
    }
    let mut facts = KubernetesCluster {
        auto_mode: true,
        ..with(&[])
    };
    facts.lists.insert(ApiList::NodeClasses, Err(unread()));
    assert_eq!(result(&facts, "{}").0, NotAvailable);
    facts.auto_mode = false;
    assert_eq!(result(&facts, "{}").0, MEDIUM);
}

#[test]
fn node_classes_count_only_in_auto_mode() {
    let class = |default: &str| Field::Value(default.to_owned());
    let strict = Some(vpc_cni(true, Ok(true)));
    for (classes, agent, in_auto_mode, otherwise) in [
        (vec![class("DefaultDeny")], None, Passed, MEDIUM),
        (vec![class("DefaultAllow")], strict, MEDIUM, Passed),
        (vec![Field::Absent], strict, MEDIUM, Passed),
        (vec![Field::Invalid], strict, NotAvailable, Passed),
    ] {
        let mut facts = with(&[]);
        engine(&mut facts).node_classes = classes.clone();
        engine(&mut facts).vpc_cni = agent;
        assert_eq!(result(&facts, "{}").0, otherwise, "{classes:?}");
        facts.auto_mode = true;
        assert_eq!(result(&facts, "{}").0, in_auto_mode, "{classes:?}");
    }
}
