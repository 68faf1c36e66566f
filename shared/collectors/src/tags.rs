//! Tags, read with the Resource Groups Tagging API: one call takes up to a hundred resources of any kind.

use std::collections::HashMap;

use aws_sdk_resourcegroupstagging::types::ResourceTagMapping;
use eksentry_core::{Fact, Resource};

use crate::Reader;
use crate::call::Call;
use crate::permission::{Arns, Permission};

pub(crate) const GET: Permission = Permission::new("tag:GetResources", &[Arns::Any]);

/// The maximum number of resources in one call.
const RESOURCES_A_CALL: usize = 100;

/// The tags of resources, by ARN. A resource without tags may be absent.
pub type Tags = HashMap<String, Vec<(String, String)>>;

impl Reader<'_> {
    /// Returns the tags of these resources.
    ///
    /// # Errors
    ///
    /// Returns an error if a call fails, or if a response lacks the list.
    pub async fn tags(&self, resources: &[&Resource]) -> Fact<Tags> {
        let call = Call::new(
            GET.action,
            &self.clients.paces.tagging,
            "the findings' resources",
        );
        let mut tags = Tags::new();
        for chunk in resources.chunks(RESOURCES_A_CALL) {
            let arns = chunk.iter().map(|resource| resource.id().to_owned());
            let request = self.clients.tagging.get_resources();
            let request = request.set_resource_arn_list(Some(arns.collect()));
            let response = call.send(request.send()).await?;
            let listed = response.resource_tag_mapping_list;
            let listed = listed.ok_or_else(|| call.no_list())?;
            tags.extend(listed.iter().map(read));
        }
        Ok(tags)
    }
}

/// Returns a resource's ARN and its tags. The tags are sorted, since the API returns them in any order.
fn read(mapping: &ResourceTagMapping) -> (String, Vec<(String, String)>) {
    let tags = mapping.tags().iter();
    let mut tags: Vec<_> = tags
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect();
    tags.sort_unstable();
    (mapping.resource_arn().unwrap_or_default().to_owned(), tags)
}

#[cfg(test)]
mod tests {
    use aws_sdk_resourcegroupstagging::types::Tag;

    use super::*;

    #[test]
    fn the_order_of_tags_is_ignored() {
        let tag = |(key, value): (&str, &str)| Tag::builder().key(key).value(value).build();
        let read = |tags: [(&str, &str); 3]| {
            let tags = tags.map(|pair| tag(pair).unwrap());
            let mapping = ResourceTagMapping::builder().resource_arn("arn");
            super::read(&mapping.set_tags(Some(tags.to_vec())).build())
        };
        let sorted = [("env", "prod"), ("owner", ""), ("team", "cards")];
        let (arn, tags) = read([sorted[2], sorted[0], sorted[1]]);
        assert_eq!(arn, "arn");
        assert_eq!(
            tags,
            sorted.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        assert_eq!(read(sorted), (arn, tags));
        let bare = ResourceTagMapping::builder().resource_arn("bare").build();
        assert_eq!(super::read(&bare), ("bare".to_owned(), Vec::new()));
    }
}
