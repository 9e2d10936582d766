//! The wire forms of AWS protocols.

pub(crate) mod json;
pub(crate) mod xml;
