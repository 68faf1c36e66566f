//! Conditions of every form, with the principals that they allow or exempt.

mod denials;
mod networks;
mod operators;
mod policy_variables;
mod principals;

use super::*;
use crate::policy::condition::conditions;
use crate::policy::service::{ECR, KMS, Service};

fn read(block: &str) -> Vec<Condition> {
    let block = serde_json::from_str(&format!("{{{block}}}")).unwrap();
    conditions(block).unwrap()
}

fn context(service: &Service) -> Context<'_> {
    Context {
        owner: "111122223333",
        service,
    }
}

fn assert_allowed(cases: &[(&str, &str)]) {
    for (block, audience) in cases {
        let found = allowed(&read(block), context(&ECR)).to_string();
        assert_eq!(found, *audience, "{block}");
    }
}
