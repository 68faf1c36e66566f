//! Checks of the place that an event comes from. A caller that may invoke a function can send it any event, so an event
//! about another account or Region is rejected before any call is made.

use eksentry_core::{Location, Resource};

use crate::error::Error;

/// Returns an error if an event is about another account or Region than the function's own. If the event does not name
/// them, it is about the function's own.
pub(crate) fn expect_home(
    what: &str,
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
    Err(elsewhere(what, &there, home))
}

/// Returns the resource of an ARN in an event, if it is in the function's own account and Region.
pub(crate) fn expect_here(what: &str, arn: &str, home: &Location) -> Result<Resource, Error> {
    let resource = Resource::parse(arn)
        .map_err(|error| Error::invalid_event(format!("{what} names no resource: {error}")))?;
    let there = resource.location();
    if there == *home {
        return Ok(resource);
    }
    Err(elsewhere(
        &format!("{what} names {arn}, which"),
        &there,
        home,
    ))
}

fn elsewhere(what: &str, there: &Location, home: &Location) -> Error {
    let partition = if there.partition == home.partition {
        String::new()
    } else {
        format!(" of the partition {:?}", there.partition)
    };
    Error::invalid_event(format!(
        "{what} is of account {:?} in {:?}{partition}, but this function looks at {home}: deploy eksentry there, and let \
         no events from there come here",
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
    fn what_is_not_said_is_home() {
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
            for told in [account.or(region).unwrap(), "111122223333", "deploy"] {
                assert!(error.contains(told), "{error}");
            }
        }
    }

    #[test]
    fn an_arn_of_elsewhere_is_told_with_where_it_is_and_what_is_looked_at() {
        let own = "arn:aws:eks:eu-central-1:111122223333:cluster/c";
        let resource = expect_here("the event", own, &home()).unwrap();
        assert_eq!(resource.id(), own);
        let other = "arn:aws-cn:eks:cn-north-1:444455556666:cluster/c";
        assert_eq!(
            expect_here("the item", other, &home()).unwrap_err().message,
            format!(
                "the item names {other}, which is of account \"444455556666\" in \"cn-north-1\" of the partition \
                 \"aws-cn\", but this function looks at account 111122223333 in eu-central-1: deploy eksentry there, \
                 and let no events from there come here"
            )
        );
    }
}
