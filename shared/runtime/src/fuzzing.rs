//! The entry points of tests and the fuzzer: arbitrary bytes in place of an event, of the settings, of a document of
//! parameters or of a mute list.
//!
//! Nothing here may panic, and an event that is accepted names resources only in places that the function evaluates.

use std::collections::BTreeMap;

use eksentry_core::{Finding, Location, Resource, checks};
use serde_json::Value;

use crate::documents::Part;
use crate::selection::Selection;
use crate::settings::{Settings, is_account};
use crate::task::Task;
use crate::{cloudtrail_event, config_rule, ecr_event, messages, mute_list};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";

/// Passes these bytes to every function as its event.
///
/// # Panics
///
/// Panics if a function accepts an event about a resource in a place that it does not evaluate.
pub fn events(data: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let home = home();
    if let Ok(Some(resource)) = config_rule::named_resource(&event, &home) {
        assert_at_home(&resource);
    }
    images(&event, &home);
    task(&event, &home);
    change(&event, &home);
    for message in messages::read(&event).unwrap_or_default() {
        if let Ok(event) = message.body {
            task(&event, &home);
            change(&event, &home);
        }
    }
}

/// Reads these bytes as a mute list, as a document of parameters, and as an environment: a JSON object of strings.
pub fn documents(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let _ = Selection::of_documents([("/eksentry/checks/all", text.as_str())]);
    let name = "/eksentry/mute-list".to_owned();
    let _ = mute_list::parse(&[Part { name, text }]);
    if let Ok(variables) = serde_json::from_slice::<BTreeMap<String, String>>(data) {
        let _ = Settings::from_environment(|name| variables.get(name).cloned());
    }
}

/// The Regions and accounts of settings.
const PLACES: [(&str, &str); 3] = [
    ("", ""),
    ("eu-west-1", "444455556666"),
    ("all", "organization"),
];

fn images(event: &Value, home: &Location) {
    for (regions, accounts) in PLACES {
        let named = ecr_event::named_resources(event, &settings(regions, accounts), home);
        for (resource, observation) in named.unwrap_or_default() {
            assert_evaluated(&resource, regions, accounts);
            let observation = observation.into_iter();
            for (observation, check) in
                observation.flat_map(|one| checks::CHECKS.map(|check| (one.clone(), check)))
            {
                let settings = eksentry_core::ParameterValues::default();
                for finding in Finding::all(check, &observation, &settings, None, &|_, one| one) {
                    let outline = eksentry_reporters::security_hub::outline(&finding);
                    let _ = outline.map(|outline| outline.render(&finding));
                }
            }
        }
    }
}

fn change(event: &Value, home: &Location) {
    for (regions, accounts) in PLACES {
        let settings = settings(regions, accounts);
        if let Ok(Some(resource)) = cloudtrail_event::named_resource(event, &settings, home) {
            assert_evaluated(&resource, regions, accounts);
        }
    }
}

fn task(event: &Value, home: &Location) {
    let Ok(task) = Task::read(event) else { return };
    for (regions, accounts) in PLACES {
        let settings = settings(regions, accounts);
        let _ = (
            task.checks(&settings.selection, &settings),
            task.check_place(&settings, home),
        );
        let named = task.named_resources(&settings, home).unwrap_or_default();
        for (account, of_account) in named {
            for (region, resources) in of_account {
                for resource in &resources {
                    assert_evaluated(resource, regions, accounts);
                }
                let place = Location {
                    region,
                    account: account.clone(),
                    ..home.clone()
                };
                assert!(
                    resources
                        .iter()
                        .all(|resource| resource.location() == place)
                );
            }
        }
    }
}

fn assert_evaluated(resource: &Resource, regions: &str, accounts: &str) {
    let Location {
        partition,
        account,
        region,
    } = resource.location();
    assert_eq!(partition, "aws");
    assert!(is_account(&account), "{account:?}");
    assert!(account == ACCOUNT || accounts.contains(&account) || accounts == "organization");
    assert!(region == REGION || regions.contains(&region) || regions == "all");
    assert_eq!(Resource::parse(resource.id()).as_ref(), Ok(resource));
}

fn assert_at_home(resource: &Resource) {
    assert_eq!(resource.location(), home());
    assert_eq!(Resource::parse(resource.id()).as_ref(), Ok(resource));
}

fn home() -> Location {
    Location {
        partition: "aws".to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
    }
}

fn settings(regions: &str, accounts: &str) -> Settings {
    let read = |name: &str| match name {
        "EKSENTRY_REGIONS" => Some(regions.to_owned()),
        "EKSENTRY_ACCOUNTS" => Some(accounts.to_owned()),
        _ => None,
    };
    Settings::from_environment(read).unwrap_or_default()
}

#[cfg(test)]
mod tests;
