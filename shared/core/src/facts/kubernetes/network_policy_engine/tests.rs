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
fn the_plugin_needs_its_controller_and_its_agent() {
    let agent = |enables_agent| {
        Some(VpcCni {
            enables_agent,
            is_strict: Ok(false),
        })
    };
    let (on, off, odd) = (agent(Ok(true)), agent(Ok(false)), agent(Err(InvalidField)));
    for (controller, agent, expected) in [
        (Ok(Some(true)), on, Some(true)),
        (Ok(Some(true)), off, Some(false)),
        (Ok(Some(true)), odd, None),
        (Ok(Some(false)), on, Some(false)),
        (Ok(Some(false)), off, Some(false)),
        (Ok(Some(false)), odd, Some(false)),
        (Err(unread()), on, None),
        (Err(unread()), off, Some(false)),
        // The controller may run on a node, where it needs no ConfigMap.
        (Ok(None), on, Some(true)),
        (Ok(None), off, Some(false)),
        (Ok(None), odd, None),
        // Nodes of EKS Auto Mode have an agent.
        (Ok(Some(true)), None, Some(true)),
        (Ok(Some(false)), None, Some(false)),
        (Ok(None), None, Some(false)),
        (Err(unread()), None, None),
    ] {
        let mut engine = NetworkPolicyEngine {
            enables_controller: controller.clone(),
            vpc_cni: agent,
            ..engine()
        };
        let found = engine.enforces_policies(&kubernetes_cluster());
        assert_eq!(found.ok(), expected, "{controller:?} {agent:?}");
        engine.api_groups = Ok(["cilium.io".to_owned()].into());
        let found = engine.enforces_policies(&kubernetes_cluster());
        assert_eq!(found, Ok(true), "another engine suffices");
    }
}

#[test]
fn a_daemon_set_that_may_exist_is_unknown() {
    let mut cluster = kubernetes_cluster();
    cluster.lists.insert(ApiList::DaemonSets, Err(unread()));
    for (controller, expected) in [
        (Ok(Some(true)), Err(unread())),
        (Ok(None), Err(unread())),
        (Ok(Some(false)), Ok(false)),
    ] {
        let engine = NetworkPolicyEngine {
            enables_controller: controller.clone(),
            ..engine()
        };
        let found = engine.enforces_policies(&cluster);
        assert_eq!(found, expected, "{controller:?}");
    }
}
