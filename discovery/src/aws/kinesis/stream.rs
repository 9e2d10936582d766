//! [`Streams`]: the mirror of Kinesis streams.

use std::borrow::Cow;

use aws_sdk_kinesis::{
    Client,
    operation::list_streams::ListStreamsOutput,
    types::{StreamDescriptionSummary, StreamSummary},
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, code, ec2_id::is_ec2_id, failure},
};

const DESCRIBE: Api = Api::new("kinesis", "DescribeStreamSummary");
const LIST: Api = Api::new("kinesis", "ListStreams");

/// Streams on a page.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html>.
const PAGE: i32 = 100;

/// Mirrors Kinesis streams: `kinesis:stream`, by name or ARN.
///
/// One by `DescribeStreamSummary`, more by `ListStreams`. Tags are not asked for.
#[derive(Clone, Debug)]
pub struct Streams {
    clients: Clients<Client>,
}

/// A Kinesis stream, as both the list and the call for one tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Stream {
    /// The name.
    #[serde(rename = "StreamName")]
    pub name: String,
    /// The ARN.
    #[serde(rename = "StreamARN")]
    pub arn: Option<String>,
    /// `ACTIVE`, `CREATING`, …
    #[serde(rename = "StreamStatus")]
    pub status: Option<String>,
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
        model.arn.iter().for_each(|arn| add(arn));
    }

    /// None.
    fn refs(_: &Stream, _: &mut Refs<'_>) {}

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, 1).and_list(LIST, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for key in keys {
            let operation = client.describe_stream_summary();
            let operation = if key.starts_with("arn:") {
                operation.stream_arn(*key)
            } else {
                operation.stream_name(*key)
            };
            match send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await {
                Ok(output) => match output.stream_description_summary() {
                    Some(summary) => found(described(summary), answers),
                    None => answers.unreadable(Some(key), "StreamDescriptionSummary"),
                },
                Err(error) if code(&error) == Some("ResourceNotFoundException") => answers.absent(key),
                Err(error) => return Err(failure(error)),
            }
        }
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation =
            self.clients.of(cx.scope())?.list_streams().set_next_token(page.map(str::to_owned)).limit(PAGE);
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        answer(&output, answers);
        match output.next_token {
            Some(token) => Ok(Some(token)),
            None if output.has_more_streams => {
                Err(FetchError::failed("a page does not say where the next one is"))
            }
            None => Ok(None),
        }
    }

    /// By name without the list: Kinesis says which name it does not know.
    fn find(term: &Term) -> Find<'_> {
        if let Some(arn) = term.arn() {
            let name = arn.resource.strip_prefix("stream/").filter(|_| arn.service == "kinesis");
            // A consumer's ARN goes on behind the name.
            let name = name.and_then(|path| path.split('/').next());
            return name.map_or(Find::No, |name| Find::Key(Cow::Borrowed(name)));
        }
        let text = term.text();
        let is_key = is_name(text) && term.address().is_none() && !is_ec2_id(text);
        if is_key { Find::Key(Cow::Borrowed(text)) } else { Find::No }
    }
}

/// Whether a text may be a name: letters, digits, and `_.-`.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html>.
fn is_name(text: &str) -> bool {
    let is_letter = |it: u8| it.is_ascii_alphanumeric() || b"_.-".contains(&it);
    (1..=128).contains(&text.len()) && text.bytes().all(is_letter)
}

fn answer(output: &ListStreamsOutput, answers: &mut Answers<Streams>) {
    for summary in output.stream_summaries() {
        found(listed(summary), answers);
    }
    // Where there are no summaries, there are names.
    for name in output.stream_names() {
        if !output.stream_summaries().iter().any(|summary| summary.stream_name() == name) {
            answers.named(name);
        }
    }
}

fn found(stream: Stream, answers: &mut Answers<Streams>) {
    if stream.name.is_empty() {
        answers.unreadable(stream.arn.as_deref(), "StreamName");
    } else {
        answers.found(stream);
    }
}

fn listed(summary: &StreamSummary) -> Stream {
    Stream {
        name: summary.stream_name().to_owned(),
        arn: Some(summary.stream_arn().to_owned()).filter(|arn| !arn.is_empty()),
        status: Some(summary.stream_status().as_str().to_owned()),
        mode: summary.stream_mode_details().map(|it| it.stream_mode().as_str().to_owned()),
        created: summary.stream_creation_timestamp().map(ToString::to_string),
    }
}

