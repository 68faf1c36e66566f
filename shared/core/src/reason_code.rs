//! Every reason code.

use std::cmp::Ordering;

use serde::Serialize;
use strum::{EnumMessage, IntoStaticStr, VariantArray};

/// A stable word for machines that says why a verdict is what it is. Findings, evaluations and events carry it, and people
/// search and filter by it: no code changes its meaning.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, EnumMessage, IntoStaticStr, Serialize, VariantArray,
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(into = "&'static str")]
pub enum ReasonCode {
    // --- Not read ---
    /// The role may not make a call that the check needs.
    AccessDenied,
    /// No selected check asked for the fact.
    NotRead,
    /// The service was not reached, or did not answer in time.
    NotReached,
    /// An answer has no list, not even an empty one.
    NoList,
    /// A policy document is not one that is understood.
    PolicyNotUnderstood,
    /// A call failed for another reason, or its answer lacks something.
    ReadFailed,
    /// The service throttled a call until its tries were used up.
    Throttled,

    // --- Any resource ---
    /// An exception of the mute list accepts the failure.
    Muted,
    /// The resource was not found by the sweep of what should hold it.
    NoLongerFound,
    /// The resource does not exist any more.
    ResourceGone,
    /// The check does not apply to the resource as it is.
    ResourceNotApplicable,
    /// The check is about resources of another kind.
    ResourceOfOtherKind,

    // --- Many objects ---
    /// All objects passed.
    AllPassed,
    /// Objects pass under an exception only.
    Excepted,
    /// There are more objects than the finding names.
    MoreObjects,
    /// There are more reasons than the finding names.
    MoreReasons,
    /// There is no object that the check applies to.
    NoObjects,
    /// The objects that fail have findings of their own.
    ObjectsReported,
    /// Results of some objects are under way.
    ResultsPending,

    // --- Accounts ---
    /// Neither a cluster nor a repository is in the Region.
    NothingToRecord,
    /// There is no recorder.
    NoRecorder,
    /// The recorder says that its last delivery failed.
    RecorderFailed,
    /// The recorder is off.
    RecorderOff,
    /// The types that the recorder records are not known.
    RecordedTypesUnknown,
    /// Types that matter are not recorded.
    TypesNotRecorded,
    /// All types that matter are recorded.
    TypesRecorded,
    /// Types that matter are recorded once a day.
    TypesRecordedDaily,

    // --- Clusters: endpoint ---
    /// The public endpoint takes only address ranges that are allowed.
    PublicEndpointAllowed,
    /// The public endpoint is off.
    PublicEndpointOff,
    /// The public endpoint is on.
    PublicEndpointOn,
    /// The public endpoint takes connections from anywhere.
    PublicEndpointOpenToWorld,
    /// An address range is not one that is understood.
    UnknownCidr,

    // --- Clusters: access, deletion, logs ---
    /// Access entries alone grant access.
    AccessEntriesAlone,
    /// The ConfigMap aws-auth alone grants access.
    ConfigMapAlone,
    /// The ConfigMap aws-auth grants access too, which is allowed.
    ConfigMapAllowed,
    /// The ConfigMap aws-auth grants access too.
    ConfigMapCounts,
    /// EKS tells no authentication mode.
    NoAuthenticationMode,
    /// The authentication mode is not one that is known.
    UnknownAuthenticationMode,
    /// Deletion protection is off.
    DeletionProtectionOff,
    /// Deletion protection is on.
    DeletionProtectionOn,
    /// EKS tells nothing of deletion protection.
    NoDeletionProtection,
    /// All wanted log types are enabled.
    LogsEnabled,
    /// Wanted log types are not enabled.
    LogsNotEnabled,

    // --- Clusters: role ---
    /// A policy of the role allows every action on every resource.
    RoleAllowsEverything,
    /// The cluster alone uses the role.
    RoleDedicated,
    /// IAM has no such role.
    RoleMissing,
    /// EKS says that it does not find the role.
    RoleNotFoundByEks,
    /// Others use the role as well.
    RoleShared,
    /// Others than EKS may assume the role.
    RoleTrustsOthers,
    /// EKS did not say which role it is.
    RoleUnknown,

