//! The machine images and instance types of nodes.

use jiff::civil::Date;

/// A machine image (AMI) that nodes use.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineImage {
    /// The ID.
    pub id: String,
    /// The name.
    pub name: Option<String>,
    /// `true` if Amazon owns the image.
    pub is_amazon: bool,
    /// The age; `None` if the response has no valid date of creation. A copy of an image has the date of the copy.
    pub age: Option<Age>,
}

/// The age of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// The day on which the image was created.
    pub created: Date,
    /// The number of days since then.
    pub days: i64,
}

/// An instance type that nodes have.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInfo.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceType {
    /// The name: `m7g.large`.
    pub name: String,
    /// `true` if traffic between such instances is encrypted by their hardware; `None` if the response does not include
    /// the property.
    pub encrypts_in_transit: Option<bool>,
}
