//! The configuration that all AWS clients share: one HTTP stack, credentials, retries and call rates. This crate calls
//! no service but STS, which issues credentials.

mod call_counts;
mod clock;
mod complete_responses;
mod download;
mod json;
mod lazy;
mod pace;
mod pages;
mod problem;
mod query;
mod rate;
mod required;
mod service;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;

pub use call_counts::{CallCounter, CallCounts};
pub use clock::Clock;
pub use complete_responses::CompleteResponses;
pub use download::DownloadError;
pub use json::{JsonClient, JsonRequest};
pub use lazy::Lazy;
pub use pace::Pace;
pub use pages::{IncompleteList, Pages};
pub use problem::problem;
pub use query::{Parameters, QueryClient, QueryService};
pub use rate::{Rate, Rates};
pub use required::Required;
pub use service::{Service, ServiceError, ServiceResult, dns_suffix};

/// The IAM actions of the calls that this crate makes.
pub const ACTIONS: &[&str] = &["sts:AssumeRole"];

/// The number of tries of a call, the longest wait before the second try, and the longest wait before any try. Each
/// wait may be twice as long as the one before it, up to the longest: nine seconds in all, half of that on average. A
/// call that waits keeps its place among the calls in flight. If a third of all calls is throttled, one in twenty
/// thousand runs out of tries.
const TRIES: u32 = 9;
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_millis(1_500);

/// The timeouts of connecting, of one try of a call, and of a call with all its tries. A call without a response is
/// given up after two full tries, so that it does not use up all of the available time.
const CONNECT: Duration = Duration::from_secs(3);
const TRY: Duration = Duration::from_secs(20);
const CALL: Duration = Duration::from_secs(45);

/// The configuration that calls to AWS from one account in one Region share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Aws {
    config: SdkConfig,
    clock: Clock,
    retries: RetryPartition,
    call_counts: CallCounts,
}

/// The error of a role that cannot be assumed. Holds the text and not the source, because the SDK's error contains the
/// whole response, in which there may be credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sts:AssumeRole failed: {problem}")]
pub struct AssumeRoleError {
    /// The reason why STS did not return credentials.
    pub problem: String,
}

impl Aws {
    /// Returns the configuration from the environment variables that Lambda sets.
    pub async fn from_environment() -> Self {
        Self::load(aws_config::defaults(BehaviorVersion::latest())).await
    }

    /// Returns the configuration that a loader finds, with the HTTP stack that all clients share.
    pub async fn load(loader: ConfigLoader) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        Self::new(loader.http_client(http).load().await)
    }

    /// Creates a configuration with the Region, the credentials, the HTTP client and the clock of `config`.
    pub fn new(config: SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(TRY)
            .operation_timeout(CALL)
            .connect_timeout(CONNECT)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(TRIES)
            .with_initial_backoff(FIRST_WAIT)
            .with_max_backoff(LONGEST_WAIT);
        let clock = config.time_source().map(Clock::new);
        let config = config
            .into_builder()
            .retry_config(retries)
            .timeout_config(timeouts)
            .build();
        // The SDK's own quota of retries is shared by all calls of a process: a hundred throttled calls would use it
        // up, and the next resource would not be read. With this partition each call has its own tries, independent of
        // the others.
        let retries = RetryPartition::custom("eksentry")
            .token_bucket(TokenBucket::unlimited())
            .build();
        Self {
            config,
            clock: clock.unwrap_or_default(),
            retries,
            call_counts: CallCounts::default(),
        }
    }

    /// Returns the same configuration for another Region.
    pub fn in_region(&self, region: &str) -> Self {
        let region = Region::new(region.to_owned());
        Self {
            config: self.config.to_builder().region(region).build(),
            ..self.clone()
        }
    }

    /// Returns the same configuration with a role assumed, so that calls are made in the role's account. The session
    /// lasts an hour, and a function runs for at most a quarter of an hour.
    ///
    /// # Errors
    ///
    /// Returns an error if STS does not return credentials.
    pub async fn as_role(
        &self,
        arn: &str,
        external_id: Option<&str>,
    ) -> Result<Self, AssumeRoleError> {
        let mut role = AssumeRoleProvider::builder(arn)
            .session_name("eksentry")
            .configure(&self.config);
        if let Some(id) = external_id {
            role = role.external_id(id);
        }
        let assumed = role.build().await.provide_credentials().await;
        let session = assumed.map_err(|error| AssumeRoleError {
            problem: problem(&error),
        })?;
        let config = self
            .config
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(session));
        Ok(Self {
            config: config.build(),
            ..self.clone()
        })
    }

    /// Returns the Region; `None` if none is set.
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(Region::as_ref)
    }

    /// Returns the clock by which calls are signed.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns the configuration of SDK clients; [`client!`] creates these.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Returns the partition that clients draw their retries from.
    pub fn retries(&self) -> RetryPartition {
        self.retries.clone()
    }

    /// Returns the interceptors of a client: they count its calls, slow down `pace` when the service throttles, and
    /// reject responses that are truncated or that lack one of the [`Required`] members.
    pub fn interceptors(
        &self,
        pace: Option<&Pace>,
        required: &'static [(&'static str, &'static str)],
    ) -> [SharedInterceptor; 3] {
        // Each step of each call looks up whether the other kind of interceptor is disabled.
        [
            SharedInterceptor::permanent(self.call_counter(pace)),
            SharedInterceptor::permanent(CompleteResponses),
            SharedInterceptor::permanent(Required(required)),
        ]
    }

    fn call_counter(&self, pace: Option<&Pace>) -> CallCounter {
        CallCounter::new(self.call_counts.clone(), pace.cloned())
    }

    /// Returns the counts of the calls so far. All configurations that derive from the same one share them.
    pub fn call_counts(&self) -> &CallCounts {
        &self.call_counts
    }
}

/// Creates a [`Lazy`] client of an SDK crate with the shared configuration. The arguments are the [`Aws`]; the
/// [`Pace`], for services whose calls are paced; and the operations and members that [`Required`] takes, for services
/// whose responses must not lack a member. It is a macro, since the crates' builders have the same methods but no trait
/// in common.
#[macro_export]
macro_rules! client {
    ($sdk:ident, $aws:expr) => {
        $crate::client!($sdk, $aws, None)
    };
    ($sdk:ident, $aws:expr, $pace:expr) => {
        $crate::client!($sdk, $aws, $pace, &[])
    };
    ($sdk:ident, $aws:expr, $pace:expr, $required:expr) => {{
        let aws: &$crate::Aws = $aws;
        let pace: Option<&$crate::Pace> = $pace;
        let (aws, pace) = (aws.clone(), pace.cloned());
        $crate::Lazy::new(move || {
            let mut config =
                $sdk::config::Builder::from(aws.config()).retry_partition(aws.retries());
            for interceptor in aws.interceptors(pace.as_ref(), $required) {
                config.push_interceptor(interceptor);
            }
            $sdk::Client::from_conf(config.build())
        })
    }};
}
