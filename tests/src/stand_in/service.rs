//! The services that the stand-in implements, and their errors.

use std::fmt;

/// A service whose operations the functions call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Service {
    Account,
    Config,
    Ecr,
    Eks,
    Iam,
    Kms,
    Organizations,
    S3,
    SecurityHub,
    Sqs,
    Ssm,
    Sts,
    Tagging,
}

/// The form of a service's requests and answers on the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Protocol {
    /// awsJson1.1 or, for SQS, awsJson1.0; requests have this prefix in `X-Amz-Target`.
    Json(&'static str),
    /// awsQuery; answers are XML in this namespace.
    Query(&'static str),
    /// restJson1.
    Rest,
    /// restXml as S3 uses it: the body of a request or an answer is an object.
    S3,
}

/// An error answer.
#[derive(Clone, Debug)]
pub(super) struct AwsError {
    pub code: String,
    pub message: String,
    pub status: u16,
    /// `true` if the caller should never have sent the request, which is then recorded as a violation.
    pub violation: bool,
}

impl Service {
    /// Returns the service with this signing name.
    pub(super) fn of_signing_name(name: &str) -> Option<Self> {
        Some(match name {
            "account" => Self::Account,
            "config" => Self::Config,
            "ecr" => Self::Ecr,
            "eks" => Self::Eks,
            "iam" => Self::Iam,
            "kms" => Self::Kms,
            "organizations" => Self::Organizations,
            "s3" => Self::S3,
            "securityhub" => Self::SecurityHub,
            "sqs" => Self::Sqs,
            "ssm" => Self::Ssm,
            "sts" => Self::Sts,
            "tagging" => Self::Tagging,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Config => "config",
            Self::Ecr => "ecr",
            Self::Eks => "eks",
            Self::Iam => "iam",
            Self::Kms => "kms",
            Self::Organizations => "organizations",
            Self::S3 => "s3",
            Self::SecurityHub => "securityhub",
            Self::Sqs => "sqs",
            Self::Ssm => "ssm",
            Self::Sts => "sts",
            Self::Tagging => "tagging",
        }
    }

    pub(super) fn protocol(self) -> Protocol {
        match self {
            Self::Config => Protocol::Json("StarlingDoveService"),
            Self::Ecr => Protocol::Json("AmazonEC2ContainerRegistry_V20150921"),
            Self::Kms => Protocol::Json("TrentService"),
            Self::Organizations => Protocol::Json("AWSOrganizationsV20161128"),
            Self::Sqs => Protocol::Json("AmazonSQS"),
            Self::Ssm => Protocol::Json("AmazonSSM"),
            Self::Tagging => Protocol::Json("ResourceGroupsTaggingAPI_20170126"),
            Self::Account | Self::Eks | Self::SecurityHub => Protocol::Rest,
            Self::S3 => Protocol::S3,
            Self::Iam => Protocol::Query("https://iam.amazonaws.com/doc/2010-05-08/"),
            Self::Sts => Protocol::Query("https://sts.amazonaws.com/doc/2011-06-15/"),
        }
    }

    /// Returns the error for a request that violates a rule of the operation's documentation.
    pub(super) fn invalid(self, message: impl Into<String>) -> AwsError {
        let code = match self {
            Self::Config => "InvalidParameterValueException",
            Self::Ecr | Self::Eks | Self::Tagging => "InvalidParameterException",
            Self::Iam | Self::Sts => "ValidationError",
            Self::Account | Self::Kms | Self::Ssm => "ValidationException",
            Self::Organizations | Self::SecurityHub => "InvalidInputException",
            Self::S3 => "InvalidRequest",
            Self::Sqs => "InvalidParameterValue",
        };
        AwsError::new(code, message).violation()
    }

    /// Returns the error for a caller that is throttled.
    pub(super) fn throttled(self) -> AwsError {
        let (code, status) = match self {
            Self::Config | Self::Ecr | Self::Kms | Self::Ssm => ("ThrottlingException", 400),
            Self::Eks => ("ThrottlingException", 429),
            Self::Iam | Self::Sts => ("Throttling", 400),
            Self::Organizations => ("TooManyRequestsException", 400),
            Self::Account | Self::SecurityHub => ("TooManyRequestsException", 429),
            Self::S3 => ("SlowDown", 503),
            Self::Sqs => ("RequestThrottled", 403),
            Self::Tagging => ("ThrottledException", 400),
        };
        AwsError::new(code, "Rate exceeded").status(status)
    }

    /// Returns the error for a caller without permission.
    pub(super) fn denied(self, message: impl Into<String>) -> AwsError {
        let (code, status) = match self {
            Self::Config
            | Self::Ecr
            | Self::Kms
            | Self::Organizations
            | Self::Ssm
            | Self::Tagging => ("AccessDeniedException", 400),
            Self::Account | Self::Eks | Self::SecurityHub => ("AccessDeniedException", 403),
            Self::Iam | Self::S3 | Self::Sqs | Self::Sts => ("AccessDenied", 403),
        };
        AwsError::new(code, message).status(status)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl AwsError {
    pub(super) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            status: 400,
            violation: false,
        }
    }

    pub(super) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(super) fn violation(self) -> Self {
        Self {
            violation: true,
            ..self
        }
    }

    /// Returns the error for an operation that the functions do not use.
    pub(super) fn unknown_operation(operation: &str) -> Self {
        Self::new(
            "UnknownOperationException",
            format!("the stand-in does not know {operation}"),
        )
        .violation()
    }
}
