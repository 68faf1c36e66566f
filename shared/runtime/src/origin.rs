//! Checks of the place that an event comes from. A caller that may invoke a function can send it any event, so an event
//! about an account or a Region that the function does not evaluate is rejected before any call is made.

use eksentry_core::{Location, Resource};

use crate::error::Error;
use crate::settings::{Regions, SetBy, Settings, is_account, is_region};

/// Returns the place of an event. If the event does not name the account or the Region, it is the function's own.
pub(crate) fn place_of(account: Option<&str>, region: Option<&str>, home: &Location) -> Location {
    Location {
        account: account.unwrap_or(&home.account).to_owned(),
        region: region.unwrap_or(&home.region).to_owned(),
        partition: home.partition.clone(),
    }
}

/// Returns an error if the settings do not name a place, and it is not the function's own.
pub(crate) fn expect_evaluated(
    subject: &str,
    place: &Location,
    settings: &Settings,
    home: &Location,
) -> Result<(), Error> {
    let is_evaluated = place.partition == home.partition
        && covers_account(settings, home, &place.account)
        && covers_region(settings, home, &place.region);
    if place == home || is_evaluated {
        return Ok(());
    }
    Err(Error::invalid_event(format!(
        "{subject} is in {place}, which {}",
        not_evaluated(settings, home)
    )))
}

/// Returns the rest of a message about a place that is not evaluated.
pub(crate) fn not_evaluated(settings: &Settings, home: &Location) -> String {
    match settings.set_by {
        SetBy::Variables => format!(
            "this function doesn't evaluate (it runs in {home}): to fix this, evaluate it there, or add its account and \
             Region to EKSENTRY_ACCOUNTS and EKSENTRY_REGIONS, which must also name {home} if it is to be swept"
        ),
        SetBy::Options => format!(
            "isn't evaluated (the credentials are those of {home}): to fix this, add its account and Region to \
             --accounts and --region, which must also name {home} if it is to be scanned"
        ),
    }
}

/// Returns `true` if an account is evaluated. If the settings name an organization or its units, every account passes:
/// the accounts of an organization are known only to AWS Organizations, and IAM rejects others, since an account outside
/// the organization has no role of that name that this function may assume.
pub(crate) fn covers_account(settings: &Settings, home: &Location, account: &str) -> bool {
    let accounts = &settings.accounts;
    let of_organization = accounts.organization || !accounts.units.is_empty();
    account == home.account
        || of_organization && is_account(account)
        || accounts.ids.iter().any(|id| id == account)
}

/// Returns `true` if a Region is evaluated in all accounts.
pub(crate) fn covers_region(settings: &Settings, home: &Location, region: &str) -> bool {
    match &settings.regions {
        Regions::Home => region == home.region,
        Regions::All => is_region(region),
        Regions::These(regions) => regions.iter().any(|one| one == region),
    }
}

/// Returns an error if an event is about another account or Region than the function's own. If the event does not name
/// them, it is about the function's own.
pub(crate) fn expect_home(
    subject: &str,
    account: Option<&str>,
    region: Option<&str>,
    home: &Location,
) -> Result<(), Error> {
    let there = place_of(account, region, home);
    if there == *home {
        return Ok(());
    }
    Err(wrong_place(subject, &there, home))
}

/// Returns the resource of an ARN in an event, if it is in the function's own account and Region.
pub(crate) fn expect_here(subject: &str, arn: &str, home: &Location) -> Result<Resource, Error> {
    let resource = Resource::parse(arn).map_err(|error| {
        Error::invalid_event(format!("couldn't read an ARN in {subject}: {error}"))
    })?;
    let there = resource.location();
    if there == *home {
        return Ok(resource);
    }
    Err(wrong_place(
        &format!("{subject} contains {arn}, which"),
        &there,
        home,
    ))
}

fn wrong_place(subject: &str, there: &Location, home: &Location) -> Error {
    let partition = if there.partition == home.partition {
        String::new()
    } else {
        format!(" in the partition {:?}", there.partition)
    };
    Error::invalid_event(format!(
        "{subject} belongs to account {:?} in {:?}{partition}, but this function evaluates {home}: to fix this, deploy \
         eksentry there, and don't send events from there to this function",
        there.account, there.region
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(regions: &str, accounts: &str) -> Settings {
        let read = |name: &str| match name {
            "EKSENTRY_REGIONS" => Some(regions.to_owned()),
            "EKSENTRY_ACCOUNTS" => Some(accounts.to_owned()),
            _ => None,
        };
        Settings::from_environment(read).unwrap()
    }

    #[test]
    fn a_place_is_evaluated_if_the_settings_name_it_or_the_function_runs_there() {
        let (own, other) = ("111122223333", "444455556666");
        let (here, away) = ("eu-central-1", "us-east-1");
        for (regions, accounts, account, region, expected) in [
            ("", "", own, here, true),
            ("", "", own, away, false),
            ("", "", other, here, false),
            (away, "", own, here, true),
            (away, "", own, away, true),
            (away, "", own, "us-west-2", false),
            ("", other, other, here, true),
            ("", other, other, away, false),
            ("", other, "777788889999", here, false),
            ("all", other, other, away, true),
            ("all", other, other, "evil.example/", false),
            ("all", other, own, "", false),
            // Only the function's own place is evaluated although the settings don't name it.
            (away, other, other, here, false),
            (away, other, own, here, true),
            ("", "organization", other, here, true),
            ("", "ou-ab12-cdefgh34", other, here, true),
            ("", "organization", "44445555666", here, false),
            ("", "organization", "", here, false),
        ] {
            let place = place_of(Some(account), Some(region), &home());
            let settings = settings(regions, accounts);
            let result = expect_evaluated("the event", &place, &settings, &home());
            assert_eq!(result.is_ok(), expected, "{regions} {accounts} {place}");
        }
        let elsewhere = Location {
            partition: "aws-cn".into(),
            ..home()
        };
        let all = settings("all", "organization");
        let error = expect_evaluated("the event", &elsewhere, &all, &home());
        assert!(error.is_err());
    }

    fn home() -> Location {
        Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        }
    }

    #[test]
    fn an_event_without_account_and_region_is_about_the_functions_own() {
        let expect = |account, region| expect_home("the event", account, region, &home());
        assert!(expect(None, None).is_ok());
        assert!(expect(Some("111122223333"), Some("eu-central-1")).is_ok());
        for (account, region) in [
            (Some("444455556666"), None),
            (None, Some("us-east-1")),
            (Some(""), None),
            (None, Some("EU-CENTRAL-1")),
        ] {
            let error = expect(account, region).unwrap_err().message;
            for mention in [account.or(region).unwrap(), "111122223333", "deploy"] {
                assert!(error.contains(mention), "{error}");
            }
        }
    }

    #[test]
    fn an_arn_of_another_place_is_reported_with_both_places() {
        let own = "arn:aws:eks:eu-central-1:111122223333:cluster/c";
        let resource = expect_here("the event", own, &home()).unwrap();
        assert_eq!(resource.id(), own);
        let other = "arn:aws-cn:eks:cn-north-1:444455556666:cluster/c";
        assert_eq!(
            expect_here("the item", other, &home()).unwrap_err().message,
            format!(
                "the item contains {other}, which belongs to account \"444455556666\" in \"cn-north-1\" in the \
                 partition \"aws-cn\", but this function evaluates account 111122223333 in eu-central-1: to fix this, \
                 deploy eksentry there, and don't send events from there to this function"
            )
        );
    }
}