    // --- Clusters: secrets ---
    /// A customer managed key encrypts secrets.
    CustomerManagedKey,
    /// EKS encrypts with a key of its own.
    EncryptedByDefault,
    /// A key of the account's choice encrypts secrets.
    EncryptedWithKey,
    /// The key does not exist any more.
    KeyGone,
    /// EKS reports that it can't use the key.
    KeyIssueReported,
    /// AWS manages the key.
    KeyManagedByAws,
    /// The key is none of those that are allowed.
    KeyNotAllowed,
    /// The state of the key is not one that is known.
    KeyStateUnknown,
    /// The key is disabled or about to be deleted.
    KeyUnusable,
    /// No customer managed key encrypts secrets.
    NoCustomerManagedKey,
    /// EKS reports no problem with a key that can't be looked at.
    NoKeyIssueReported,
    /// Secrets are not encrypted with a key.
    NotEncrypted,
    /// The version of Kubernetes is not one that is understood.
    VersionUnknown,

    // --- Repositories ---
    /// The tags that an exclusion filter covers are not known.
    ExclusionUnknown,
    /// The setting for tags is not one that is known.
    MutabilityUnknown,
    /// All tags are immutable.
    TagsImmutable,
    /// All tags are immutable but those that are allowed not to be.
    TagsImmutableAsAllowed,
    /// A filter makes all tags immutable.
    TagsImmutableByExclusion,
    /// All tags are mutable.
    TagsMutable,
    /// A filter makes all tags mutable.
    TagsMutableByExclusion,
    /// Tags are mutable, but for those of a filter.
    TagsMutableWithExclusion,
    /// Tags of filters are mutable that are not allowed to be.
    TagsPartlyMutable,
    /// No image is scanned on push.
    NotScannedOnPush,
    /// The repository's setting has no effect under enhanced scanning.
    OwnSettingWithoutEffect,
    /// The repository's own setting scans images on push.
    ScannedByOwnSetting,
    /// A rule of the registry scans images.
    ScannedByRegistryRule,

    // --- Images ---
    /// The scan is complete, and its findings are not there yet.
    FindingsAwaited,
    /// The image was pushed just now, and its scan is not there yet.
    FirstScanAwaited,
    /// The image is archived.
    ImageArchived,
    /// The image is not active.
    ImageNotActive,
    /// The image was never scanned.
    NeverScanned,
    /// No vulnerability is as severe as one that fails.
    NoSevereVulnerabilities,
    /// The scan failed.
    ScanFailed,
    /// The status of the scan comes without a result.
    ScanHasNoResult,
    /// The scan is under way.
    ScanUnderWay,
    /// The scan is complete, but there is no result.
    ScanWithoutResult,
    /// The event of the scan counts vulnerabilities that ECR does not tell yet.
    VulnerabilitiesAnnounced,
    /// Vulnerabilities are as severe as those that fail.
    VulnerabilitiesFound,

    // --- Keys ---
    /// Keys of this kind have no automatic rotation.
    KeyCannotRotate,
    /// Automatic rotation is off.
    RotationOff,
    /// Automatic rotation is on.
    RotationOn,
    /// The key rotates less often than it should.
    RotationPeriodTooLong,
}

impl ReasonCode {
    /// Every code.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Returns the word: `ACCESS_DENIED`.
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// Returns a sentence that says when the code is given.
    pub fn meaning(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }
}

/// The order of the words.
impl Ord for ReasonCode {
    fn cmp(&self, other: &Self) -> Ordering {
        self.word().cmp(other.word())
    }
}

impl PartialOrd for ReasonCode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_a_word_of_its_own_with_a_meaning_of_its_own() {
        let words: BTreeSet<_> = ReasonCode::ALL.iter().map(|code| code.word()).collect();
        assert_eq!(words.len(), ReasonCode::ALL.len());
        let meanings: BTreeSet<_> = ReasonCode::ALL.iter().map(|code| code.meaning()).collect();
        assert_eq!(meanings.len(), ReasonCode::ALL.len());
        for code in ReasonCode::ALL {
            let (word, meaning) = (code.word(), code.meaning());
            let is_word = word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            assert!(is_word, "{word}");
            assert!(meaning.ends_with('.'), "{word}: {meaning:?}");
        }
    }

    #[test]
    fn a_code_is_written_as_its_word() {
        assert_eq!(ReasonCode::AccessDenied.word(), "ACCESS_DENIED");
    }
}
