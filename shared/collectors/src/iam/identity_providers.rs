//! The list of an account's OIDC identity providers.

use aws_sdk_iam::types::OpenIdConnectProviderListEntry;
use eksentry_core::Arn;
use eksentry_core::facts::{Fact, List};

use crate::Reader;
use crate::call::Call;
use crate::permission::{Arns, Permission};

pub(crate) const LIST: Permission = Permission::new("iam:ListOpenIDConnectProviders", &[Arns::Any]);

/// The issuers, without `https://`, of an account's OIDC identity providers.
#[derive(Debug)]
pub(crate) struct IdentityProviders {
    issuers: List<String>,
}

impl IdentityProviders {
    /// Returns the providers in the response to a call.
    fn of(list: Option<Vec<OpenIdConnectProviderListEntry>>, call: &Call<'_>) -> Self {
        let Some(list) = list else {
            return Self {
                issuers: List::unread(call.no_list()),
            };
        };
        let mut issuers = List::complete(Vec::new());
        for provider in &list {
            match provider.arn().and_then(issuer) {
                Some(issuer) => issuers.items.push(issuer),
                None => issuers.missing = Some(call.without("the ARN of an identity provider")),
            }
        }
        Self { issuers }
    }

    /// Returns `true` if the account has a provider for the issuer, which is written without `https://`.
    pub(crate) fn has(&self, issuer: &str) -> Fact<bool> {
        let mut issuers = self.issuers.items.iter();
        match &self.issuers.missing {
            _ if issuers.any(|known| known.eq_ignore_ascii_case(issuer)) => Ok(true),
            Some(missing) => Err(missing.clone()),
            None => Ok(false),
        }
    }
}

/// Returns the issuer in the ARN of a provider.
fn issuer(arn: &str) -> Option<String> {
    let arn: Arn = arn.parse().ok()?;
    arn.resource()
        .strip_prefix("oidc-provider/")
        .map(str::to_owned)
}

impl Reader<'_> {
    /// Returns the identity providers of the account, which are listed once for all Regions.
    pub(crate) async fn identity_providers(&self) -> &IdentityProviders {
        let list = || Box::pin(self.list_identity_providers());
        self.account.identity_providers(list).await
    }

    async fn list_identity_providers(&self) -> IdentityProviders {
        let call = self.iam_call(&LIST, format!("account {}", self.location.account));
        let request = self.clients.iam.list_open_id_connect_providers();
        match call.send(request.send()).await {
            Ok(response) => IdentityProviders::of(response.open_id_connect_provider_list, &call),
            Err(failure) => IdentityProviders {
                issuers: List::unread(failure.into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use eksentry_aws::Pace;
    use eksentry_core::ReasonCode;

    use super::*;

    const ISSUER: &str = "oidc.eks.eu-central-1.amazonaws.com/id/AB12";

    fn providers(arns: Option<&[Option<&str>]>) -> IdentityProviders {
        let pace = Pace::default();
        let call = Call::new(LIST.action, &pace, "account 111122223333");
        let entry = |arn: Option<&str>| {
            let entry = OpenIdConnectProviderListEntry::builder();
            entry.set_arn(arn.map(str::to_owned)).build()
        };
        let list = arns.map(|arns| arns.iter().copied().map(entry).collect());
        IdentityProviders::of(list, &call)
    }

    #[test]
    fn a_provider_is_found_by_the_whole_issuer_in_its_arn() {
        let of = |issuer: &str| format!("arn:aws:iam::111122223333:oidc-provider/{issuer}");
        for (arn, expected) in [
            (of(ISSUER), true),
            (of(&ISSUER.to_lowercase()), true),
            (of(ISSUER).replace("aws:iam", "aws-us-gov:iam"), true),
            (of(&format!("{ISSUER}3")), false),
            (of("oidc.eks.eu-central-1.amazonaws.com/id/B12"), false),
            (of(&format!("example.com/{ISSUER}")), false),
        ] {
            let found = providers(Some(&[Some(&of("example.com")), Some(&arn)])).has(ISSUER);
            assert_eq!(found, Ok(expected), "{arn}");
        }
        assert_eq!(providers(Some(&[])).has(ISSUER), Ok(false));
    }

    #[test]
    fn a_provider_is_missing_only_from_a_complete_list() {
        let arn = format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}");
        for incomplete in [None, Some(""), Some("arn:aws:iam::111122223333:role/x")] {
            let providers = providers(Some(&[Some(&arn), incomplete]));
            assert_eq!(providers.has(ISSUER), Ok(true));
            let unread = providers.has("example.com").unwrap_err();
            assert_eq!(unread.code, ReasonCode::ReadFailed);
        }
        let unread = providers(None).has(ISSUER).unwrap_err();
        assert_eq!(unread.code, ReasonCode::NoList);
    }
}
