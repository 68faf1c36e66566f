//! The signature of an image.

/// An answer to the question whether ECR should have signed an image when it was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedOnPush {
    /// ECR signs the images that are pushed to the repository.
    Yes,
    /// ECR signs the images that are pushed to the repository, but a pull through cache rule for all repositories may
    /// have copied the image.
    UnlessCopied,
    /// No signing rule covers the repository, or it holds only copies, which ECR does not sign.
    No,
}

/// The signature of an image, as far as ECR shows that there is one. Whether it is valid is for the clusters to verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// The repository holds a signature of the image.
    Present,
    /// The complete list of the repository has no signature of the image.
    Absent(Vec<SigningStatus>),
    /// The repository was not listed, so it may hold a signature. ECR has not signed the image itself, as its statuses
    /// show, and cosign stored no signature under a tag.
    NotFound(Vec<SigningStatus>),
}

/// The status of ECR's own signing of an image with one signing profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningStatus {
    /// The state of the signing.
    pub state: SigningState,
    /// The code and the reason of a failure, as ECR reports them.
    pub problem: Option<String>,
}

/// The state of ECR's own signing of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningState {
    /// COMPLETE.
    Complete,
    /// FAILED.
    Failed,
    /// `IN_PROGRESS`.
    UnderWay,
}

impl SigningState {
    /// Reads the state from its name in ECR; `None` if the name did not exist when this was written.
    pub fn read(name: &str) -> Option<Self> {
        match name {
            "COMPLETE" => Some(Self::Complete),
            "FAILED" => Some(Self::Failed),
            "IN_PROGRESS" => Some(Self::UnderWay),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_names_of_the_ecr_api() {
        for (name, state) in [
            ("COMPLETE", Some(SigningState::Complete)),
            ("FAILED", Some(SigningState::Failed)),
            ("IN_PROGRESS", Some(SigningState::UnderWay)),
            ("complete", None),
            ("", None),
        ] {
            assert_eq!(SigningState::read(name), state, "{name}");
        }
    }
}
