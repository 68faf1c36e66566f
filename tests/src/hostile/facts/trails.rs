//! The trails of hostile accounts.

use arbitrary::{Result, Unstructured};
use eksentry_core::facts::{
    List,
    account::{EventSelector, EventSources, Trail, TrailStatus},
};

use super::cluster::list;
use super::{fact, maybe, text, texts};

pub(super) fn trails(bytes: &mut Unstructured<'_>) -> Result<List<Trail>> {
    let names = texts(bytes, 5)?;
    let trails = names.into_iter().map(|name| trail(name, bytes));
    let trails = trails.collect::<Result<_>>()?;
    list(trails, bytes)
}

fn trail(name: String, bytes: &mut Unstructured<'_>) -> Result<Trail> {
    let status = TrailStatus {
        is_logging: bytes.arbitrary()?,
        delivery_error: maybe(bytes)?,
    };
    let selectors = (0..bytes.int_in_range(0..=3)?).map(|_| selector(bytes));
    let selectors = selectors.collect::<Result<_>>()?;
    Ok(Trail {
        name,
        is_multi_region: bytes.arbitrary()?,
        validates_log_files: bytes.arbitrary()?,
        has_insights: bytes.arbitrary()?,
        status: fact(status, bytes)?,
        selectors: list(selectors, bytes)?,
    })
}

fn selector(bytes: &mut Unstructured<'_>) -> Result<EventSelector> {
    let sources = vec![text(bytes)?, "kms.amazonaws.com".to_owned()];
    Ok(EventSelector {
        reads: bytes.arbitrary()?,
        writes: bytes.arbitrary()?,
        sources: if bytes.arbitrary()? {
            EventSources::AllBut(sources)
        } else {
            EventSources::Only(sources)
        },
    })
}
