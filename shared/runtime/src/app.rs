//! The state that lives as long as the function's process: settings and clients.

use eksentry_aws::{Aws, Clock};
use eksentry_core::{Arn, Location};
use eksentry_kubernetes::{Relay, Routes};
use eksentry_reporters::{AwsConfig, Ledgers, Ocsf};
use lambda_runtime::Context;
use tokio::sync::OnceCell;

use crate::error::{Error, ErrorKind};
use crate::host::Host;
use crate::mute_list::StoredMuteList;
use crate::parameters::Parameters;
use crate::place::Place;
use crate::queue::Queue;
use crate::settings::{SetBy, Settings, is_account};
use crate::watcher::Watcher;

/// The state that a function keeps from event to event. Clients are created when the first event needs them; otherwise,
/// the loading of TLS roots and configuration would delay every cold start before the first poll.
#[derive(Debug)]
pub struct App {
    host: Host,
    settings: Result<Settings, Error>,
    aws: OnceCell<Connections>,
    relay: Relay,
}

/// The clients, and the place that the function runs in.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(crate) aws: Aws,
    /// The account and Region that the function runs in.
    pub(crate) home: Place,
    pub(crate) aws_config: AwsConfig,
    pub(crate) mute_list: StoredMuteList,
    pub(crate) parameters: Parameters,
    pub(crate) queue: Option<Queue>,
    pub(crate) ledgers: Option<Ledgers>,
    pub(crate) ocsf: Option<Ocsf>,
}

impl App {
    /// Creates an app with the settings of its host's environment. Wrong settings fail each invocation, so that they
    /// are reported where other failures are.
    pub fn new(host: Host) -> Self {
        let settings = Settings::from_environment(&host.variables);
        Self::with(host, settings)
    }

    /// Creates an app with these settings.
    pub fn with_settings(host: Host, settings: Settings) -> Self {
        Self::with(host, Ok(settings))
    }

    fn with(host: Host, settings: Result<Settings, Error>) -> Self {
        Self {
            settings,
            aws: OnceCell::new(),
            relay: Relay::new(host.kubernetes.clone()),
            host,
        }
    }

    /// Returns the clock of the host.
    pub(crate) fn clock(&self) -> &Clock {
        &self.host.clock
    }

    /// Writes lines to the output that CloudWatch Logs reads.
    pub(crate) fn print(&self, lines: &[u8]) -> std::io::Result<()> {
        (self.host.output)(lines)
    }

    /// Returns the watcher of all runs, if there is one.
    pub(crate) fn watcher(&self) -> Option<&dyn Watcher> {
        self.host.watcher.as_deref()
    }

    /// Returns the relay to the API servers of clusters.
    pub(crate) fn relay(&self) -> &Relay {
        &self.relay
    }

    pub(crate) fn settings(&self) -> Result<&Settings, Error> {
        self.settings.as_ref().map_err(Clone::clone)
    }

    pub(crate) async fn aws(&self, context: &Context) -> Result<&Connections, Error> {
        let settings = self.settings()?;
        self.aws
            .get_or_try_init(|| Connections::connect(&self.host, settings, context))
            .await
    }
}

impl Connections {
    async fn connect(host: &Host, settings: &Settings, context: &Context) -> Result<Self, Error> {
        let aws = host.aws().await;
        let location = location(&aws, context, settings.set_by).await?;
        let queue = settings.queue_url.as_deref();
        let bucket = settings.ledger_bucket.as_deref();
        let lake = settings.ocsf.as_ref();
        let kubernetes = Routes {
            connector: host.kubernetes.clone(),
            reader: settings.cluster_reader.clone(),
        };
        Ok(Self {
            aws_config: AwsConfig::new(&aws),
            mute_list: StoredMuteList::new(&aws, settings.mute_list.as_ref()),
            parameters: Parameters::new(&aws, &settings.parameters_paths),
            queue: queue.map(|url| Queue::new(&aws, url)),
            ledgers: bucket.map(|bucket| Ledgers::new(&aws, bucket, &location.account)),
            ocsf: lake.map(|destination| Ocsf::new(&aws, destination)),
            home: Place::new(&aws, &kubernetes, location, 1),
            aws,
        })
    }
}

/// Returns the account and Region that the function runs in. The account is that of the ARN that the function was
/// invoked under or, if there is none (as under `cargo lambda watch`, or in a command), that of the caller according to
/// STS, which requires no permission.
async fn location(aws: &Aws, context: &Context, set_by: SetBy) -> Result<Location, Error> {
    let region = aws.region().ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidSettings,
            "the AWS Region isn't set: set the environment variable AWS_REGION, as Lambda does, or the Region of the \
             profile",
        )
    })?;
    let function = context
        .invoked_function_arn
        .parse::<Arn>()
        .ok()
        .filter(|arn| is_account(arn.account()));
    let arn = match function {
        Some(arn) => arn,
        None => caller(aws, set_by).await?,
    };
    Ok(Location {
        region: region.to_owned(),
        ..Location::of(&arn)
    })
}

async fn caller(aws: &Aws, set_by: SetBy) -> Result<Arn, Error> {
    let failed = |problem: String| {
        let message = format!(
            "couldn't determine the account of the credentials: sts:GetCallerIdentity {problem}{}",
            set_by.name(
                "",
                "; to fix this, configure credentials as for the AWS CLI: `aws sts get-caller-identity` must succeed \
                 with the same profile"
            )
        );
        Error::new(ErrorKind::InvalidSettings, message)
    };
    let call = aws_sdk_sts::Client::new(aws.config())
        .get_caller_identity()
        .send()
        .await;
    let response =
        call.map_err(|error| failed(format!("failed: {}", eksentry_aws::problem(&error))))?;
    let arn = response.arn().unwrap_or_default();
    arn.parse()
        .map_err(|error| failed(format!("returned no valid ARN: {error}")))
}
