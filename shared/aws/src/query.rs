//! A client of services with the Query protocol, such as Amazon EC2, of which few operations are called. The SDK's crate
//! for EC2 takes longer to compile than all other crates together.
//!
//! Requests are pairs of names and values in a form, responses are XML. The SDK's own runtime signs, sends and retries
//! the requests, so they behave like those of the SDK's clients.

mod endpoint;
mod response;

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
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use serde::de::DeserializeOwned;

pub use self::response::QueryError;
use crate::{Aws, CompleteResponses, Pace};

/// A service with the Query protocol.
#[derive(Debug, Clone, Copy)]
pub struct QueryService {
    /// The name in endpoints and signatures: `elasticloadbalancing`.
    pub name: &'static str,
    /// The ID by which the environment can set an endpoint: `Elastic Load Balancing v2`.
    /// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html>.
    pub id: &'static str,
    /// The version of the API: `2015-12-01`.
    pub version: &'static str,
}

/// The parameters of a request, by name.
pub type Parameters = Vec<(String, String)>;

/// A client of a service with the Query protocol.
#[derive(Debug, Clone)]
pub struct QueryClient {
    service: QueryService,
    aws: Aws,
    pace: Option<Pace>,
}

impl QueryClient {
    /// Creates a client. The service slows down `pace` when it throttles.
    pub fn new(service: QueryService, aws: &Aws, pace: Option<&Pace>) -> Self {
        Self {
            service,
            aws: aws.clone(),
            pace: pace.cloned(),
        }
    }

    /// Calls an operation, and reads the response into `T` by the names of its XML elements.
    ///
    /// # Errors
    ///
    /// Returns an error if the service does not respond, responds with an error, or if the response is not valid for
    /// `T`.
    pub async fn call<T>(
        &self,
        operation: &'static str,
        parameters: Parameters,
    ) -> Result<T, SdkError<QueryError, HttpResponse>>
    where
        T: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
    {
        let url = endpoint::url(self.service, self.aws.config());
        self.operation(operation, &url)
            .serializer(form(url.clone()))
            .deserializer(response::read::<T>)
            .build()
            .invoke(self.form(operation, parameters))
            .await
    }

    fn form(&self, operation: &str, parameters: Parameters) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation);
        form.append_pair("Version", self.service.version);
        form.extend_pairs(parameters);
        form.finish()
    }

    fn operation(&self, operation: &'static str, url: &str) -> OperationBuilder {
        let config = self.aws.config();
        let mut builder = Operation::builder()
            .service_name(self.service.name)
            .operation_name(operation)
            .endpoint_url(url)
            .retry_classifier(AwsErrorCodeClassifier::<QueryError>::default())
            .retry_classifier(TransientErrorClassifier::<QueryError>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .interceptor(self.aws.call_counter(self.pace.as_ref()))
            .interceptor(CompleteResponses)
            .with_connection_poisoning()
            .runtime_plugin(self.signing(config));
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

    /// Returns the plugin that signs requests, and lets each call draw its retries from the shared partition.
    fn signing(&self, config: &SdkConfig) -> StaticRuntimePlugin {
        let mut layer = Layer::new("query");
        layer.store_put(self.aws.retries());
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        let region = config.region().cloned().map(SigningRegion::from);
        layer.store_put(SigV4OperationSigningConfig {
            region,
            region_set: None,
            name: Some(SigningName::from_static(self.service.name)),
            signing_options: SigningOptions::default(),
        });
        let mut components = RuntimeComponentsBuilder::new("query");
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

/// Returns the function that makes the request of a form.
fn form(url: String) -> impl Fn(String) -> Result<HttpRequest, BoxError> + Send + Sync {
    move |form| {
        let request = http::Request::post(&url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-length", form.len())
            .header(
                "user-agent",
                concat!("eksentry/", env!("CARGO_PKG_VERSION")),
            )
            .body(SdkBody::from(form))?;
        Ok(request.try_into()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EC2: QueryService = QueryService {
        name: "ec2",
        id: "EC2",
        version: "2016-11-15",
    };

    #[test]
    fn a_form_begins_with_the_operation_and_the_version() {
        let config = SdkConfig::builder().build();
        let client = QueryClient::new(EC2, &Aws::new(config), None);
        let parameters = vec![("Filter.1.Value.1".to_owned(), "a b&c".to_owned())];
        assert_eq!(
            client.form("DescribeSubnets", parameters),
            "Action=DescribeSubnets&Version=2016-11-15&Filter.1.Value.1=a+b%26c"
        );
    }
}
