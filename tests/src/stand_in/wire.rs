//! The form of requests and responses on the wire, as the published models describe it.

mod decode;
mod encode;
mod form;
mod members;
mod request;
mod route;
mod xml;

pub(super) use self::{
    decode::{DecodeError, decode},
    encode::{Reply, encode, encode_error},
    request::{Request, record},
    route::Routes,
};
