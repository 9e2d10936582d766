//! [`Buckets`]: the mirror of S3 buckets.

use std::borrow::Cow;

use aws_sdk_s3::Client;
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use crate::{
    Answers, Api, Arn, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, failure},
};

const LIST: Api = Api::new("s3", "ListBuckets").permission("s3:ListAllMyBuckets");

/// Buckets on a page, at most.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>.
const PAGE: i32 = 10_000;

/// Mirrors S3 buckets: `s3:bucket`, by name. One list tells those of all regions.
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
    /// Where it is.
    pub bucket_region: Option<String>,
    /// RFC 3339.
    pub creation_date: Option<String>,
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

    const GLOBAL: bool = true;

    type Model = Bucket;

    fn key(model: &Bucket) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

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
        let operation = self.clients.of(cx.scope())?.list_buckets().max_buckets(PAGE);
        let operation = operation.set_continuation_token(page.map(str::to_owned));
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        for bucket in output.buckets() {
            let Some(name) = bucket.name() else {
                answers.unreadable(None, "Name");
                continue;
            };
            answers.found(Bucket {
                name: name.to_owned(),
                bucket_region: bucket.bucket_region().map(str::to_owned),
                creation_date: bucket.creation_date().map(ToString::to_string),
            });
        }
        Ok(output.continuation_token)
    }

    fn find(term: &Term) -> Find<'_> {
        match term.arn() {
            Some(Arn { service: "s3", resource, .. }) => {
                Find::Key(resource.split('/').next().unwrap_or(resource).into())
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
        assert_eq!(Buckets::find(&Term::new("arn:aws:s3:::logs/2026/a")), Find::Key("logs".into()));
        assert_eq!(Buckets::find(&Term::new("arn:aws:iam::123456789012:role/logs")), Find::No);
        assert_eq!(Buckets::find(&Term::new("logs.example.com")), Find::List);
    }
}
