//! The way to AWS that all clients share: one HTTP stack, credentials, retries, and how fast calls may go. Knows no
//! service but STS, which credentials come from.

mod clock;
mod lazy;
mod pace;
mod pages;
mod problem;
mod rate;
mod required;
mod traffic;
mod whole;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};

pub use clock::Clock;
pub use lazy::Lazy;
pub use pace::Pace;
pub use pages::{Endless, Pages};
pub use problem::problem;
pub use rate::Rate;
pub use required::Required;
pub use traffic::{Traffic, Watch};
pub use whole::Whole;

/// The IAM actions of the calls that are made here.
pub const ACTIONS: &[&str] = &["sts:AssumeRole"];

/// How often a call is tried, and how long at most it waits before the second try; each further wait may be twice as
/// long, up to the longest: nine seconds in all, half of that on average. A call that waits keeps its place among those
/// in flight. Where a third of all calls is throttled, one in twenty thousand runs out of tries.
const TRIES: u32 = 9;
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_millis(1_500);

/// How long connecting may take, how long one try of a call, and how long a call with all its tries: one that is never
/// answered is given up after two, so that it does not take all of the time that there is.
const CONNECT: Duration = Duration::from_secs(3);
const TRY: Duration = Duration::from_secs(20);
const CALL: Duration = Duration::from_secs(45);

/// What calls to AWS from one account in one Region have in common. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Aws {
    config: SdkConfig,
    clock: Clock,
    retries: RetryPartition,
    traffic: Traffic,
}

/// A role that can't be assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAssumed {
    /// What STS said.
    pub problem: String,
}

impl Aws {
    /// As the environment says, as Lambda sets it.
    pub async fn from_environment() -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
        Self::new(config.load().await)
    }

    /// With the Region, the credentials and the HTTP client of that configuration, and its clock.
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
        // The SDK's own quota of retries is shared by all calls of a process: a hundred throttled calls would use it up,
        // and the next resource would go unread. Here each call has its tries, whatever the others do.
        let retries = RetryPartition::custom("eksentry")
            .token_bucket(TokenBucket::unlimited())
            .build();
        Self {
            config,
            clock: clock.unwrap_or_default(),
            retries,
            traffic: Traffic::default(),
        }
    }

    /// The same in another Region.
    pub fn in_region(&self, region: &str) -> Self {
        let region = Region::new(region.to_owned());
        Self {
            config: self.config.to_builder().region(region).build(),
            ..self.clone()
        }
    }

    /// The same as a role, in whose account calls are made then, for as long as its session lasts: an hour, and a function
    /// runs a quarter of one.
    ///
    /// # Errors
    ///
    /// When STS does not let us.
    pub async fn as_role(&self, arn: &str, external_id: Option<&str>) -> Result<Self, NotAssumed> {
        let mut role = AssumeRoleProvider::builder(arn)
            .session_name("eksentry")
            .configure(&self.config);
        if let Some(id) = external_id {
            role = role.external_id(id);
        }
        let assumed = role.build().await.provide_credentials().await;
        let session = assumed.map_err(|error| NotAssumed {
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

    /// The Region; `None` where none is set.
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(Region::as_ref)
    }

    /// The clock that calls are signed by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What SDK clients are configured from; [`client!`] makes them.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Where clients draw their retries from.
    pub fn retries(&self) -> RetryPartition {
        self.retries.clone()
    }

    /// An interceptor that counts a client's calls, and slows that pace down when the service asks for it.
    pub fn watch(&self, pace: Option<&Pace>) -> Watch {
        Watch::new(self.traffic.clone(), pace.cloned())
    }

    /// What was called so far, of all that came from the same beginning.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }
}

/// A [`Lazy`] client of an SDK crate with all that clients share, given the [`Aws`] and, for services whose calls keep to
/// one, the [`Pace`]; then, for services whose answers must not lack something, the operations and members that
/// [`Required`] takes. A macro, since the crates' builders have the same methods but no trait in common.
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
            let config = $sdk::config::Builder::from(aws.config())
                .retry_partition(aws.retries())
                .interceptor(aws.watch(pace.as_ref()))
                .interceptor($crate::Whole)
                .interceptor($crate::Required($required));
            $sdk::Client::from_conf(config.build())
        })
    }};
}
