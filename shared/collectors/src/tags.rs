//! Tags, through the Resource Groups Tagging API: a hundred resources of any kind a call.

use std::collections::HashMap;

use eksentry_core::{Fact, Resource};

use crate::Reader;
use crate::unread::unread;

pub(crate) const ACTIONS: &[&str] = &["tag:GetResources"];

/// The most resources that one call takes.
const RESOURCES_A_CALL: usize = 100;

/// The tags of resources, by ARN; those without tags are not in it.
pub type Tags = HashMap<String, Vec<(String, String)>>;

impl Reader<'_> {
    /// The tags of these resources.
    ///
    /// # Errors
    ///
    /// When a call fails.
    pub async fn tags(&self, resources: &[&Resource]) -> Fact<Tags> {
        let mut tags = Tags::new();
        for chunk in resources.chunks(RESOURCES_A_CALL) {
            let arns = chunk
                .iter()
                .map(|resource| resource.id().to_owned())
                .collect();
            let call = self
                .clients
                .tagging
                .get_resources()
                .set_resource_arn_list(Some(arns))
                .send();
            let answer = self
                .clients
                .paces
                .tagging
                .call(call)
                .await
                .map_err(|error| unread("tag:GetResources", "the findings' resources", &error))?;
            for mapping in answer.resource_tag_mapping_list() {
                let pairs = mapping
                    .tags()
                    .iter()
                    .map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
                tags.insert(
                    mapping.resource_arn().unwrap_or_default().to_owned(),
                    pairs.collect(),
                );
            }
        }
        Ok(tags)
    }
}
