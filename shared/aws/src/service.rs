//! The parts that the clients of [`query`](crate::query) and [`json`](crate::json) share. They call services of which
//! few operations are needed, and whose SDK crates take long to compile. The SDK's own runtime signs, sends and retries
//! the requests, so they behave like those of the SDK's clients.

mod endpoint;

use aws_config::SdkConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::{Operation, OperationBuilder};
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SigningName;
use aws_types::region::SigningRegion;

use crate::{Aws, CompleteResponses, Pace};

pub use endpoint::dns_suffix;

/// A service that is called without an SDK crate.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// The name in endpoints and signatures: `elasticloadbalancing`.
    pub name: &'static str,
    /// The ID by which the environment can set an endpoint: `Elastic Load Balancing v2`.
    /// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html>.
    pub id: &'static str,
}

/// An error that a service returns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", meta.message().or(meta.code()).unwrap_or("an error without a code"))]
pub struct ServiceError {
    meta: ErrorMetadata,
}

impl ServiceError {
    /// Creates an error with the code and the message of a response, if it has them.
    pub(crate) fn new(code: Option<&str>, message: Option<&str>) -> Self {
        let mut meta = ErrorMetadata::builder();
        if let Some(code) = code {
            meta = meta.code(code);
        }
        if let Some(message) = message {
            meta = meta.message(message);
        }
        Self { meta: meta.build() }
    }
}

impl ProvideErrorMetadata for ServiceError {
    fn meta(&self) -> &ErrorMetadata {
        &self.meta
    }
}

/// The error of a response that is not valid.
#[derive(Debug, thiserror::Error)]
#[error("the response is invalid: {problem}")]
pub(crate) struct InvalidResponse {
    problem: String,
}

impl InvalidResponse {
    /// Returns the error of an operation whose response can't be read. Contains the text and not the source, which may
    /// hold parts of the response.
    pub(crate) fn of(problem: &impl ToString) -> OrchestratorError<ServiceError> {
        let problem = problem.to_string();
        OrchestratorError::other(Self { problem })
    }
}

/// The result of a call.
pub type ServiceResult<T> = Result<T, SdkError<ServiceError, HttpResponse>>;

/// A sender of requests to a service.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    service: Service,
    aws: Aws,
    pace: Option<Pace>,
}

impl Sender {
    /// Creates a sender. The service slows down `pace` when it throttles.
    pub(crate) fn new(service: Service, aws: &Aws, pace: Option<&Pace>) -> Self {
        Self {
            service,
            aws: aws.clone(),
            pace: pace.cloned(),
        }
    }

    /// Returns the URL of the service, which ends with a slash unless the environment sets another one.
    pub(crate) fn url(&self) -> String {
        endpoint::url(self.service, self.aws.config())
    }

    /// Sends a request, and reads the response with `read`.
    ///
    /// # Errors
    ///
    /// Returns an error if the service does not respond, or if `read` returns one.
    pub(crate) async fn send<T>(
        &self,
        operation: &'static str,
        request: http::request::Builder,
        body: String,
        read: fn(&HttpResponse) -> Result<T, OrchestratorError<ServiceError>>,
    ) -> ServiceResult<T>
    where
        T: std::fmt::Debug + Send + Sync + 'static,
    {
        let request = request.header("content-length", body.len()).header(
            "user-agent",
            concat!("eksentry/", env!("CARGO_PKG_VERSION")),
        );
        let request = request.body(()).map_err(SdkError::construction_failure)?;
        self.operation(operation, &self.url())
            .serializer(move |body: String| with_body(&request, body))
            .deserializer(read)
            .build()
            .invoke(body)
            .await
    }

    fn operation(&self, operation: &'static str, url: &str) -> OperationBuilder {
        let pace = self.pace.as_ref();
        unsigned_operation(&self.aws, pace, self.service.name, operation, url)
            .retry_classifier(AwsErrorCodeClassifier::<ServiceError>::default())
            .runtime_plugin(self.signing(self.aws.config()))
    }

    /// Returns the plugin that signs requests.
    fn signing(&self, config: &SdkConfig) -> StaticRuntimePlugin {
        let mut layer = Layer::new("service");
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        let region = config.region().cloned().map(SigningRegion::from);
        layer.store_put(SigV4OperationSigningConfig {
            region,
            region_set: None,
            name: Some(SigningName::from_static(self.service.name)),
            signing_options: SigningOptions::default(),
        });
        let mut components = RuntimeComponentsBuilder::new("service");
        components.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
            StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]),
        )));
        components.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
        components.set_identity_cache(config.identity_cache());
        if let Some(credentials) = config.credentials_provider() {
            components.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
        }
        StaticRuntimePlugin::new()
            .with_config(layer.freeze())
            .with_runtime_components(components)
    }
}

/// Returns an operation with the HTTP client, the retries and the timeouts of the configuration. It does not
/// authenticate its requests yet.
pub(crate) fn unsigned_operation(
    aws: &Aws,
    pace: Option<&Pace>,
    service: &'static str,
    operation: &'static str,
    url: &str,
) -> OperationBuilder {
    let config = aws.config();
    // Each call draws its retries from the shared partition.
    let mut layer = Layer::new("retries");
    layer.store_put(aws.retries());
    let mut builder = Operation::builder()
        .service_name(service)
        .operation_name(operation)
        .endpoint_url(url)
        .retry_classifier(TransientErrorClassifier::<ServiceError>::new())
        .retry_classifier(HttpStatusCodeClassifier::default())
        .interceptor(aws.call_counter(pace))
        .interceptor(CompleteResponses)
        .with_connection_poisoning()
        .runtime_plugin(StaticRuntimePlugin::new().with_config(layer.freeze()));
    if let Some(http) = config.http_client() {
        builder = builder.http_client(http);
    }
    if let Some(retries) = config.retry_config() {
        builder = builder.standard_retry(retries);
    }
    if let Some(timeouts) = config.timeout_config() {
        builder = builder.timeout_config(timeouts.clone());
    }
    if let Some(sleep) = config.sleep_impl() {
        builder = builder.sleep_impl(sleep);
    }
    if let Some(time) = config.time_source() {
        builder = builder.time_source(time);
    }
    builder
}

/// Returns a request with the method, the URL and the headers of another one, and this body.
fn with_body(request: &http::Request<()>, body: String) -> Result<HttpRequest, BoxError> {
    Ok(request.clone().map(|()| SdkBody::from(body)).try_into()?)
}
