//! The pull through cache rules of the registry.

use eksentry_core::Fact;

use super::PAGE;
use super::parse::PullThroughRules;
use crate::Reader;
use crate::call::Next;
use crate::permission::{Arns, Permission};

pub(super) const LIST: Permission =
    Permission::new("ecr:DescribePullThroughCacheRules", &[Arns::Any]);

impl Reader<'_> {
    /// Returns `true` if a pull through cache rule covers a repository.
    pub(super) async fn is_cached(&self, repository: &str) -> Fact<bool> {
        Ok(self.pull_through_rules().await?.cover(repository))
    }

    /// Returns the pull through cache rules of the registry.
    pub(super) async fn pull_through_rules(&self) -> Fact<&PullThroughRules> {
        let rules = &self.ecr.pull_through;
        let rules = rules.get_or_init(|| self.list_pull_through_rules()).await;
        rules.as_ref().map_err(Clone::clone)
    }

    async fn list_pull_through_rules(&self) -> Fact<PullThroughRules> {
        let call = self.registry_call(&LIST);
        let request = self.clients.ecr.describe_pull_through_cache_rules();
        let request = request.max_results(PAGE);
        let (mut rules, mut unread) = (PullThroughRules::default(), None);
        let pages = call.pages(
            |token| request.clone().set_next_token(token).send(),
            async |page| {
                match page.pull_through_cache_rules.as_deref() {
                    Some(listed) if rules.add(listed) => {}
                    Some(_) => unread = Some(call.without("the prefix of a rule")),
                    None => unread = Some(call.no_list()),
                }
                Next::token(page.next_token)
            },
        );
        pages.await?;
        unread.map_or(Ok(rules), Err)
    }
}
