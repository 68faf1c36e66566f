//! The token that requests carry, and its renewal.

use std::fmt;
use std::sync::Arc;

use eksentry_aws::Clock;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::Mutex;

use crate::token::{Token, TokenError};

/// A function that signs a new token each time. Cheap to clone.
#[derive(Clone)]
pub struct TokenSource(
    Arc<dyn Fn() -> BoxFuture<'static, Result<Token, TokenError>> + Send + Sync>,
);

impl TokenSource {
    /// Creates a source that signs tokens with a function. It is called for the first request, when a token may no
    /// longer be used, and when the cluster rejects one, so it must not return a token from a cache.
    pub fn new<F>(sign: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Token, TokenError>> + Send + 'static,
    {
        Self(Arc::new(move || sign().boxed()))
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenSource")
    }
}

/// A token with its number. Tokens that were signed in the same second are equal, but their numbers are not.
#[derive(Debug, Clone)]
pub(crate) struct Numbered {
    pub(crate) token: Token,
    number: u64,
}

/// The current token.
#[derive(Debug)]
pub(crate) struct Tokens {
    source: TokenSource,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Numbered>,
    signed: u64,
}

impl Tokens {
    pub(crate) fn new(source: TokenSource, clock: Clock) -> Self {
        Self {
            source,
            clock,
            state: Mutex::default(),
        }
    }

    /// Returns a token that may be used now.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none, and a new one can't be signed.
    pub(crate) async fn current(&self) -> Result<Numbered, TokenError> {
        let mut state = self.state.lock().await;
        let now = self.clock.now();
        if let Some(current) = &state.current
            && current.token.is_usable_at(now)
        {
            return Ok(current.clone());
        }
        let token = (self.source.0)().await?;
        state.signed += 1;
        let number = state.signed;
        Ok(state.current.insert(Numbered { token, number }).clone())
    }

    /// Stops the use of a token that the cluster rejected, unless another request has already replaced it.
    pub(crate) async fn reject(&self, rejected: &Numbered) {
        let mut state = self.state.lock().await;
        state
            .current
            .take_if(|current| current.number == rejected.number);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::SystemTime;

    use aws_smithy_async::time::{SharedTimeSource, TimeSource};
    use jiff::{SignedDuration, Timestamp};

    use super::*;

    /// A clock that shows this number of seconds after the epoch.
    #[derive(Debug, Clone, Default)]
    struct Seconds(Arc<AtomicI64>);

    impl TimeSource for Seconds {
        fn now(&self) -> SystemTime {
            let seconds = self.0.load(Ordering::Relaxed);
            SystemTime::from(Timestamp::from_second(seconds).unwrap())
        }
    }

    /// Returns tokens for ten minutes after the epoch, whose texts are all equal.
    fn tokens(seconds: &Seconds) -> (Tokens, Arc<AtomicI64>) {
        let signed = Arc::new(AtomicI64::new(0));
        let counter = signed.clone();
        let source = TokenSource::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            let end = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(10);
            std::future::ready(Ok(Token::new("token", end)))
        });
        let clock = Clock::new(SharedTimeSource::new(seconds.clone()));
        (Tokens::new(source, clock), signed)
    }

    #[tokio::test]
    async fn a_token_is_signed_again_when_it_may_no_longer_be_used() {
        let seconds = Seconds::default();
        let (tokens, signed) = tokens(&seconds);
        for (now, expected) in [(0, 1), (599, 1), (600, 2)] {
            seconds.0.store(now, Ordering::Relaxed);
            tokens.current().await.unwrap();
            assert_eq!(signed.load(Ordering::Relaxed), expected, "after {now} s");
        }
    }

    #[tokio::test]
    async fn a_token_that_several_requests_reject_is_replaced_once() {
        let (tokens, signed) = tokens(&Seconds::default());
        let first = tokens.current().await.unwrap();
        tokens.reject(&first).await;
        let second = tokens.current().await.unwrap();
        tokens.reject(&first).await;
        let third = tokens.current().await.unwrap();
        assert_eq!(signed.load(Ordering::Relaxed), 2);
        assert_eq!((first.number, second.number, third.number), (1, 2, 2));
    }

    #[tokio::test]
    async fn a_token_that_cannot_be_signed_is_an_error() {
        let error = || TokenError::NoCredentials("the role is gone".to_owned());
        let source = TokenSource::new(move || std::future::ready(Err(error())));
        let tokens = Tokens::new(source, Clock::default());
        assert_eq!(tokens.current().await.unwrap_err(), error());
    }
}
