//! The client for the API server of one cluster.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use eksentry_aws::Clock;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};

use crate::problem::{Problem, count};
use crate::request::{Request, origin};
use crate::route::Route;
use crate::send::{NoResponse, Response};
use crate::tokens::{TokenSource, Tokens};

/// The most requests in flight to one cluster. All principals of IAM share the server's seats for unknown callers.
const IN_FLIGHT: usize = 4;

/// The most tries of a request while the server is busy, and while it is not reached: those without a response take up
/// to their timeout, and must not use up all of the available time.
const BUSY_TRIES: u32 = 5;
const UNREACHED_TRIES: u32 = 2;

/// The wait before a request is made with a new token: access entries take effect after some seconds.
const UNAUTHORIZED_WAIT: Duration = Duration::from_secs(5);

/// The wait before the second try, which doubles with each try, and the longest wait.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The most that is added to a wait, so that requests that were throttled together are not repeated together.
const JITTER: Duration = Duration::from_millis(500);

/// A client for the API server of one cluster. Its requests share a token, a limit on those in flight, and a deadline.
#[derive(Debug)]
pub struct Client {
    route: Route,
    endpoint: String,
    tokens: Tokens,
    permits: Semaphore,
    deadline: Instant,
}

/// The error of an endpoint that is not the URL of a server with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the endpoint of the cluster is not an HTTPS URL")]
pub struct EndpointError;

/// The reason why a request has no content.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoContent {
    /// There is no such object or kind (404). The body tells which.
    NotFound(Vec<u8>),
    /// The page is too old (410). The body tells how to go on.
    Expired(Vec<u8>),
    /// The response is an error or broken. A smaller page may not be.
    Broken(Problem),
    /// The request failed, and would fail again.
    Failed(Problem),
}

/// The tries of a request so far.
#[derive(Debug, Default)]
struct Tries {
    busy: u32,
    unreached: u32,
    is_renewed: bool,
}

/// The step that follows a try.
enum Next {
    Content(Vec<u8>),
    /// Fail in this way.
    Fail(NoContent),
    /// Try again after a wait. Fail with this problem if there is no time left for it.
    Retry(Duration, Problem),
}

impl Client {
    /// Creates a client for the endpoint of a cluster. All its requests end before the deadline.
    ///
    /// # Errors
    ///
    /// Returns an error if the endpoint is not an HTTPS URL without a path.
    pub fn new(
        endpoint: &str,
        route: Route,
        tokens: TokenSource,
        clock: Clock,
        deadline: Instant,
    ) -> Result<Self, EndpointError> {
        Ok(Self {
            route,
            endpoint: origin(endpoint).ok_or(EndpointError)?,
            tokens: Tokens::new(tokens, clock),
            permits: Semaphore::new(IN_FLIGHT),
            deadline,
        })
    }

    /// Makes a request, and returns the body of its response. Tries again while the server is busy. A request that waits
    /// keeps its place among those in flight.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no response with the status 200.
    pub(crate) async fn fetch(&self, request: &Request) -> Result<Vec<u8>, NoContent> {
        let out_of_time = || {
            NoContent::Failed(Problem::OutOfTime {
                call: request.call.clone(),
                pages: None,
            })
        };
        if Instant::now() >= self.deadline {
            return Err(out_of_time());
        }
        let fetched = timeout_at(self.deadline, self.try_to_fetch(request)).await;
        fetched.unwrap_or_else(|_| Err(out_of_time()))
    }

    async fn try_to_fetch(&self, request: &Request) -> Result<Vec<u8>, NoContent> {
        let _permit = self.permits.acquire().await;
        let mut tries = Tries::default();
        loop {
            let token = self.tokens.current().await.map_err(|error| {
                NoContent::Failed(Problem::NoToken {
                    call: request.call.clone(),
                    cause: error.to_string(),
                })
            })?;
            let sent = self.route.send(&self.endpoint, request, &token.token);
            let next = match sent.await {
                Ok(response) if response.status == 401 && !tries.is_renewed => {
                    tries.is_renewed = true;
                    self.tokens.reject(&token).await;
                    let call = request.call.clone();
                    Next::Retry(UNAUTHORIZED_WAIT, Problem::Unauthorized { call })
                }
                Ok(response) => tries.after(request, response),
                Err(failure) => tries.after_failure(request, failure),
            };
            match next {
                Next::Content(body) => return Ok(body),
                Next::Fail(failure) => return Err(failure),
                Next::Retry(wait, problem) => self.wait(wait, problem).await?,
            }
        }
    }

