//! A call: what an operation works on.

use super::{failure::Failure, queue::Queue, region::Region};
use crate::{
    services::{Action, Caller, Flow, Gate, Quirk, Scope},
    wire::timestamp::Timestamp,
};

/// The state of the caller's account and region, the time, and what stands around the call.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) region: &'a mut Region,
    pub(super) now: Timestamp,
    pub(super) asked: Asked<'a>,
}

/// What is known of a request beside its body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) operation: &'static str,
    /// The host that the client calls: queue URLs name it.
    pub(super) host: &'a str,
    pub(super) scope: &'a Scope,
    pub(super) caller: Option<&'a Caller>,
    pub(super) gate: &'a dyn Gate,
    pub(super) quirk: Option<Quirk>,
}

impl Call<'_> {
    /// The queue of a URL.
    pub(super) fn queue(&mut self, url: &str) -> Result<&mut Queue, Failure> {
        let name = self.name(url)?;
        self.region.queue(name, self.now)
    }

    /// The queue of a URL, if its limit lets the call pass: SQS limits calls to FIFO queues.
    pub(super) fn admitted(&mut self, url: &str) -> Result<&mut Queue, Failure> {
        let (name, asked) = (self.name(url)?, self.asked);
        let queue = self.region.queue(name, self.now)?;
        if queue.settings.fifo.is_some_and(|fifo| !fifo.fast) && asked.gate.counts("sqs", asked.operation) {
            let resource = Some(name.to_owned());
            let action = Action { service: "sqs", name: asked.operation.into(), resource };
            asked.gate.pass(asked.scope, &action, Flow { records: 1, bytes: 0, may_owe: false })?;
        }
        Ok(queue)
    }

    pub(super) fn name<'u>(&self, url: &'u str) -> Result<&'u str, Failure> {
        let (rest, name) = url.rsplit_once('/').unwrap_or(("", url));
        let account = rest.rsplit('/').next().unwrap_or_default();
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if is_account && account != self.asked.scope.account {
            return Err(Failure::absent("The specified queue does not exist."));
        }
        Ok(name)
    }

    pub(super) fn url(&self, name: &str) -> String {
        format!("http://{}/{}/{name}", self.asked.host, self.asked.scope.account)
    }
}
