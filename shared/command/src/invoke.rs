//! `eksentry invoke`: passes an event to a function, in this process and with the caller's credentials.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use eksentry_report::printable;
use eksentry_runtime::{App, Function, Host, Regions, Settings, invoke};
use serde_json::Value;

use crate::connect::connect;
use crate::error::CommandError;
use crate::logging::{self, Verbosity};
use crate::options::InvokeOptions;
use crate::progress::Progress;
use crate::selection::read_settings;
use crate::terminal;
use crate::{DONE, interrupt};

/// The longest time that Lambda lets a function run.
const LIMIT: Duration = Duration::from_mins(15);

/// Invokes the function, and prints its findings and its response. An error of the function is an error of the command.
pub(crate) fn run(options: &InvokeOptions) -> Result<u8, CommandError> {
    let event = options.read_event()?;
    let selection = read_settings(options.settings.as_deref())?;
    let settings = Settings {
        security_hub: options.send,
        aws_config: options.send,
        kubernetes: options.kubernetes,
        regions: options.region.clone().unwrap_or_default(),
        selection,
        ..Settings::of_command()
    };
    let progress = Arc::new(Progress::new(false, false));
    let verbosity = if options.verbose {
        Verbosity::Verbose
    } else {
        Verbosity::Normal
    };
    logging::start(verbosity, &progress);
    let response = interrupt::block_on(respond(
        options.function,
        options,
        settings,
        event,
        &progress,
    ));
    progress.clear();
    let response = response?;
    for finding in progress.take_findings() {
        let line = format!(
            "{} {} {}: {}",
            finding.verdict.outcome.name(),
            finding.check.id,
            finding.resource.id(),
            finding.verdict.explanation()
        );
        terminal::print(&format!("{}\n", printable(&line)))?;
    }
    terminal::print(&format!("{response:#}\n"))?;
    Ok(DONE)
}

async fn respond(
    function: Function,
    options: &InvokeOptions,
    settings: Settings,
    event: Value,
    progress: &Arc<Progress>,
) -> Result<Value, CommandError> {
    let regions = options.region.clone().unwrap_or(Regions::Home);
    let aws = connect(options.profile.as_deref(), &regions).await;
    progress.start(aws.call_counts());
    let host = Host::command(aws, Arc::clone(progress) as _);
    let app = Arc::new(App::with_settings(host, settings));
    Ok(invoke(app, function, event, LIMIT).await?)
}

impl InvokeOptions {
    fn read_event(&self) -> Result<Value, CommandError> {
        let text = fs::read(&self.event).map_err(|source| CommandError::Read {
            option: "--event",
            path: self.event.clone(),
            source,
        })?;
        serde_json::from_slice(&text).map_err(|source| CommandError::NotJson {
            path: self.event.clone(),
            source,
        })
    }
}