    /// Waits as long as before the try with that number, with 1 for the second try.
    ///
    /// # Errors
    ///
    /// Returns the problem, which is the reason for the wait, if the deadline would pass in the meantime.
    pub(crate) async fn back_off(&self, tries: u32, problem: Problem) -> Result<(), NoContent> {
        self.wait(backoff(tries), problem).await
    }

    async fn wait(&self, wait: Duration, problem: Problem) -> Result<(), NoContent> {
        if Instant::now() + wait >= self.deadline {
            return Err(NoContent::Failed(problem));
        }
        sleep(wait).await;
        Ok(())
    }
}

impl Tries {
    /// Returns what follows a response.
    fn after(&mut self, request: &Request, response: Response) -> Next {
        let call = || request.call.clone();
        let failed = |cause: String| Problem::Failed {
            call: request.call.clone(),
            cause,
        };
        let Response {
            status,
            retry_after,
            is_json,
            body,
        } = response;
        let failure = match status {
            200 if is_json => return Next::Content(body),
            200 => NoContent::Failed(failed("the response is not JSON".to_owned())),
            401 => NoContent::Failed(Problem::Unauthorized { call: call() }),
            403 => NoContent::Failed(Problem::Forbidden { call: call() }),
            404 => NoContent::NotFound(body),
            410 => NoContent::Expired(body),
            429 | 502..=504 => {
                self.busy += 1;
                let tries = self.busy;
                let problem = if status == 429 {
                    Problem::Throttled {
                        call: call(),
                        tries,
                    }
                } else {
                    failed(format!(
                        "the server was unavailable ({status}) after {}",
                        count(tries, "try", "tries")
                    ))
                };
                if tries < BUSY_TRIES {
                    let asked = retry_after.map(|wait| wait.min(LONGEST_WAIT) + jitter());
                    return Next::Retry(asked.unwrap_or_else(|| backoff(tries)), problem);
                }
                NoContent::Failed(problem)
            }
            300..=399 => NoContent::Failed(failed(format!(
                "the server redirects to another URL ({status}), which is not followed"
            ))),
            500..=599 => NoContent::Broken(failed(format!(
                "the server responded with the status {status}"
            ))),
            _ => NoContent::Failed(failed(format!(
                "the server responded with the status {status}"
            ))),
        };
        Next::Fail(failure)
    }

    /// Returns what follows a try without a response.
    fn after_failure(&mut self, request: &Request, failure: NoResponse) -> Next {
        let call = request.call.clone();
        let failure = match failure {
            NoResponse::NotReached(cause) => {
                return self.after_unreached(Problem::NotReached { call, cause });
            }
            NoResponse::NoReader(failure) => {
                return self.after_unreached(Problem::NoReader { call, failure });
            }
            NoResponse::NotTrusted(distrust) => {
                NoContent::Failed(Problem::NotTrusted { call, distrust })
            }
            NoResponse::Broken(cause) => NoContent::Broken(Problem::Failed { call, cause }),
            NoResponse::NotSent(cause) => NoContent::Failed(Problem::NoToken { call, cause }),
        };
        Next::Fail(failure)
    }

    /// Returns what follows a try that did not reach the server.
    fn after_unreached(&mut self, problem: Problem) -> Next {
        self.unreached += 1;
        if self.unreached < UNREACHED_TRIES {
            return Next::Retry(backoff(self.unreached), problem);
        }
        Next::Fail(NoContent::Failed(problem))
    }
}

/// Returns the wait before the try with that number.
fn backoff(tries: u32) -> Duration {
    let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
    wait.min(LONGEST_WAIT) + jitter()
}

/// Returns a random part of [`JITTER`]. The keys of hash maps are random, which suffices here.
fn jitter() -> Duration {
    let share = RandomState::new().hash_one(()) % 1_000;
    JITTER * u32::try_from(share).unwrap_or_default() / 1_000
}

#[cfg(test)]
mod tests;
