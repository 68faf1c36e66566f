//! The operations of a service.

use serde::Deserialize;

/// An operation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// The shape of the request.
    pub input: Option<String>,
    /// The shape of the response.
    pub output: Option<String>,
    /// The shapes of the errors that the model lists.
    pub errors: Vec<String>,
    /// The method and the path of the request.
    pub http: Http,
    /// The element in the response that contains the members, in the protocol `query`.
    pub result_wrapper: Option<String>,
    /// The members for paging; `None` if the response has only one page.
    pub paginator: Option<Paginator>,
}

/// The method and the path of a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    /// The method.
    pub method: String,
    /// The path. A segment is a text, `{name}` for the text of a member, or `{name+}` for one that may contain slashes.
    pub request_uri: String,
}

/// The members of requests and responses for paging.
#[derive(Debug, Deserialize)]
pub struct Paginator {
    /// The member of a request with the token of the page.
    pub input_token: String,
    /// The member of a response with the token of the next page.
    pub output_token: String,
    /// The member of a request with the maximum size of the page.
    pub limit_key: Option<String>,
    /// The member of a response that states whether there is a next page.
    pub more_results: Option<String>,
    /// The members of a response with the items of the page. Dots separate the names of members inside members.
    pub result_key: Vec<String>,
}
