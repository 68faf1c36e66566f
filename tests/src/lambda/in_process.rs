//! A function that runs in its caller's process with a simulated clock, so that waiting takes no real time.

use std::{
    fmt,
    io::{self, Write},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::{
    rt::sleep::{SharedAsyncSleep, TokioSleep},
    time::{SharedTimeSource, TimeSource},
};
use eksentry_aws::{Aws, Clock};
use eksentry_kubernetes::Connector;
use eksentry_runtime::{
    App, Host, cloudtrail_event, cluster_reader, config_rule, ecr_event, handle_event, logging,
    sweep, sweep_worker,
};
use futures::FutureExt as _;
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde_json::Value;
use tokio::{
    runtime::{self, Runtime},
    time::Instant,
};
use tracing::Dispatch;

use super::{FunctionError, Invocation};
use crate::{
    kubernetes::{KubernetesApi, connector},
    stand_in::{SECRET_KEY, SESSION_TOKEN, StandIn, Time},
};

/// The stack size that Linux gives a process's first thread, in which functions run in Lambda.
const STACK: usize = 8 * 1024 * 1024;

/// The id of each request, as Lambda keeps it from one retry to the next.
const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-000000000001";

/// The endpoint of all services. It is an IP address, so that the S3 client puts the bucket's name into the path.
const ENDPOINT: &str = "http://127.0.0.1";

/// The time of a paused runtime, which advances when all tasks wait for it.
#[derive(Clone, Debug)]
struct PausedClock(Arc<Mutex<(SystemTime, Option<Instant>)>>);

impl PausedClock {
    /// Sets the time. Must be called within the runtime.
    fn set(&self, now: SystemTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (now, Some(Instant::now()));
    }
}

impl TimeSource for PausedClock {
    fn now(&self) -> SystemTime {
        let (then, since) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.map_or(then, |since| then + since.elapsed())
    }
}

/// A function that runs in this process. It is the same code as in Lambda except for `main`: no Runtime API, no
/// network.
pub struct InProcess {
    name: String,
    account: String,
    region: String,
    variables: Arc<Vec<(String, String)>>,
    aws: Aws,
    kubernetes: Connector,
    time: PausedClock,
    stand_in_time: Time,
    lines: Lines,
    dispatch: Dispatch,
    /// The state between invocations; with `None`, the next invocation starts a new instance.
    warm: Option<Warm>,
}

/// The state that Lambda keeps from one invocation to the next.
struct Warm {
    app: Arc<App>,
    runtime: Runtime,
}

impl InProcess {
    /// Creates a function, by the name of its folder, that calls a stand-in with this access key.
    pub fn start(
        name: &str,
        aws: &StandIn,
        access_key: &str,
        variables: Vec<(String, String)>,
    ) -> Self {
        let time = PausedClock(Arc::new(Mutex::new((SystemTime::UNIX_EPOCH, None))));
        let source = SharedTimeSource::new(time.clone());
        let credentials = Credentials::new(
            access_key,
            SECRET_KEY,
            Some(SESSION_TOKEN.into()),
            None,
            "a test",
        );
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(aws.region().to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(ENDPOINT)
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .time_source(source.clone())
            .http_client(aws.http_client(&Clock::new(source.clone())))
            .build();
        let lines = Lines::default();
        let level = variables
            .iter()
            .find(|(name, _)| name == "AWS_LAMBDA_LOG_LEVEL")
            .map(|(_, level)| level.as_str());
        let writer = lines.clone();
        let dispatch = Dispatch::new(logging::subscriber(level, move || writer.clone()));
        Self {
            name: name.to_owned(),
            account: "123456789012".to_owned(),
            region: aws.region().to_owned(),
            variables: Arc::new(variables),
            kubernetes: connector(&[], Clock::new(source)),
            aws: Aws::new(config),
            time,
            stand_in_time: aws.time(),
            lines,
            dispatch,
            warm: None,
        }
    }

    /// Sets the account in the function's ARN, which each event carries. The default is 123456789012.
    #[must_use]
    pub fn of_account(mut self, account: &str) -> Self {
        account.clone_into(&mut self.account);
        self
    }

    /// Lets the function reach the endpoints of these clusters.
    #[must_use]
    pub fn with_clusters(mut self, clusters: &[KubernetesApi]) -> Self {
        self.kubernetes = connector(clusters, self.aws.clock().clone());
        self
    }

    /// Delivers an event and waits for the answer. A function that does not answer before the timeout is dropped; the
    /// next invocation starts a new instance.
    ///
    /// # Panics
    ///
    /// Panics if the event is not JSON, or if no thread can be started.
    pub fn invoke(&mut self, payload: &[u8], timeout: Duration) -> Invocation {
        let name = self.name.clone();
        thread::scope(|scope| {
            thread::Builder::new()
                .name(name.clone())
                .stack_size(STACK)
                .spawn_scoped(scope, || self.invoke_here(payload, timeout))
                .and_then(|invocation| {
                    invocation
                        .join()
                        .map_err(|_| io::Error::other("the thread panicked"))
                })
                .unwrap_or_else(|error| panic!("{name} can't be run: {error}"))
        })
    }

    fn invoke_here(&mut self, payload: &[u8], timeout: Duration) -> Invocation {
        let _logs = tracing::dispatcher::set_default(&self.dispatch);
        let Warm { app, runtime } = self.warm.take().unwrap_or_else(|| self.cold());
        let payload = match serde_json::from_slice(payload) {
            Ok(payload) => payload,
            Err(error) => panic!("the event is not JSON: {error}"),
        };
        let (outcome, duration) = runtime.block_on(async {
            let begun = SystemTime::from(self.stand_in_time.now());
            self.time.set(begun);
            let started = Instant::now();
            let event = LambdaEvent::new(payload, self.context(begun + timeout));
            let answer = AssertUnwindSafe(self.answer(Arc::clone(&app), event)).catch_unwind();
            let outcome = match tokio::time::timeout(timeout, answer).await {
                Ok(Ok(answer)) => answer.map_err(FunctionError::from),
                Ok(Err(_)) => Err(FunctionError::new("Panic", "the function panicked")),
                Err(_) => Err(FunctionError::timed_out(timeout)),
            };
            (outcome, started.elapsed())
        });
        if !outcome.as_ref().is_err_and(FunctionError::is_kill) {
            self.warm = Some(Warm { app, runtime });
        }
        Invocation { outcome, duration }
    }

    fn cold(&self) -> Warm {
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap_or_else(|error| panic!("the tokio runtime can't be started: {error}"));
        let variables = Arc::clone(&self.variables);
        let variable = move |name: &str| {
            let mut set = variables.iter().rev();
            let found = set.find(|(own, _)| own == name);
            found.map(|(_, value)| value.clone())
        };
        let lines = self.lines.clone();
        let output = move |text: &[u8]| lines.clone().write_all(text);
        let (aws, kubernetes) = (self.aws.clone(), self.kubernetes.clone());
        let app = Arc::new(App::new(Host::new(variable, aws, kubernetes, output)));
        Warm { app, runtime }
    }

    async fn answer(
        &self,
        app: Arc<App>,
        event: LambdaEvent<Value>,
    ) -> Result<Value, eksentry_runtime::Error> {
        match self.name.as_str() {
            "cloudtrail-event" => handle_event(cloudtrail_event::handle, app, event).await,
            "cluster-reader" => handle_event(cluster_reader::handle, app, event).await,
            "config-rule" => handle_event(config_rule::handle, app, event).await,
            "ecr-event" => handle_event(ecr_event::handle, app, event).await,
            "report" => handle_event(report::handle, app, event).await,
            "sweep" => handle_event(sweep::handle, app, event).await,
            "sweep-worker" => handle_event(sweep_worker::handle, app, event).await,
            other => panic!("there is no function {other}"),
        }
    }

    fn context(&self, deadline: SystemTime) -> Context {
        let deadline = deadline
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let mut context = Context::default();
        context.deadline = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        REQUEST_ID.clone_into(&mut context.request_id);
        context.invoked_function_arn = format!(
            "arn:aws:lambda:{}:{}:function:{}",
            self.region, self.account, self.name
        );
        context
    }

    /// Returns the lines that the function has written so far.
    pub fn logs(&self) -> Vec<String> {
        self.lines.all()
    }

    /// Ends the function, and returns all lines that it wrote.
    pub fn end(self) -> Vec<String> {
        self.logs()
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("InProcess")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl From<eksentry_runtime::Error> for FunctionError {
    fn from(error: eksentry_runtime::Error) -> Self {
        let Diagnostic {
            error_type,
            error_message,
        } = error.into();
        Self {
            error_type,
            error_message,
        }
    }
}

/// The lines of the function's output. Clones write to the same buffer.
#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn all(&self) -> Vec<String> {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&text);
        text.lines().map(str::to_owned).collect()
    }
}

impl Write for Lines {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
