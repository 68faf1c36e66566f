//! Checks of the place that an event comes from. A caller that may invoke a function can send it any event, so an event
//! about another account or Region is rejected before any call is made.

use eksentry_core::{Location, Resource};

use crate::error::Error;

/// Returns an error if an event is about another account or Region than the function's own. If the event does not name
/// them, it is about the function's own.
pub(crate) fn expect_home(
    subject: &str,
    account: Option<&str>,
    region: Option<&str>,
    home: &Location,
) -> Result<(), Error> {
    let there = Location {
        account: account.unwrap_or(&home.account).to_owned(),
        region: region.unwrap_or(&home.region).to_owned(),
        partition: home.partition.clone(),
    };
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
