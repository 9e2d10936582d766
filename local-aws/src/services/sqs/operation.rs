//! The operations, each from a request to its answer.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    attributes,
    call::{Asked, Call},
    create,
    failure::Failure,
    finish, moves, permission,
    protocol::Protocol,
    receive,
    region::Region,
    send, tags,
};
use crate::services::{Request, Response, clock::Clock};

/// One operation of the API.
pub(super) struct Operation {
    pub(super) name: &'static str,
    run: Run,
}

#[derive(Clone, Copy)]
enum Run {
    Now(fn(&Session<'_>) -> Result<Response, Failure>),
    /// The one operation that may wait.
    Receive,
}

/// One request for an operation.
pub(super) struct Session<'a> {
    pub(super) operation: &'static Operation,
    pub(super) region: Arc<Mutex<Region>>,
    pub(super) clock: Clock,
    pub(super) protocol: Protocol,
    pub(super) request: &'a Request,
    pub(super) asked: Asked<'a>,
    /// The id of the request, which answers of the query protocol tell.
    pub(super) id: &'a str,
}

impl Operation {
    pub(super) fn of(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|known| known.name == name)
    }
}

impl Session<'_> {
    pub(super) async fn run(&self) -> Response {
        let result = match self.operation.run {
            Run::Now(run) => run(self),
            Run::Receive => receive::receive(self).await.map(|output| self.write(&output)),
        };
        result.unwrap_or_else(|failure| self.protocol.fail(&failure, self.id))
    }

    pub(super) fn read<I: DeserializeOwned>(&self) -> Result<I, Failure> {
        self.protocol.read(self.request)
    }

    /// Works on the state as it is now.
    pub(super) fn call<T>(
        &self,
        work: impl FnOnce(&mut Call<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut region = self.region.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut Call { region: &mut region, now: self.clock.now().into(), asked: self.asked })
    }

    fn write(&self, output: &impl Serialize) -> Response {
        self.protocol.answer(self.operation.name, output, self.id)
    }

    fn answer<I: DeserializeOwned, O: Serialize>(
        &self,
        run: impl FnOnce(&mut Call<'_>, I) -> Result<O, Failure>,
    ) -> Result<Response, Failure> {
        let input = self.read()?;
        self.call(|call| run(call, input)).map(|output| self.write(&output))
    }

    /// The same of an operation that only looks at its input.
    fn answer_ref<I: DeserializeOwned, O: Serialize>(
        &self,
        run: impl FnOnce(&mut Call<'_>, &I) -> Result<O, Failure>,
    ) -> Result<Response, Failure> {
        self.answer(|call, input| run(call, &input))
    }
}

/// The names of all operations, for a message.
pub(super) fn names() -> String {
    OPERATIONS.iter().map(|operation| operation.name).collect::<Vec<_>>().join(", ")
}

const OPERATIONS: &[Operation] = &[
    Operation { name: "ReceiveMessage", run: Run::Receive },
    now("DeleteMessage", |session| session.answer_ref(finish::delete)),
    now("DeleteMessageBatch", |session| session.answer(finish::delete_many)),
    now("SendMessage", |session| session.answer(send::one)),
    now("SendMessageBatch", |session| session.answer(send::many)),
    now("ChangeMessageVisibility", |session| session.answer_ref(finish::change)),
    now("ChangeMessageVisibilityBatch", |session| session.answer(finish::change_many)),
    now("GetQueueUrl", |session| session.answer(create::url)),
    now("GetQueueAttributes", |session| session.answer_ref(attributes::get)),
    now("SetQueueAttributes", |session| session.answer_ref(attributes::set)),
    now("CreateQueue", |session| session.answer(create::create)),
    now("DeleteQueue", |session| session.answer_ref(create::delete)),
    now("PurgeQueue", |session| session.answer_ref(create::purge)),
    now("ListQueues", |session| session.answer(create::list)),
    now("ListDeadLetterSourceQueues", |session| session.answer_ref(create::sources)),
    now("TagQueue", |session| session.answer(tags::add)),
    now("UntagQueue", |session| session.answer_ref(tags::remove)),
    now("ListQueueTags", |session| session.answer_ref(tags::list)),
    now("StartMessageMoveTask", |session| session.answer(moves::start)),
    now("ListMessageMoveTasks", |session| session.answer_ref(moves::list)),
    now("CancelMessageMoveTask", |session| session.answer_ref(moves::cancel)),
    now("AddPermission", |session| session.answer_ref(permission::add)),
    now("RemovePermission", |session| session.answer_ref(permission::remove)),
];

const fn now(name: &'static str, run: fn(&Session<'_>) -> Result<Response, Failure>) -> Operation {
    Operation { name, run: Run::Now(run) }
}
