//! What can go wrong with a request, before each dialect gives it a status and a shape.

use std::marker::PhantomData;

use app::Refusal;
use axum::response::{IntoResponse, Response};

/// Why a request is not answered with what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The use case said no.
    Refused(Refusal),
    /// The body is larger than the route takes, in bytes.
    TooLarge(usize),
    /// The body is not JSON of the right shape, or an id or parameter is malformed; says what.
    Malformed(String),
    /// Well-formed, but names nothing that could be ours; says what kind of thing.
    NoSuch(&'static str),
}

/// A wire API: how it says no. The five are known here; outsiders do not plug in, but the extractors
/// need to know on whose behalf they refuse.
pub(crate) trait Dialect: Send + Sync + 'static {
    /// Gives a fault this dialect's status and shape.
    fn render(fault: &Fault) -> Response;
}

/// A fault on its way out through a dialect.
#[derive(Debug)]
pub(crate) struct Refused<D> {
    fault: Fault,
    dialect: PhantomData<fn() -> D>,
}

impl<D> From<Fault> for Refused<D> {
    fn from(fault: Fault) -> Self {
        Self { fault, dialect: PhantomData }
    }
}

impl<D> From<Refusal> for Refused<D> {
    fn from(refusal: Refusal) -> Self {
        Fault::Refused(refusal).into()
    }
}

impl<D: Dialect> IntoResponse for Refused<D> {
    fn into_response(self) -> Response {
        D::render(&self.fault)
    }
}
