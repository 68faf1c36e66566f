//! The parameter values in samconfig.toml.

use eksentry_tests::template::{Template, members, scalar};

use super::read;

/// Each line of samconfig.toml that is a quoted text sets a parameter of the template.
#[test]
fn every_environment_has_valid_parameter_values() {
    let template = Template::of_eksentry().expect("the template is valid");
    let mut count = 0;
    for line in read("samconfig.toml").lines().map(str::trim) {
        if !line.starts_with(['"', '\'']) {
            continue;
        }
        let text = line.trim_matches([',', '"', '\'']);
        let (name, value) = text.split_once('=').expect("the line is Name=value");
        let mut parameters = members(&template.body()["Parameters"]);
        let (_, parameter) = parameters
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("template.yaml has no parameter {name}"));
        if let Some(allowed) = parameter["AllowedValues"].as_array() {
            let mut allowed = allowed.iter().map(scalar);
            assert!(
                allowed.any(|one| one == value),
                "the parameter {name} doesn't allow {value}"
            );
        }
        count += 1;
    }
    assert!(count > 0, "samconfig.toml contains no parameter values");
}
