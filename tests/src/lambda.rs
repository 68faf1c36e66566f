//! A runner for one function, in place of AWS Lambda: a process that uses a Runtime API, or with [`InProcess`] no
//! process.
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

/// The time that Lambda waits for a function's first poll.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);
/// The time between two checks whether the process still runs.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
const MEMORY_MB: u32 = 256;
/// The unit of processor time in /proc on Linux. It does not depend on the kernel's own tick rate.
const TICK: Duration = Duration::from_millis(10);

/// An error that prevents a function from running.
#[derive(Debug, Error)]
pub enum LambdaError {
    /// A Runtime API that can't be served.
    #[error("the Lambda Runtime API can't listen on 127.0.0.1; it needs a free port")]
    Server(#[source] io::Error),
    /// A binary that can't be run.
    #[error("{binary} can't be run; to build it, run `cargo build --workspace --bins`", binary = binary.display())]
    Start {
        /// The binary.
        binary: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A process that did not poll for an event.
    #[error("{binary} did not request an event: {source}", binary = binary.display())]
    Init {
        /// The binary.
        binary: PathBuf,
        /// The error that Lambda would report.
        source: FunctionError,
    },
}

/// The error of a function, as Lambda reports it to the caller of the function.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[error("{error_type}: {error_message}")]
pub struct FunctionError {
    /// The type of the error, such as `Runtime.ExitError`, `Sandbox.Timedout`, or a type that the function defines.
    pub error_type: String,
    /// The message of the error.
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

    /// Returns `true` if Lambda ends the function's process with this error.
    fn is_kill(&self) -> bool {
        self.error_type.starts_with("Sandbox.")
    }
}

/// The result of an event.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The function's answer, or the error with which it failed.
    pub outcome: Result<Value, FunctionError>,
    /// The time from handing out the event to receiving the answer.
    pub duration: Duration,
}

/// One running function. Its process is killed when it is dropped.
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
    /// Starts a binary. Its environment holds the variables that Lambda sets and those of `environment`, and nothing
    /// else.
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

    /// Sets the account in the function's ARN, which each event carries. The default is 123456789012.
    #[must_use]
    pub fn of_account(mut self, account: &str) -> Self {
        account.clone_into(&mut self.account);
        self
    }

    /// Waits for the first poll for an event. Returns the time from exec to that poll: the cold start.
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

    /// Delivers an event and waits for the answer. A function that does not answer before the timeout is killed.
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

    /// Returns the id of the process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Returns the lines that the function has written to stdout and stderr so far.
    pub fn logs(&self) -> Vec<String> {
        self.logs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Deletes the lines that the function has written so far, for runs whose logs would not fit into memory.
    pub fn forget_logs(&self) {
        self.logs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Ends the function, and returns all lines that it wrote.
    pub fn end(mut self) -> Vec<String> {
        self.stop();
        self.logs()
    }

    /// Returns the requests that Lambda would have refused: an answer to no event, or a second answer to an event.
    pub fn problems(&self) -> Vec<String> {
        self.api.problems()
    }

    /// Returns the current resident memory of the process in bytes; `None` if /proc does not have it.
    pub fn resident_memory(&self) -> Option<u64> {
        self.memory("VmRSS:")
    }

    /// Returns the peak resident memory of the process in bytes; `None` if /proc does not have it.
    pub fn peak_memory(&self) -> Option<u64> {
        self.memory("VmHWM:")
    }

    /// Returns the processor time that the process has used so far; `None` if /proc does not have it.
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

    /// Waits until `ready` returns a value, the process ends, or the deadline passes.
    fn wait<T>(
        &mut self,
        deadline: Instant,
        mut ready: impl FnMut(&RuntimeApi) -> Option<T>,
    ) -> Result<T, FunctionError> {
        let api = Arc::clone(&self.api);
        let waited_since = Instant::now();
        loop {
            // The status is read before `ready` is called, so that an answer that the process sent just before it ended
            // is not missed.
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
            api.wait_for_change(POLL_INTERVAL.min(deadline - now));
        }
    }

    fn ended(&mut self, status: ExitStatus) -> FunctionError {
        self.join_readers();
        let last = self
            .logs()
            .pop()
            .map(|line| format!("; the last line of its log: {line}"))
            .unwrap_or_default();
        FunctionError::new(
            "Runtime.ExitError",
            format!("the process ended without a response ({status}){last}"),
        )
    }

    fn stop(&mut self) {
        // Both calls fail only if the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.join_readers();
    }

    fn join_readers(&mut self) {
        for reader in self.readers.drain(..) {
            // The reader's panic, if any, was already printed when it occurred.
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

/// Returns the variables that Lambda sets, with credentials and a Region that `environment` can replace.
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

/// Freezes or resumes a process, as Lambda does with functions between invocations.
///
/// # Errors
///
/// Returns an error if there is no such process, or no command `kill`.
pub fn freeze(process: u32, frozen: bool) -> io::Result<()> {
    let signal = if frozen { "-STOP" } else { "-CONT" };
    let status = Command::new("kill")
        .args([signal, &process.to_string()])
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "kill {signal} exited with {status}"
        )))
    }
}

/// Returns the processor time that all threads of a process have used so far; `None` if /proc does not have it.
pub fn cpu_time(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The command name before the last `)` can contain anything. The third field is the first one after it; utime and
    // stime are the fields 14 and 15.
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

/// Stores the lines of a pipe until its other end is closed.
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
