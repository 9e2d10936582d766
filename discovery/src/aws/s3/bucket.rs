//! [`Buckets`]: the mirror of S3 buckets.

use std::borrow::Cow;

use aws_sdk_s3::{Client, types::Bucket as Described};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, ec2_id::is_ec2_id, failure},
};

const LIST: Api = Api::new("s3", "ListBuckets").permission("s3:ListAllMyBuckets");

/// Buckets on a page.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>.
const PAGE: i32 = 10_000;

/// Mirrors S3 buckets: `s3:bucket`, by name, each in its region.
///
/// By `ListBuckets` of a region: a bucket of a name may be somebody else's, and the calls for one do not say. Tags are
/// not asked for.
#[derive(Clone, Debug)]
pub struct Buckets {
    clients: Clients<Client>,
}

/// An S3 bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Bucket {
    /// The name.
    pub name: String,
    /// RFC 3339.
    #[serde(rename = "CreationDate")]
    pub created: Option<String>,
    /// The region that it is in.
    pub bucket_region: Option<String>,
}

impl Buckets {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for Buckets {
    const TYPE: &'static str = "s3:bucket";

    type Model = Bucket;

    fn key(model: &Bucket) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

    /// None.
    fn refs(_: &Bucket, _: &mut Refs<'_>) {}

    fn plan(&self) -> Plan {
        Plan::list_only(LIST, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let region = cx.scope().region();
        let operation = self
            .clients
            .of(cx.scope())?
            .list_buckets()
            .set_bucket_region(region.map(str::to_owned))
            .set_continuation_token(page.map(str::to_owned))
            .max_buckets(PAGE);
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        answer(region, output.buckets(), answers);
        Ok(output.continuation_token)
    }

    fn find(term: &Term) -> Find<'_> {
        let text = term.text();
        let path = match term.arn() {
            // Access points are in a region.
            Some(arn) if arn.service == "s3" && arn.region.is_empty() => Some(arn.resource),
            Some(_) => return Find::No,
            None => text.strip_prefix("s3://"),
        };
        if let Some(name) = path.and_then(|path| path.split('/').next()) {
            return if is_name(name) { Find::Key(Cow::Borrowed(name)) } else { Find::No };
        }
        let is_listed = is_name(text) && term.address().is_none() && !is_ec2_id(text);
        if is_listed { Find::List } else { Find::No }
    }
}

/// Whether a text may be a name: letters, digits, and `_.-`, as old ones of us-east-1 may have.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
fn is_name(text: &str) -> bool {
    let is_letter = |it: u8| it.is_ascii_alphanumeric() || b"_.-".contains(&it);
    (3..=255).contains(&text.len()) && text.bytes().all(is_letter)
}

fn answer(region: Option<&str>, buckets: &[Described], answers: &mut Answers<Buckets>) {
    for bucket in buckets {
        let Some(name) = bucket.name() else {
            answers.unreadable(None, "Name");
            continue;
        };
        // Not every S3 leaves out what is elsewhere.
        if region.is_some() && bucket.bucket_region().is_some_and(|it| Some(it) != region) {
            continue;
        }
        answers.found(Bucket {
            name: name.to_owned(),
            created: bucket.creation_date().map(ToString::to_string),
            bucket_region: bucket.bucket_region().map(str::to_owned),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::said::{answers_to, find, told};

    #[test]
    fn one_without_a_name_does_not_cost_the_others_and_one_elsewhere_is_not_there() {
        let buckets = [
            Described::builder().bucket_region("eu-west-1").build(),
            Described::builder().name("photos").bucket_region("eu-west-1").build(),
            Described::builder().name("logs").bucket_region("us-east-1").build(),
            Described::builder().name("old").build(),
        ];
        let (models, unreadable) = told(|answers| answer(Some("eu-west-1"), &buckets, answers));
        assert_eq!(models.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["photos", "old"]);
        assert_eq!(unreadable, [(None, "Name".to_owned())]);
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("photos", "List"),
            ("photos.example.com", "List"),
            ("s3://photos/2024/", "photos"),
            ("s3://photos", "photos"),
            ("arn:aws:s3:::photos/2024/a.jpg", "photos"),
            ("arn:aws:s3:eu-west-1:123456789012:accesspoint/photos", "No"),
            ("arn:aws:sqs:eu-west-1:123456789012:photos", "No"),
            ("Name=photos", "No"),
            ("10.0.0.1", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
            ("ab", "No"),
        ] {
            assert_eq!(find::<Buckets>(term), how, "{term}");
        }
    }

    #[test]
    fn it_answers_to_its_name() {
        let bucket = Bucket { name: "photos".to_owned(), ..Bucket::default() };
        assert!(answers_to::<Buckets>(&bucket, "photos") && !answers_to::<Buckets>(&bucket, "photo"));
    }
}
