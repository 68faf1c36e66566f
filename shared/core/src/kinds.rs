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
    use crate::kind::Parent;

    #[test]
    fn each_name_belongs_to_one_kind() {
        for (member, names) in [
            ("name", KINDS.map(|kind| kind.name)),
            ("noun", KINDS.map(|kind| kind.noun)),
            ("title", KINDS.map(|kind| kind.title)),
            ("asff_type", KINDS.map(|kind| kind.asff_type)),
        ] {
            let mut names = names.to_vec();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), KINDS.len(), "{member}");
            assert!(names.iter().all(|name| !name.is_empty()), "{member}");
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
