//! AWS Lambda around one function: the Runtime API, the process, and nothing in between.
//!
//! ```no_run
//! use std::time::Duration;
//! use eksentry_tests::{account::Account, lambda::{Function, binaries}, stand_in::StandIn};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let aws = StandIn::start(Account::empty("123456789012", "eu-central-1"))?;
//! let mut sweep = Function::start(&binaries()?.join("sweep"), aws.environment())?.of_account("123456789012");
//! let invocation = sweep.invoke(b"{}", Duration::from_secs(30));
//! println!("{:?} in {:?}", invocation.outcome, invocation.duration);
//! # Ok(())
//! # }
//! ```

mod binaries;
mod in_process;
mod runtime_api;

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use thiserror::Error;

use self::runtime_api::{Event, RuntimeApi};
pub use self::{
    binaries::{BinariesError, binaries},
    in_process::InProcess,
};
use crate::background::{ANY_PORT, Background};

/// How long Lambda waits for a function's first poll.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a wait looks whether the process still runs.
const GLANCE: Duration = Duration::from_millis(10);
const MEMORY_MB: u32 = 256;
/// The unit of processor time in /proc on Linux, whatever its kernel counts in.
const TICK: Duration = Duration::from_millis(10);

/// Why a function does not run.
#[derive(Debug, Error)]
pub enum LambdaError {
    /// The Runtime API does not run.
    #[error("the Lambda Runtime API can't listen on 127.0.0.1; it needs a free port")]
    Server(#[source] io::Error),
    /// The binary can't be run.
    #[error("{binary} can't be run; is it built? `cargo build --workspace --bins` builds it", binary = binary.display())]
    Start {
        /// The binary.
        binary: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The process never asked for an event.
    #[error("{binary} did not ask for an event: {source}", binary = binary.display())]
    Init {
        /// The binary.
        binary: PathBuf,
        /// What Lambda would report.
        source: FunctionError,
    },
}

/// How a function failed, as Lambda reports it to whoever invoked it.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[error("{error_type}: {error_message}")]
pub struct FunctionError {
    /// Such as `Runtime.ExitError`, `Sandbox.Timedout`, or a type of the function's own.
    pub error_type: String,
    /// What went wrong.
    pub error_message: String,
}

impl FunctionError {
    fn new(error_type: &str, error_message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.to_owned(),
            error_message: error_message.into(),
        }
    }

    fn timed_out(waited: Duration) -> Self {
        let seconds = waited.as_secs_f64();
        Self::new(
            "Sandbox.Timedout",
            format!("Task timed out after {seconds:.2} seconds"),
        )
    }

    /// Whether Lambda ended the function's process for it.
    fn is_kill(&self) -> bool {
        self.error_type.starts_with("Sandbox.")
    }
}

/// What came of an event.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The function's answer, or how it failed.
    pub outcome: Result<Value, FunctionError>,
    /// From handing out the event to the answer.
    pub duration: Duration,
}

/// One running function. It is killed when it is dropped.
pub struct Function {
    binary: PathBuf,
    name: String,
    account: String,
    region: String,
    process: Child,
    started: Instant,
    api: Arc<RuntimeApi>,
    logs: Arc<Mutex<Vec<String>>>,
    readers: Vec<thread::JoinHandle<()>>,
    _server: Background,
}

