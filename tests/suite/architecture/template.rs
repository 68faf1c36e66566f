//! The resources of template.yaml, and the limits that they must keep to.

mod config_rules;
mod documents;
mod limits;
mod reports;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use eksentry_runtime::Settings;
use eksentry_tests::template::{BY_HAND, Stack, Template, members, scalar};

use super::names_in;

/// Returns the stack with the defaults of its parameters.
pub(super) fn with_defaults() -> Stack {
    Stack::new(
        Template::of_eksentry().expect("the template is valid"),
        "111122223333",
        "eu-central-1",
    )
}

/// Returns the environment of each function that the stack creates, by its logical ID: its own variables and the global
/// ones.
fn environments(stack: &Stack) -> BTreeMap<String, BTreeMap<String, String>> {
    let of_all = &stack.template().body()["Globals"]["Function"]["Environment"]["Variables"];
    let functions = stack.made("AWS::Serverless::Function");
    let functions = functions
        .expect("the conditions can be evaluated")
        .into_iter();
    functions
        .map(|(name, function)| {
            let own = &function["Properties"]["Environment"]["Variables"];
            let variables = members(of_all).chain(members(own));
            let set = variables.filter_map(|(name, value)| {
                let value = stack.resolve(value).expect("the value can be evaluated");
                Some((name.clone(), scalar(&value?)))
            });
            (name.clone(), set.collect())
        })
        .collect()
}

/// Returns the variables of all functions.
fn environment(stack: &Stack) -> BTreeMap<String, String> {
    environments(stack).into_values().flatten().collect()
}

/// Returns the texts of the documents that a stack writes, by their names.
fn documents(stack: &Stack) -> BTreeMap<String, String> {
    let made = stack.made("AWS::SSM::Parameter");
    let documents = made.expect("the conditions can be evaluated").into_iter();
    documents
        .map(|(_, document)| {
            let text = |name: &str| stack.text(&document["Properties"][name]);
            let (name, value) = (text("Name"), text("Value"));
            (name.expect("it has a name"), value.expect("it has a value"))
        })
        .collect()
}

fn stack(parameters: &[(&str, &str)]) -> Stack {
    let parameters = parameters.iter();
    parameters.fold(with_defaults(), |stack, (name, value)| {
        let stack = stack.with(name, value);
        stack.expect("the template has the parameter")
    })
}

#[test]
fn every_function_is_deployed() {
    let templates = [Template::of_eksentry(), Template::of_vpcs()];
    let templates = templates.map(|template| template.expect("the template is valid"));
    let deployed: BTreeSet<_> = templates
        .iter()
        .flat_map(|template| template.resources("AWS::Serverless::Function"))
        .map(|(name, function)| {
            assert_eq!(
                function["Metadata"]["BuildMethod"], "rust-cargolambda",
                "{name}"
            );
            scalar(&function["Properties"]["CodeUri"])
        })
        .collect();
    let functions = names_in("functions")
        .iter()
        .map(|function| format!("functions/{function}"))
        .collect();
    assert_eq!(deployed, functions);
}

#[test]
fn the_template_sets_the_variables_that_functions_read() {
    let requested = RefCell::new(BTreeSet::new());
    Settings::from_environment(|name| {
        requested.borrow_mut().insert(name.to_owned());
        None
    })
    .expect("no variable is required");
    let complete = stack(&[("ClusterReaders", "on"), ("ReportBucket", "reports")]);
    let set: BTreeSet<_> = environment(&complete).into_keys().collect();
    for name in BY_HAND {
        assert!(
            !set.contains(name),
            "the template must not set {name}: Lambda's environment is too small for it"
        );
        assert!(
            requested.borrow_mut().remove(name),
            "no function reads {name}"
        );
    }
    assert_eq!(set, requested.into_inner());
}
