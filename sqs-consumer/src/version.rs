//! Versions of an entity: what a message is worth beside what is committed, and the steps that lose nothing wherever
//! they are cut off. Pure: it is told what happened.
//!
//! | I have | I want |
//! |---|---|
//! | a message whose turn it is | [`Course`], its steps; or [`Turn`] alone |
//! | several messages of one key that wait | [`Waiting`], if only the newest counts |
//! | more keys than fit into memory | [`Memory`], which saves loads |
//!
//! # Where it may be cut off
//!
//! A process may end, or lose its message, between any two steps. The message is then delivered again, and:
//!
//! | the last step | what is seen | what is done |
//! |---|---|---|
//! | load, process | nothing is stored | everything, again |
//! | store | it is stored and not published | it is published, from what is stored |
//! | publish | the same | it is published a second time |
//! | mark | it is stored and published | it is acknowledged |
//! | acknowledge | it does not come again; if it does, the same | it is acknowledged |
//!
//! A newer message that comes first finds the same, and publishes before it stores. So whoever reads what is published has to
//! expect a version twice, and an older one after a newer one: what it keeps is the newest.

mod committed;
mod course;
mod memory;
mod waiting;

pub use self::{
    committed::{Committed, Turn},
    course::{Course, Step},
    memory::Memory,
    waiting::Waiting,
};
