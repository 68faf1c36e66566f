//! The table of services: a row for each service that the functions call.

use super::service::Row;

/// The services, by their signing names, with the codes and the HTTP statuses of the errors that all their operations
/// have in common.
pub(super) static SERVICES: &[Row] = &[
    Row {
        service: "account",
        is_global: false,
        invalid: "ValidationException",
        throttling: ("TooManyRequestsException", 429),
        denied: ("AccessDeniedException", 403),
    },
    Row {
        service: "cloudtrail",
        is_global: false,
        invalid: "InvalidParameterCombinationException",
        throttling: ("ThrottlingException", 400),
        denied: ("AccessDeniedException", 400),
    },
    Row {
        service: "config",
        is_global: false,
        invalid: "InvalidParameterValueException",
        throttling: ("ThrottlingException", 400),
        denied: ("AccessDeniedException", 400),
    },
    Row {
        service: "ec2",
        is_global: false,
        invalid: "InvalidParameterValue",
        throttling: ("RequestLimitExceeded", 503),
        denied: ("UnauthorizedOperation", 403),
    },
    Row {
        service: "ecr",
        is_global: false,
        invalid: "InvalidParameterException",
        throttling: ("ThrottlingException", 400),
        denied: ("AccessDeniedException", 400),
    },
    Row {
        service: "eks",
        is_global: false,
        invalid: "InvalidParameterException",
        throttling: ("ThrottlingException", 429),
        denied: ("AccessDeniedException", 403),
    },
    Row {
        service: "elasticfilesystem",
        is_global: false,
        invalid: "BadRequest",
        throttling: ("ThrottlingException", 429),
        denied: ("AccessDeniedException", 403),
    },
    Row {
        service: "elasticloadbalancing",
        is_global: false,
        invalid: "ValidationError",
        throttling: ("Throttling", 400),
        denied: ("AccessDenied", 403),
    },
    Row {
        service: "iam",
        is_global: true,
        invalid: "ValidationError",
        throttling: ("Throttling", 400),
        denied: ("AccessDenied", 403),
    },
    Row {
        service: "kms",
        is_global: false,
        invalid: "ValidationException",
        throttling: ("ThrottlingException", 400),
        denied: ("AccessDeniedException", 400),
    },
    Row {
        service: "organizations",
        is_global: false,
        invalid: "InvalidInputException",
        throttling: ("TooManyRequestsException", 400),
        denied: ("AccessDeniedException", 400),
    },
    Row {
        service: "s3",
        is_global: false,
        invalid: "InvalidRequest",
        throttling: ("SlowDown", 503),
        denied: ("AccessDenied", 403),
    },
    Row {
        service: "securityhub",
        is_global: false,
        invalid: "InvalidInputException",
        throttling: ("TooManyRequestsException", 429),
        denied: ("AccessDeniedException", 403),
    },
    Row {
        service: "sqs",
        is_global: false,
        invalid: "InvalidParameterValue",
        throttling: ("RequestThrottled", 403),
        denied: ("AccessDenied", 403),
    },
    Row {
        service: "ssm",
        is_global: false,
        invalid: "ValidationException",
        throttling: ("ThrottlingException", 400),
        denied: ("AccessDeniedException", 400),
    },
    Row {
        service: "sts",
        is_global: false,
        invalid: "ValidationError",
        throttling: ("Throttling", 400),
        denied: ("AccessDenied", 403),
    },
    Row {
        service: "tagging",
        is_global: false,
        invalid: "InvalidParameterException",
        throttling: ("ThrottledException", 400),
        denied: ("AccessDeniedException", 400),
    },
];
