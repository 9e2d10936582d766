//! [`Volumes`]: the mirror of EBS volumes.

use std::borrow::Cow;

use aws_sdk_ec2::{Client, types};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{AT_ONCE, Instances, PAGE, among, find, tags, text};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeVolumes");

/// Mirrors EBS volumes: `ec2:volume`, by id.
#[derive(Clone, Debug)]
pub struct Volumes {
    clients: Clients<Client>,
}

/// An EBS volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Volume {
    /// The id.
    #[serde(rename = "VolumeId")]
    pub id: String,
    /// In GiB.
    pub size: Option<i32>,
    /// Such as `gp3`.
    pub volume_type: Option<String>,
    /// Such as `in-use`.
    pub state: Option<String>,
    /// Zone.
    pub availability_zone: Option<String>,
    /// Ids of the instances that it is attached to.
    pub attachments: Vec<String>,
    /// Whether it is encrypted.
    pub encrypted: Option<bool>,
    /// The snapshot that it was made of.
    pub snapshot_id: Option<String>,
    /// Tags.
    pub tags: Tags,
}

impl Volumes {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for Volumes {
    const TYPE: &'static str = "ec2:volume";

    type Model = Volume;

    fn key(model: &Volume) -> Cow<'_, str> {
        Cow::Borrowed(&model.id)
    }

    fn refs(model: &Volume, refs: &mut Refs<'_>) {
        refs.many::<Instances>("Attachments", &model.attachments);
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let operation = self.clients.of(cx.scope())?.describe_volumes().filters(among("volume-id", keys));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.volumes().iter().for_each(|it| answer(it, answers));
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_volumes()
            .max_results(PAGE)
            .set_next_token(page.map(str::to_owned));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.volumes().iter().for_each(|it| answer(it, answers));
        Ok(output.next_token)
    }

    fn find(term: &Term) -> Find<'_> {
        find(term, "vol-", "volume")
    }

    fn answers_to(model: &Volume, term: &Term) -> bool {
        model.id == term.text() || model.tags.answer_to(term)
    }
}

fn answer(it: &types::Volume, answers: &mut Answers<Volumes>) {
    let Some(id) = it.volume_id().filter(|id| !id.is_empty()) else {
        return answers.unreadable(None, "VolumeId");
    };
    answers.found(Volume {
        id: id.to_owned(),
        size: it.size(),
        volume_type: it.volume_type().map(|kind| kind.as_str().to_owned()),
        state: it.state().map(|state| state.as_str().to_owned()),
        availability_zone: text(it.availability_zone()),
        attachments: it.attachments().iter().filter_map(|it| text(it.instance_id())).collect(),
        encrypted: it.encrypted(),
        snapshot_id: text(it.snapshot_id()),
        tags: tags(it.tags()),
    });
}
