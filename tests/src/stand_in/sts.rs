//! AWS STS: the identities of callers, and the roles that they may assume.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{operation::CallContext, service::AwsError, state::State, wire::Request};
use crate::{
    account::{MemberRole, arn},
    deployment::Deployment,
    iam::{self, Decision, decide},
    template::Role,
};

/// The access key of the account that the stand-in was started with.
pub const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";

/// The prefix of the access keys of sessions.
pub const SESSION_KEY: &str = "ASIA0000";

/// The secret key that goes with every access key. No other text is equal to it by chance.
pub const SECRET_KEY: &str = "cH4Xn0kvWq/7uZ2rJ9dT+EXAMPLE/secretKeyOfNo1";

/// The session token that goes with every access key. No other text is equal to it by chance.
pub const SESSION_TOKEN: &str = "FwoGZXIvYXdzEEXAMPLE//sessionTokenOfNo1+pQ8vLm3";

/// The callers and their access keys.
#[derive(Debug)]
pub(super) struct Callers {
    home: String,
    /// The account and the session of each access key that was issued.
    sessions: BTreeMap<String, Session>,
}

#[derive(Clone, Debug)]
struct Session {
    account: String,
    /// `role/session`, as in the ARN of an assumed role.
    name: String,
    /// The limits of the session; `None` if it may do everything.
    limits: Option<Limits>,
}

/// The limits of a session: it may do what its role allows.
#[derive(Clone, Debug)]
struct Limits {
    role: Arc<Role>,
    /// The deployment, which has the roles that may be assumed.
    deployment: Arc<Deployment>,
}

impl Callers {
    pub(super) fn new(home: &str) -> Self {
        Self {
            home: home.to_owned(),
            sessions: BTreeMap::new(),
        }
    }

    /// Creates a session of a function's role and returns its access key.
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
        self.add_session(session)
    }

    fn add_session(&mut self, session: Session) -> String {
        let access_key = format!("{SESSION_KEY}{:012}", self.sessions.len() + 1);
        self.sessions.insert(access_key.clone(), session);
        access_key
    }

    /// Returns the role that limits a request.
    pub(super) fn role(&self, request: &Request) -> Option<Arc<Role>> {
        let session = self.session(&request.access_key)?;
        session.limits.map(|limits| limits.role)
    }

    /// Returns the account that a request's access key belongs to.
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

    /// Assumes a role. A caller with limits may assume the role of template-member.yaml if the role's trust policy
    /// allows it. A caller without limits may assume every role of an account, unless the account's file has a
    /// `member_role`.
    fn assume_role(
        &mut self,
        member_role: Option<&MemberRole>,
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
        let limits = self
            .session(&request.access_key)
            .and_then(|caller| caller.limits);
        let assumed_limits = match limits {
            Some(limits) => limits.of_role(request, role_arn, member_role)?.map(Some),
            None => member_role
                .is_none_or(|wanted| may_assume(wanted, role, external_id))
                .then_some(None),
        };
        let Some(limits) = assumed_limits else {
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
        let access_key = self.add_session(Session {
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

/// Returns the identity of the caller.
pub(super) fn get_caller_identity(
    state: &mut State,
    call: &CallContext<'_>,
) -> Result<Value, AwsError> {
    state.callers.get_caller_identity(call.request)
}

/// Starts a session of a role.
pub(super) fn assume_role(state: &mut State, call: &CallContext<'_>) -> Result<Value, AwsError> {
    let arn = call.request.required_text("RoleArn")?;
    let account = arn.split(':').nth(4).unwrap_or_default();
    let member_role = state
        .accounts()
        .filter(|served| served.account == account)
        .find_map(|served| served.member_role.clone());
    state
        .callers
        .assume_role(member_role.as_ref(), call.request)
}

impl Limits {
    /// Returns the limits of the role of this ARN, given the `member_role` in the file of its account; `None` if there
    /// is no such role, or its trust policy does not allow the caller.
    fn of_role(
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
        let requested = iam::Request {
            action: "sts:AssumeRole".to_owned(),
            resource: arn.to_owned(),
            region: request.region.clone(),
            principal: self.role.arn.clone(),
            account: self.deployment.stack().account().to_owned(),
            external_id: request.text("ExternalId")?.map(str::to_owned),
        };
        let is_allowed = matches!(decide(&trust, &requested), Decision::Allowed(_));
        Ok((role.arn == arn && is_allowed).then(|| Self {
            role: Arc::new(role),
            deployment: self.deployment,
        }))
    }
}

/// Returns the account and the name in a role's ARN.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let ["arn", _, "iam", "", account, resource] = arn.splitn(6, ':').collect::<Vec<_>>()[..]
    else {
        return None;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
    (is_account && !name.is_empty()).then_some((account, name))
}

/// Returns `true` if this is the role and its ExternalId. A role that requires no ExternalId accepts any.
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
