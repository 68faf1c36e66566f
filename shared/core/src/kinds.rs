//! The table of all kinds of resource. To add a kind, describe it in the file of its facts and add its line here.

use crate::facts::{account, cluster, file_system, image, key, kubernetes, repository};
use crate::kind::ResourceKind;

/// All kinds, in the order in which they are listed. The ARN of a cluster identifies the first kind that it fits.
pub static KINDS: [&ResourceKind; 9] = [
    &cluster::KIND,
    &kubernetes::KIND,
    &kubernetes::NAMESPACE,
    &kubernetes::OBJECT,
    &repository::KIND,
    &image::KIND,
    &key::KIND,
    &file_system::KIND,
    &account::KIND,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{Family, Parent};

    #[test]
    fn each_name_belongs_to_one_kind() {
        let all = KINDS.to_vec();
        // Clusters whose contents are evaluated are EKS clusters, and ASFF has no types for the objects in them.
        let others = all.iter().copied();
        let others = others.filter(|kind| kind.family != Family::Kubernetes);
        let others: Vec<&ResourceKind> = others.collect();
        let member = |kinds: &[&ResourceKind], of: fn(&ResourceKind) -> &'static str| {
            kinds.iter().map(|kind| of(kind)).collect::<Vec<_>>()
        };
        for (name, mut names) in [
            ("name", member(&all, |kind| kind.name)),
            ("noun", member(&others, |kind| kind.noun)),
            ("title", member(&all, |kind| kind.title)),
            ("asff_type", member(&others, |kind| kind.asff_type)),
        ] {
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{name}");
            assert!(names.iter().all(|text| !text.is_empty()), "{name}");
        }
    }

    #[test]
    fn parents_are_listed_with_their_children() {
        for kind in KINDS {
            if let Some(Parent { kind: parent, .. }) = kind.parent {
                assert!(KINDS.contains(&parent), "{kind:?}");
                assert_eq!(parent.family, kind.family, "{kind:?}");
            }
        }
    }
}
