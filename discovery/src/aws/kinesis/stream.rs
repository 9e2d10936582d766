//! [`Streams`]: the mirror of Kinesis streams.

use std::borrow::Cow;

use aws_sdk_kinesis::Client;
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use crate::{
    Answers, Api, Arn, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, code, failure},
};

const GET: Api = Api::new("kinesis", "DescribeStreamSummary");
const LIST: Api = Api::new("kinesis", "ListStreams");

/// Streams on a page, at most.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html>.
const PAGE: i32 = 100;

/// Mirrors Kinesis streams: `kinesis:stream`, by name.
#[derive(Clone, Debug)]
pub struct Streams {
    clients: Clients<Client>,
}

/// A Kinesis stream, as both the list and the summary of one tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Stream {
    /// The name.
    #[serde(rename = "StreamName")]
    pub name: String,
    /// The ARN.
    #[serde(rename = "StreamARN")]
    pub arn: String,
    /// `CREATING`, `DELETING`, `ACTIVE` or `UPDATING`.
    #[serde(rename = "StreamStatus")]
    pub status: String,
    /// `PROVISIONED` or `ON_DEMAND`.
    #[serde(rename = "StreamMode")]
    pub mode: Option<String>,
    /// RFC 3339.
    #[serde(rename = "StreamCreationTimestamp")]
    pub created: Option<String>,
}

impl Streams {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for Streams {
    const TYPE: &'static str = "kinesis:stream";

    type Model = Stream;

    fn key(model: &Stream) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

    fn aliases(model: &Stream, add: &mut dyn FnMut(&str)) {
        add(&model.arn);
    }

    fn refs(_: &Stream, _: &mut Refs<'_>) {}

    fn plan(&self) -> Plan {
        Plan::by_id(GET, 1).and_list(LIST, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for key in keys {
            let operation = client.describe_stream_summary().stream_name(*key);
            let output = match send(cx, &cx.call(GET), || operation.clone().send()).await {
                Ok(output) => output,
                // A text that is no name at all is refused as such.
                Err(error)
                    if matches!(code(&error), Some("ResourceNotFoundException" | "ValidationException")) =>
                {
                    answers.absent(key);
                    continue;
                }
                Err(error) => return Err(failure(error)),
            };
            let Some(stream) = output.stream_description_summary() else {
                answers.unreadable(Some(key), "StreamDescriptionSummary");
                continue;
            };
            answers.found(Stream {
                name: stream.stream_name().to_owned(),
                arn: stream.stream_arn().to_owned(),
                status: stream.stream_status().as_str().to_owned(),
                mode: stream.stream_mode_details().map(|details| details.stream_mode().as_str().to_owned()),
                created: Some(stream.stream_creation_timestamp().to_string()),
            });
        }
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self.clients.of(cx.scope())?.list_streams().limit(PAGE);
        let operation = operation.set_next_token(page.map(str::to_owned));
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        for stream in output.stream_summaries() {
            if stream.stream_name().is_empty() {
                answers.unreadable(None, "StreamName");
                continue;
            }
            answers.found(Stream {
                name: stream.stream_name().to_owned(),
                arn: stream.stream_arn().to_owned(),
                status: stream.stream_status().as_str().to_owned(),
                mode: stream.stream_mode_details().map(|details| details.stream_mode().as_str().to_owned()),
                created: stream.stream_creation_timestamp().map(ToString::to_string),
            });
        }
        // A service that knows no summaries tells the names.
        if output.stream_summaries().is_empty() {
            output.stream_names().iter().for_each(|name| answers.named(name));
        }
        Ok(output.next_token.filter(|_| output.has_more_streams))
    }

    fn find(term: &Term) -> Find<'_> {
        match term.arn() {
            Some(Arn { service: "kinesis", resource, .. }) => {
                resource.strip_prefix("stream/").map_or(Find::No, |name| Find::Key(name.into()))
            }
            Some(_) => Find::No,
            None if term.tag().is_some() || term.address().is_some() => Find::No,
            None => Find::List,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_term_may_be() {
        let arn = Term::new("arn:aws:kinesis:eu-west-1:123456789012:stream/orders");
        assert_eq!(Streams::find(&arn), Find::Key("orders".into()));
        assert_eq!(Streams::find(&Term::new("arn:aws:s3:::orders")), Find::No);
        assert_eq!(Streams::find(&Term::new("orders")), Find::List);
    }
}
