//! AWS STS: who calls, and as whom one may call.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{service::AwsError, wire::Request};
use crate::account::{Account, MemberRole, arn};

/// The access key of the account that the stand-in was started with.
pub const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";

/// Who signs with which access key.
#[derive(Debug)]
pub(super) struct Callers {
    home: String,
    /// The access keys that AssumeRole handed out: to which account and session they belong.
    sessions: BTreeMap<String, Session>,
}

#[derive(Clone, Debug)]
struct Session {
    account: String,
    /// `role/session`, as in the ARN of an assumed role.
    name: String,
}

impl Callers {
    pub(super) fn new(home: &str) -> Self {
        Self {
            home: home.to_owned(),
            sessions: BTreeMap::new(),
        }
    }

    /// The account that a request's access key belongs to.
    pub(super) fn account(&self, request: &Request) -> Result<String, AwsError> {
        self.session(&request.access_key)
            .map(|session| session.account)
            .ok_or_else(|| {
                AwsError::new(
                    "UnrecognizedClientException",
                    "The security token included in the request is invalid.",
                )
                .status(403)
                .violation()
            })
    }

    fn session(&self, access_key: &str) -> Option<Session> {
        if access_key == ACCESS_KEY {
            return Some(Session {
                account: self.home.clone(),
                name: "eksentry/eksentry".to_owned(),
            });
        }
        self.sessions.get(access_key).cloned()
    }

    /// Answers, given the accounts that are served.
    pub(super) fn answer<'a>(
        &mut self,
        served: impl Iterator<Item = &'a Account>,
        request: &Request,
    ) -> Result<Value, AwsError> {
        match request.operation.as_str() {
            "GetCallerIdentity" => self.get_caller_identity(request),
            "AssumeRole" => self.assume_role(served, request),
            other => Err(AwsError::unknown_operation(other)),
        }
    }

    fn get_caller_identity(&self, request: &Request) -> Result<Value, AwsError> {
        let account = self.account(request)?;
        let name = self
            .session(&request.access_key)
            .map(|session| session.name)
            .unwrap_or_default();
        Ok(json!({
            "UserId": "AROAIOSFODNN7EXAMPLE:eksentry",
            "Account": account,
            "Arn": arn(&request.region, "sts", "", &account, &format!("assumed-role/{name}")),
        }))
    }

    /// Every role of an account may be assumed, unless its file has a `member_role` or a fault says otherwise.
    fn assume_role<'a>(
        &mut self,
        mut served: impl Iterator<Item = &'a Account>,
        request: &Request,
    ) -> Result<Value, AwsError> {
        let role_arn = request.required_text("RoleArn")?;
        let (account, role) = role_of(role_arn).ok_or_else(|| {
            request.invalid(format!(
                "{role_arn} is not arn:aws:iam::<account>:role/<name>"
            ))
        })?;
        let session = request.required_text("RoleSessionName")?;
        check_session_name(request, session)?;
        if let Some(seconds) = request
            .number("DurationSeconds")?
            .filter(|seconds| !(900..=43200).contains(seconds))
        {
            return Err(request.invalid(format!("DurationSeconds is {seconds}, not 900 to 43200")));
        }
        let external_id = request.text("ExternalId")?;
        check_external_id(request, external_id)?;
        let member_role = served
            .find(|served| served.account == account && served.member_role.is_some())
            .and_then(|served| served.member_role.as_ref());
        if member_role.is_some_and(|wanted| !may_assume(wanted, role, external_id)) {
            let message = format!(
                "the caller is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
            );
            return Err(request.service.denied(message));
        }

        let access_key = format!("ASIA{:016}", self.sessions.len() + 1);
        let name = format!("{role}/{session}");
        let assumed = arn(
            &request.region,
            "sts",
            "",
            account,
            &format!("assumed-role/{name}"),
        );
        self.sessions.insert(
            access_key.clone(),
            Session {
                account: account.to_owned(),
                name,
            },
        );
        Ok(json!({
            "Credentials": {
                "AccessKeyId": access_key,
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": "2099-01-01T00:00:00Z",
            },
            "AssumedRoleUser": {"AssumedRoleId": format!("AROAIOSFODNN7EXAMPLE:{session}"), "Arn": assumed},
        }))
    }
}

/// The account and the name in a role's ARN.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let ["arn", _, "iam", "", account, resource] = arn.splitn(6, ':').collect::<Vec<_>>()[..]
    else {
        return None;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
    (is_account && !name.is_empty()).then_some((account, name))
}

/// A role that asks for no ExternalId does not mind one.
fn may_assume(wanted: &MemberRole, role: &str, external_id: Option<&str>) -> bool {
    let MemberRole {
        name,
        external_id: wanted,
    } = wanted;
    role == name && (wanted.is_none() || wanted.as_deref() == external_id)
}

fn check_external_id(request: &Request, id: Option<&str>) -> Result<(), AwsError> {
    let allowed =
        |character: char| character.is_ascii_alphanumeric() || "_+=,.@:/-".contains(character);
    match id {
        Some(id) if !(2..=1224).contains(&id.len()) || !id.chars().all(allowed) => Err(request
            .invalid(format!(
                "ExternalId is {id:?}, not 2 to 1224 letters, digits or _+=,.@:/-"
            ))),
        _ => Ok(()),
    }
}

fn check_session_name(request: &Request, name: &str) -> Result<(), AwsError> {
    let allowed =
        |character: char| character.is_ascii_alphanumeric() || "_+=,.@-".contains(character);
    if (2..=64).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(request.invalid(format!(
        "RoleSessionName is {name:?}, not 2 to 64 letters, digits or _+=,.@-"
    )))
}
