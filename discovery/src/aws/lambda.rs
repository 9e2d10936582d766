//! Lambda.

mod function;

pub use self::function::{Function, Functions, VpcConfig};
