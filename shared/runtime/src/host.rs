//! The host of a function: Lambda, or a test.

use std::fmt;
use std::io::{self, Write as _};
use std::sync::Arc;

use eksentry_aws::{Aws, Clock};
use eksentry_kubernetes::Connector;

use crate::watcher::Watcher;

/// A function that returns the value of an environment variable; `None` if it is not set.
type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

/// A function that writes lines to the output that CloudWatch Logs reads.
type Output = dyn Fn(&[u8]) -> io::Result<()> + Send + Sync;

/// The environment of a function: everything that it takes from the process that it runs in.
pub struct Host {
    pub(crate) variables: Box<Variables>,
    pub(crate) output: Box<Output>,
    pub(crate) clock: Clock,
    pub(crate) kubernetes: Connector,
    pub(crate) watcher: Option<Arc<dyn Watcher>>,
    aws: Option<Aws>,
}

impl Host {
    /// Returns the host of a function in Lambda: the process's environment variables, its standard output, and AWS as
    /// the variables configure it.
    pub fn lambda() -> Self {
        Self {
            variables: Box::new(|name| std::env::var(name).ok()),
            output: Box::new(|lines| {
                let mut stdout = io::stdout().lock();
                stdout.write_all(lines)?;
                stdout.flush()
            }),
            clock: Clock::default(),
            kubernetes: Connector::tls(),
            watcher: None,
            aws: None,
        }
    }

    /// Returns the host of a command: the process's environment, these connections to AWS, and the watcher of all runs.
    pub fn command(aws: Aws, watcher: Arc<dyn Watcher>) -> Self {
        Self {
            clock: aws.clock().clone(),
            watcher: Some(watcher),
            aws: Some(aws),
            ..Self::lambda()
        }
    }

    /// Creates a host with these environment variables, these connections to AWS and to the endpoints of clusters, and
    /// this output.
    pub fn new(
        variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        aws: Aws,
        kubernetes: Connector,
        output: impl Fn(&[u8]) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self {
            variables: Box::new(variables),
            output: Box::new(output),
            clock: aws.clock().clone(),
            kubernetes,
            watcher: None,
            aws: Some(aws),
        }
    }

    pub(crate) async fn aws(&self) -> Aws {
        match &self.aws {
            Some(aws) => aws.clone(),
            None => Aws::from_environment().await,
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut host = formatter.debug_struct("Host");
        host.field("aws", &self.aws).finish_non_exhaustive()
    }
}
