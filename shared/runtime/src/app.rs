//! What lives as long as the function's process: settings and clients.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use eksentry_collectors::Clients;
use eksentry_core::{Arn, Location};
use eksentry_reporters::{AwsConfig, SecurityHub};
use lambda_runtime::Context;
use tokio::sync::OnceCell;

use crate::error::{Error, ErrorKind};
use crate::settings::Settings;

/// How often a call is tried, and how long at most it waits before the second try; each further wait may be twice as
/// long, about three seconds in all. A call that waits keeps its place among those in flight, so throttling slows the
/// whole run down.
const TRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// How long one try of a call may take, and how long connecting.
const TRY: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(3);

/// What a function keeps from event to event. Clients are made when the first event needs them: TLS roots and
/// configuration would otherwise cost every cold start before the first poll.
#[derive(Debug)]
pub struct App {
    settings: Result<Settings, Error>,
    aws: OnceCell<Connections>,
}

/// Clients, and where they are.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(crate) location: Location,
    pub(crate) readers: Clients,
    pub(crate) security_hub: SecurityHub,
    pub(crate) aws_config: AwsConfig,
}

impl App {
    /// An app with the settings of the environment. Wrong settings fail each invocation, so that they are seen where
    /// failures are looked for.
    pub(crate) fn new() -> Self {
        Self {
            settings: Settings::from_environment(|name| std::env::var(name).ok()),
            aws: OnceCell::new(),
        }
    }

    pub(crate) fn settings(&self) -> Result<&Settings, Error> {
        self.settings.as_ref().map_err(Clone::clone)
    }

    pub(crate) async fn aws(&self, context: &Context) -> Result<&Connections, Error> {
        self.aws
            .get_or_try_init(|| Connections::connect(context))
            .await
    }
}

impl Connections {
    async fn connect(context: &Context) -> Result<Self, Error> {
        let config = configuration().await;
        let location = location(&config, context).await?;
        // The SDK's own quota of retries is shared by all calls of a process: a hundred throttled calls would use it up,
        // and the next resource would go unread. Here each call has its six tries, whatever the others do.
        let retries = RetryPartition::custom("eksentry")
            .token_bucket(TokenBucket::unlimited())
            .build();
        Ok(Self {
            readers: Clients::new(&config, &retries),
            security_hub: SecurityHub::new(&config, retries.clone(), location.clone()),
            aws_config: AwsConfig::new(&config, retries),
            location,
        })
    }
}

async fn configuration() -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(TRY)
        .connect_timeout(CONNECT)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(TRIES)
        .with_initial_backoff(FIRST_WAIT);
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(retries)
        .timeout_config(timeouts)
        .load()
        .await
}

/// The account and Region that the function runs in: by the ARN it was invoked under, or where that is none (as under
/// `cargo lambda watch`) by asking STS, which needs no permission.
async fn location(config: &SdkConfig, context: &Context) -> Result<Location, Error> {
    let region = config.region().map(ToString::to_string).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidSettings,
            "no AWS Region is set: set AWS_REGION, as Lambda does",
        )
    })?;
    let function = context
        .invoked_function_arn
        .parse::<Arn>()
        .ok()
        .filter(|arn| is_account(arn.account()));
    let arn = match function {
        Some(arn) => arn,
        None => caller(config).await?,
    };
    Ok(Location {
        region,
        ..Location::of(&arn)
    })
}

async fn caller(config: &SdkConfig) -> Result<Arn, Error> {
    let failed = |problem: String| {
        let message = format!(
            "sts:GetCallerIdentity, asked for the account that the function runs in, {problem}"
        );
        Error::new(ErrorKind::InvalidSettings, message)
    };
    let call = aws_sdk_sts::Client::new(config)
        .get_caller_identity()
        .send()
        .await;
    let answer = call.map_err(|error| {
        failed(format!(
            "failed: {}",
            aws_smithy_types::error::display::DisplayErrorContext(error)
        ))
    })?;
    let arn = answer.arn().unwrap_or_default();
    arn.parse()
        .map_err(|error| failed(format!("answered without an ARN: {error}")))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
