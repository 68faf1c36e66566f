//! Lists of objects, which are read page by page.

use std::borrow::Cow;

use eksentry_aws::Pages;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::client::{Client, NoContent};
use crate::problem::Problem;
use crate::request::{ListOf, Request};

/// The objects of a page: first the most, then fewer while the server fails to return so many.
const LIMITS: [u32; 4] = [500, 250, 125, 60];

/// The part of a list that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items that were read.
    pub items: Vec<T>,
    /// The number of further items, which can't be read since they are not objects of the expected form.
    pub unreadable: usize,
    /// The number of pages that were read.
    pub pages: usize,
    /// `Complete` if these are all items.
    pub completeness: Completeness,
}

/// The extent to which a list was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// The list contains all objects, as they were at one time.
    Complete,
    /// The list was read to its end, but not as it was at one time: it may lack objects that were there, and contain
    /// objects that were not.
    Inconsistent,
    /// The list was not read to its end, for this reason. The items were read until then.
    Unread(Problem),
}

/// A page of a list. Its items are not read yet.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    metadata: Option<Metadata>,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    r#continue: Option<String>,
}

/// The status that an API server returns for an expired page.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Expired {
    metadata: Option<Metadata>,
}

/// A list that is being read.
struct Reading<'a, T> {
    list: ListOf<'a>,
    listed: Listed<T>,
    pages: Pages,
    /// The token of the next page; `None` for the first page.
    token: Option<String>,
    /// The index of the current limit in [`LIMITS`].
    limit: usize,
    is_restarted: bool,
    is_inconsistent: bool,
}

impl Client {
    /// Lists objects. `project` turns each object, as soon as its page is parsed, into what is kept of it; the page is
    /// then dropped, so that at no time more than one page of the list is in memory.
    ///
    /// A list that expires while it is read begins again from the first page, once, and what was kept is dropped. If it
    /// expires once more, the rest is read as it is then.
    pub async fn list<T, P>(&self, list: ListOf<'_>, project: impl FnMut(T) -> P) -> Listed<P>
    where
        T: DeserializeOwned,
    {
        let mut reading = Reading {
            list,
            listed: Listed {
                items: Vec::new(),
                unreadable: 0,
                pages: 0,
                completeness: Completeness::Complete,
            },
            pages: Pages::default(),
            token: None,
            limit: 0,
            is_restarted: false,
            is_inconsistent: false,
        };
        let read = reading.read(self, project).await;
        let pages = reading.listed.pages;
        reading.listed.completeness = match read {
            Ok(()) if reading.is_inconsistent => Completeness::Inconsistent,
            Ok(()) => Completeness::Complete,
            Err(Problem::OutOfTime { call, .. }) => Completeness::Unread(Problem::OutOfTime {
                call,
                pages: Some(pages),
            }),
            Err(problem) => Completeness::Unread(problem),
        };
        reading.listed
    }
}

impl<P> Reading<'_, P> {
    /// Reads all pages.
    async fn read<T: DeserializeOwned>(
        &mut self,
        client: &Client,
        mut project: impl FnMut(T) -> P,
    ) -> Result<(), Problem> {
        loop {
            let request = self.list.page(LIMITS[self.limit], self.token.as_deref());
            let body = client.fetch(&request).await;
            let next = body.and_then(|body| self.take(&request, &body, &mut project));
            let next = match next {
                Ok(next) => next,
                Err(NoContent::Broken(problem)) => {
                    self.shrink(client, problem).await?;
                    continue;
                }
                Err(NoContent::Expired(_)) if !self.is_restarted => {
                    self.restart();
                    continue;
                }
                Err(NoContent::Expired(body)) => {
                    self.is_inconsistent = true;
                    let rest = token_of_rest(&body);
                    Some(rest.ok_or_else(|| failed(&request, "the list expired repeatedly"))?)
                }
                Err(NoContent::NotFound(_)) => {
                    return Err(Problem::NotServed { call: request.call });
                }
                Err(NoContent::Failed(problem)) => return Err(problem),
            };
            let noted = self.pages.add_token(next.as_deref());
            noted.map_err(|error| failed(&request, &error.to_string()))?;
            if next.is_none() {
                return Ok(());
            }
            self.token = next;
        }
    }

    /// Keeps the items of a page. Returns the token of the next page, if there is one.
    fn take<T: DeserializeOwned>(
        &mut self,
        request: &Request,
        body: &[u8],
        project: &mut impl FnMut(T) -> P,
    ) -> Result<Option<String>, NoContent> {
        let page: Option<Page<'_>> = serde_json::from_slice(body).ok();
        let page = page.filter(|page| request.is_for_list_of(&page.kind));
        let page = page.ok_or_else(|| {
            NoContent::Broken(failed(
                request,
                "the response is not the requested list in JSON",
            ))
        })?;
        self.listed.pages += 1;
        for item in page.items.unwrap_or_default() {
            let item = item.get();
            // Types that accept any value would also accept what is not an object.
            match serde_json::from_str(item) {
                Ok(object) if item.starts_with('{') => self.listed.items.push(project(object)),
                _ => self.listed.unreadable += 1,
            }
        }
        let token = page.metadata.unwrap_or_default().r#continue;
        Ok(token.filter(|token| !token.is_empty()))
    }

    /// Reduces the number of objects of a page.
    async fn shrink(&mut self, client: &Client, problem: Problem) -> Result<(), Problem> {
        if self.limit + 1 == LIMITS.len() {
            return Err(problem);
        }
        self.limit += 1;
        let waited = client.back_off(1, problem.clone()).await;
        waited.map_err(|_| problem)
    }

    /// Begins again from the first page.
    fn restart(&mut self) {
        self.is_restarted = true;
        self.listed.items.clear();
        self.listed.unreadable = 0;
        self.listed.pages = 0;
        self.pages = Pages::default();
        self.token = None;
    }
}

/// Returns the token that leads to the rest of an expired list, as it is now.
fn token_of_rest(body: &[u8]) -> Option<String> {
    let status: Expired = serde_json::from_slice(body).ok()?;
    let token = status.metadata?.r#continue?;
    (!token.is_empty()).then_some(token)
}

fn failed(request: &Request, cause: &str) -> Problem {
    Problem::Failed {
        call: request.call.clone(),
        cause: cause.to_owned(),
    }
}

#[cfg(test)]
mod tests;
