//! A client of services with the Query protocol, such as Amazon EC2. Requests are pairs of names and values in a form,
//! responses are XML.

mod response;

use serde::de::DeserializeOwned;

use crate::service::{Sender, Service, ServiceResult};
use crate::{Aws, Pace};

/// A service with the Query protocol.
#[derive(Debug, Clone, Copy)]
pub struct QueryService {
    /// The service.
    pub service: Service,
    /// The version of the API: `2015-12-01`.
    pub version: &'static str,
}

/// The parameters of a request, by name.
pub type Parameters = Vec<(String, String)>;

/// A client of a service with the Query protocol.
#[derive(Debug, Clone)]
pub struct QueryClient {
    sender: Sender,
    version: &'static str,
}

impl QueryClient {
    /// Creates a client. The service slows down `pace` when it throttles.
    pub fn new(service: QueryService, aws: &Aws, pace: Option<&Pace>) -> Self {
        Self {
            sender: Sender::new(service.service, aws, pace),
            version: service.version,
        }
    }

    /// Calls an operation, and reads the response into `T` by the names of its XML elements.
    ///
    /// # Errors
    ///
    /// Returns an error if the service does not respond, responds with an error, or if the response is not valid for
    /// `T`.
    pub async fn call<T>(&self, operation: &'static str, parameters: Parameters) -> ServiceResult<T>
    where
        T: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
    {
        let request = http::Request::post(self.sender.url())
            .header("content-type", "application/x-www-form-urlencoded");
        let form = self.form(operation, parameters);
        let read = response::read::<T>;
        self.sender.send(operation, request, form, read).await
    }

    fn form(&self, operation: &str, parameters: Parameters) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation);
        form.append_pair("Version", self.version);
        form.extend_pairs(parameters);
        form.finish()
    }
}

#[cfg(test)]
mod tests {
    use aws_config::SdkConfig;

    use super::*;

    const EC2: QueryService = QueryService {
        service: Service {
            name: "ec2",
            id: "EC2",
        },
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
