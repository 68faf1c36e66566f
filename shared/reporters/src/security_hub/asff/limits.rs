//! The limits of ASFF for texts, lists and findings, and functions that measure sizes.

use std::collections::HashMap;

use serde::Serialize;

pub(super) const TITLE: usize = 256;
pub(super) const DESCRIPTION: usize = 1_024;
pub(super) const RECOMMENDATION: usize = 512;
pub(super) const PRODUCT_FIELD: usize = 2_048;
pub(super) const REQUIREMENTS: usize = 32;
pub(super) const TAGS: usize = 50;
pub(super) const OTHER: usize = 50;
pub(super) const OTHER_VALUE: usize = 1_023;
/// The maximum length of a repository's policy in ECR. ASFF documents no limit.
pub(super) const POLICY_TEXT: usize = 10_240;
/// The maximum length of lists for which ASFF documents no limit. They are short, so that the size of the finding stays
/// limited.
pub(super) const LIST: usize = 20;
pub(super) const FINDING_BYTES: usize = 240 * 1024;
/// The size of the parts that surround the contents: member names, ids, timestamps, product fields.
pub(super) const FRAME_BYTES: usize = 30 * 1024;

pub(super) fn bytes(value: &impl Serialize) -> usize {
    /// A writer that counts the bytes that are written.
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).map_or(usize::MAX, |()| count.0)
}

pub(super) fn bytes_of_tags(tags: Option<&HashMap<String, String>>) -> usize {
    tags.map_or(0, bytes)
}