fn described(summary: &StreamDescriptionSummary) -> Stream {
    Stream {
        name: summary.stream_name().to_owned(),
        arn: Some(summary.stream_arn().to_owned()).filter(|arn| !arn.is_empty()),
        status: Some(summary.stream_status().as_str().to_owned()),
        mode: summary.stream_mode_details().map(|it| it.stream_mode().as_str().to_owned()),
        created: Some(summary.stream_creation_timestamp().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_kinesis::{
        primitives::DateTime,
        types::{EnhancedMetrics, StreamMode, StreamModeDetails, StreamStatus},
    };

    use super::*;
    use crate::{
        answers::Answer,
        aws::said::{aliases, answers_to, find, told},
    };

    const ARN: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks";

    fn mode() -> StreamModeDetails {
        StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build().expect("a mode")
    }

    fn summary(name: &str) -> StreamSummary {
        let summary = StreamSummary::builder()
            .stream_name(name)
            .stream_arn(ARN)
            .stream_status(StreamStatus::Active)
            .stream_mode_details(mode())
            .stream_creation_timestamp(DateTime::from_secs(0));
        summary.build().expect("a whole summary")
    }

    fn page(names: &[&str], summaries: Vec<StreamSummary>) -> ListStreamsOutput {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let page = ListStreamsOutput::builder()
            .set_stream_names(Some(names))
            .set_stream_summaries(Some(summaries))
            .has_more_streams(false);
        page.build().expect("a whole page")
    }

    #[test]
    fn the_list_and_the_call_for_one_tell_the_same() {
        let one = StreamDescriptionSummary::builder()
            .stream_name("clicks")
            .stream_arn(ARN)
            .stream_status(StreamStatus::Active)
            .stream_mode_details(mode())
            .stream_creation_timestamp(DateTime::from_secs(0))
            .retention_period_hours(24)
            .enhanced_monitoring(EnhancedMetrics::builder().build())
            .open_shard_count(1)
            .build()
            .expect("a whole description");
        let listed = listed(&summary("clicks"));
        assert_eq!(described(&one), listed);
        assert_eq!(
            listed,
            Stream {
                name: "clicks".to_owned(),
                arn: Some(ARN.to_owned()),
                status: Some("ACTIVE".to_owned()),
                mode: Some("ON_DEMAND".to_owned()),
                created: Some("1970-01-01T00:00:00Z".to_owned()),
            }
        );
    }

    #[test]
    fn one_without_a_name_does_not_cost_the_others() {
        let page = page(&["clicks"], vec![summary(""), summary("clicks")]);
        let (models, unreadable) = told(|answers| answer(&page, answers));
        assert_eq!(models.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["clicks"]);
        assert_eq!(unreadable, [(Some(ARN.to_owned()), "StreamName".to_owned())]);
    }

    #[test]
    fn what_is_only_named_is_fetched() {
        let mut answers = Answers::new();
        answer(&page(&["clicks", "views"], vec![summary("clicks")]), &mut answers);
        let named = |it: &Answer| if let Answer::Named { key } = it { Some(key.to_string()) } else { None };
        assert_eq!(answers.all.iter().filter_map(named).collect::<Vec<_>>(), ["views"]);
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("clicks", "clicks"),
            (ARN, "clicks"),
            ("arn:aws:kinesis:eu-west-1:123456789012:stream/clicks/consumer/a:1", "clicks"),
            ("arn:aws:sqs:eu-west-1:123456789012:clicks", "No"),
            ("clicks.example", "clicks.example"),
            ("web/clicks", "No"),
            ("Name=clicks", "No"),
            ("10.0.0.1", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
        ] {
            assert_eq!(find::<Streams>(term), how, "{term}");
        }
    }

    #[test]
    fn it_answers_to_its_name_and_its_arn() {
        let stream = listed(&summary("clicks"));
        assert_eq!(aliases::<Streams>(&stream), [ARN]);
        assert!(answers_to::<Streams>(&stream, "clicks") && answers_to::<Streams>(&stream, ARN));
        assert!(!answers_to::<Streams>(&stream, "click"));
    }
}
