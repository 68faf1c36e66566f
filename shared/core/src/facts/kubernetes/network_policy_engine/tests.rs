use super::*;
use crate::checks::samples::{kubernetes_cluster, unread};

fn engine() -> NetworkPolicyEngine {
    kubernetes_cluster().network_policy_engine.unwrap()
}

#[test]
fn requests_without_a_result_are_reported() {
    let mut engine = engine();
    assert_eq!(engine.unread().count(), 0);
    engine.enables_controller = Err(unread());
    assert_eq!(engine.unread().count(), 1);
    engine.api_groups = Err(unread());
    assert_eq!(engine.unread().count(), 2);
}

#[test]
fn one_engine_suffices() {
    let cluster = kubernetes_cluster();
    let on = Some(VpcCni {
        enables_agent: Ok(true),
        is_strict: Ok(false),
    });
    for (controller, agent, expected) in [
        (Ok(true), None, Some(true)),
        (Ok(false), None, Some(false)),
        (Err(unread()), on, Some(true)),
        (Err(unread()), None, None),
    ] {
        let engine = NetworkPolicyEngine {
            enables_controller: controller,
            vpc_cni: agent,
            ..engine()
        };
        assert_eq!(engine.enforces_policies(&cluster).ok(), expected);
    }
}

#[test]
fn the_first_unknown_fact_is_the_reason() {
    let other = Unread::not_requested("it");
    for (facts, expected) in [
        (vec![], Ok(false)),
        (vec![Err(unread()), Ok(true)], Ok(true)),
        (vec![Ok(false), Err(unread())], Err(unread())),
        (
            vec![Err(other.clone()), Err(unread()), Ok(false)],
            Err(other),
        ),
    ] {
        assert_eq!(any_known(facts), expected);
    }
}