impl Function {
    /// Starts a binary in the environment that Lambda sets, and nothing else but `environment`.
    pub fn start(
        binary: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, LambdaError> {
        Self::start_command(binary, Command::new(binary), environment)
    }

    fn start_command(
        binary: &Path,
        mut command: Command,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, LambdaError> {
        let api = Arc::new(RuntimeApi::default());
        let server = Background::serve(runtime_api::router(Arc::clone(&api)), ANY_PORT)
            .map_err(LambdaError::Server)?;
        let name = binary
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let mut variables = lambda_environment(&name, &server);
        variables.extend(environment);
        let region = variables.get("AWS_REGION").cloned().unwrap_or_default();

        command
            .env_clear()
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let started = Instant::now();
        let mut process = command.spawn().map_err(|source| LambdaError::Start {
            binary: binary.to_owned(),
            source,
        })?;
        let logs = Arc::default();
        let readers = [
            process.stdout.take().map(boxed),
            process.stderr.take().map(boxed),
        ];
        let readers = readers
            .into_iter()
            .flatten()
            .map(|pipe| read_lines(pipe, Arc::clone(&logs)))
            .collect();
        Ok(Self {
            binary: binary.to_owned(),
            name,
            account: "123456789012".to_owned(),
            region,
            process,
            started,
            api,
            logs,
            readers,
            _server: server,
        })
    }

    /// The account in the function's ARN, which each event carries (123456789012).
    #[must_use]
    pub fn of_account(mut self, account: &str) -> Self {
        account.clone_into(&mut self.account);
        self
    }

    /// From exec to the first poll for an event: the cold start. Waits for it.
    pub fn first_poll(&mut self) -> Result<Duration, LambdaError> {
        let deadline = self.started + INIT_TIMEOUT;
        let polled = self.wait(deadline, |api| {
            api.first_poll()
                .map(Ok)
                .or_else(|| api.init_error().map(Err))
        });
        let polled = polled.and_then(|polled| polled);
        polled
            .map(|at| at.duration_since(self.started))
            .map_err(|source| LambdaError::Init {
                binary: self.binary.clone(),
                source,
            })
    }

    /// Delivers an event and waits for the answer. A function that does not answer in time is killed.
    pub fn invoke(&mut self, payload: &[u8], timeout: Duration) -> Invocation {
        if let Err(LambdaError::Init { source, .. }) = self.first_poll() {
            return Invocation {
                outcome: Err(source),
                duration: Duration::ZERO,
            };
        }
        let started = Instant::now();
        let id = self.api.offer(self.event(payload, timeout));
        let answer = self.wait(started + timeout, |api| api.take_answer(&id));
        Invocation {
            outcome: answer.and_then(|answer| answer),
            duration: started.elapsed(),
        }
    }

    /// The process's id.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// What the function wrote to stdout and stderr so far, line by line.
    pub fn logs(&self) -> Vec<String> {
        self.logs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Forgets what the function wrote so far, for runs whose logs would not fit into memory.
    pub fn forget_logs(&self) {
        self.logs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Ends the function, and tells all that it wrote.
    pub fn end(mut self) -> Vec<String> {
        self.stop();
        self.logs()
    }

    /// What Lambda would have refused: an answer to no event, or a second one to the same.
    pub fn problems(&self) -> Vec<String> {
        self.api.problems()
    }

    /// The process's resident memory now, in bytes; none where /proc does not tell.
    pub fn resident_memory(&self) -> Option<u64> {
        self.memory("VmRSS:")
    }

    /// The most resident memory that the process ever had, in bytes; none where /proc does not tell.
    pub fn peak_memory(&self) -> Option<u64> {
        self.memory("VmHWM:")
    }

    /// The processor time that the process took so far; none where /proc does not tell.
    pub fn cpu_time(&self) -> Option<Duration> {
        cpu_time(self.process.id())
    }

    fn memory(&self, name: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    }

    fn event(&self, payload: &[u8], timeout: Duration) -> Event {
        let deadline = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            + timeout;
        Event {
            payload: payload.to_vec(),
            deadline_ms: deadline.as_millis(),
            function_arn: format!(
                "arn:aws:lambda:{}:{}:function:{}",
                self.region, self.account, self.name
            ),
        }
    }

    /// Waits until `ready` has something, unless the process ends or the time is up.
    fn wait<T>(
        &mut self,
        deadline: Instant,
        mut ready: impl FnMut(&RuntimeApi) -> Option<T>,
    ) -> Result<T, FunctionError> {
        let api = Arc::clone(&self.api);
        let waited_since = Instant::now();
        loop {
            // Looked at before `ready`, so that the last words of a process that ended are not missed.
            let status = self.process.try_wait();
            if let Some(value) = ready(&api) {
                return Ok(value);
            }
            if let Ok(Some(status)) = status {
                return Err(self.ended(status));
            }
            let now = Instant::now();
            if now >= deadline {
                self.stop();
                return Err(FunctionError::timed_out(now - waited_since));
            }
            api.wait_for_change(GLANCE.min(deadline - now));
        }
    }

    fn ended(&mut self, status: ExitStatus) -> FunctionError {
        self.join_readers();
        let last = self
            .logs()
            .pop()
            .map(|line| format!("; its last line: {line}"))
            .unwrap_or_default();
        FunctionError::new(
            "Runtime.ExitError",
            format!("the process ended without an answer ({status}){last}"),
        )
    }

    fn stop(&mut self) {
        // Both fail only if the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.join_readers();
    }

    fn join_readers(&mut self) {
        for reader in self.readers.drain(..) {
            // A reader's own panic was printed where it happened.
            let _ = reader.join();
        }
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Function")
            .field("binary", &self.binary)
            .finish_non_exhaustive()
    }
}

/// What Lambda sets, with credentials and a Region that `environment` may replace.
fn lambda_environment(name: &str, server: &Background) -> BTreeMap<String, String> {
    [
        ("AWS_LAMBDA_RUNTIME_API", server.address().to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEMORY_MB.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        (
            "AWS_LAMBDA_LOG_STREAM_NAME",
            "2025/01/02/[$LATEST]0123456789abcdef".to_owned(),
        ),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", crate::stand_in::ACCESS_KEY.to_owned()),
        (
            "AWS_SECRET_ACCESS_KEY",
            crate::stand_in::SECRET_KEY.to_owned(),
        ),
        (
            "AWS_SESSION_TOKEN",
            crate::stand_in::SESSION_TOKEN.to_owned(),
        ),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Freezes a process, or lets it go on, as Lambda does with functions that nobody needs for now.
///
/// # Errors
///
/// When there is no such process, or no command `kill`.
pub fn freeze(process: u32, frozen: bool) -> io::Result<()> {
    let signal = if frozen { "-STOP" } else { "-CONT" };
    let status = Command::new("kill")
        .args([signal, &process.to_string()])
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("kill {signal} ended in {status}")))
    }
}

/// The processor time that a process took so far, of all its threads; none where /proc does not tell.
pub fn cpu_time(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The command in front may hold anything. The third field comes first then; utime and stime are 14 and 15.
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: u64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().ok())
        .sum::<Option<u64>>()?;
    Some(TICK * u32::try_from(ticks).ok()?)
}

fn boxed(pipe: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    Box::new(pipe)
}

/// Keeps the lines of a pipe until its other end is closed.
fn read_lines(pipe: Box<dyn Read + Send>, logs: Arc<Mutex<Vec<String>>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe
            .read_until(b'\n', &mut line)
            .is_ok_and(|bytes| bytes > 0)
        {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            logs.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(text);
            line.clear();
        }
    })
}

#[cfg(test)]
mod tests;
