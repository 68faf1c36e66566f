//! AWS STS: who calls, and as whom one may call.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{service::AwsError, wire::Request};
use crate::{
    account::{Account, MemberRole, arn},
    deployment::Deployment,
    iam::{self, Decision, decide},
    template::Role,
};

/// The access key of the account that the stand-in was started with.
pub const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";

/// What the access keys of sessions begin with.
pub const SESSION_KEY: &str = "ASIA0000";

/// The secret key and the session's token that go with every access key. No text is like them by chance.
pub const SECRET_KEY: &str = "cH4Xn0kvWq/7uZ2rJ9dT+EXAMPLE/secretKeyOfNo1";

/// See [`SECRET_KEY`].
pub const SESSION_TOKEN: &str = "FwoGZXIvYXdzEEXAMPLE//sessionTokenOfNo1+pQ8vLm3";

/// Who signs with which access key.
#[derive(Debug)]
pub(super) struct Callers {
    home: String,
    /// The access keys that were handed out: to which account and session they belong.
    sessions: BTreeMap<String, Session>,
}

#[derive(Clone, Debug)]
struct Session {
    account: String,
    /// `role/session`, as in the ARN of an assumed role.
    name: String,
    /// Nothing: it may do everything.
    limits: Option<Limits>,
}

/// What a session may do.
#[derive(Clone, Debug)]
struct Limits {
    role: Arc<Role>,
    /// It says which roles there are to be assumed.
    deployment: Arc<Deployment>,
}

impl Callers {
    pub(super) fn new(home: &str) -> Self {
        Self {
            home: home.to_owned(),
            sessions: BTreeMap::new(),
        }
    }

    /// A new session of a function's role: its access key.
    pub(super) fn sign_in(
        &mut self,
        deployment: &Deployment,
        role: Role,
        function: &str,
    ) -> String {
        let session = Session {
            account: self.home.clone(),
            name: format!("{}/{function}", role.iam_name()),
            limits: Some(Limits {
                role: Arc::new(role),
                deployment: Arc::new(deployment.clone()),
            }),
        };
        self.hand_out(session)
    }

    fn hand_out(&mut self, session: Session) -> String {
        let access_key = format!("{SESSION_KEY}{:012}", self.sessions.len() + 1);
        self.sessions.insert(access_key.clone(), session);
        access_key
    }

    /// The role that limits a request.
    pub(super) fn role(&self, request: &Request) -> Option<Arc<Role>> {
        let session = self.session(&request.access_key)?;
        session.limits.map(|limits| limits.role)
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
                limits: None,
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

    /// The role of template-member.yaml may be assumed by whom its trust policy lets, and every role of an account by a
    /// caller without limits, unless the account's file has a `member_role`.
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
        let limits = self
            .session(&request.access_key)
            .and_then(|caller| caller.limits);
        let entered = match limits {
            Some(limits) => limits.enter(request, role_arn, member_role)?.map(Some),
            None => member_role
                .is_none_or(|wanted| may_assume(wanted, role, external_id))
                .then_some(None),
        };
        let Some(limits) = entered else {
            let message = format!(
                "the caller is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
            );
            return Err(request.service.denied(message));
        };

        let name = format!("{role}/{session}");
        let assumed = arn(
            &request.region,
            "sts",
            "",
            account,
            &format!("assumed-role/{name}"),
        );
        let access_key = self.hand_out(Session {
            account: account.to_owned(),
            name,
            limits,
        });
        Ok(json!({
            "Credentials": {
                "AccessKeyId": access_key,
                "SecretAccessKey": SECRET_KEY,
                "SessionToken": SESSION_TOKEN,
                "Expiration": "2099-01-01T00:00:00Z",
            },
            "AssumedRoleUser": {"AssumedRoleId": format!("AROAIOSFODNN7EXAMPLE:{session}"), "Arn": assumed},
        }))
    }
}

impl Limits {
    /// The limits in the role of this ARN, of an account whose file says this of it. None: there is no such role, or
    /// its trust policy does not let the caller in.
    fn enter(
        self,
        request: &Request,
        arn: &str,
        set: Option<&MemberRole>,
    ) -> Result<Option<Self>, AwsError> {
        let account = arn.split(':').nth(4).unwrap_or_default();
        let (role, trust) = self
            .deployment
            .member_role(account, set)
            .map_err(|error| AwsError::new("TemplateError", error.to_string()).violation())?;
        let asked = iam::Request {
            action: "sts:AssumeRole".to_owned(),
            resource: arn.to_owned(),
            region: request.region.clone(),
            principal: self.role.arn.clone(),
            account: self.deployment.stack().account().to_owned(),
            external_id: request.text("ExternalId")?.map(str::to_owned),
        };
        let lets_in = matches!(decide(&trust, &asked), Decision::Allowed(_));
        Ok((role.arn == arn && lets_in).then(|| Self {
            role: Arc::new(role),
            deployment: self.deployment,
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
