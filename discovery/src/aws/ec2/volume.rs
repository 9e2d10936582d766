//! [`Volumes`]: the mirror of EBS volumes.

use std::borrow::Cow;

use aws_sdk_ec2::{Client, types::Volume as Described};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{AT_ONCE, Instances, PAGE, PAGE_SIZE, find_plain, next, only, tags};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeVolumes");

/// Mirrors EBS volumes: `ec2:volume`, by id.
///
/// All or some by `DescribeVolumes`; some by a filter, which leaves out ids that are not there.
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
    /// `creating`, `available`, `in-use`, `deleting`, `deleted` or `error`.
    pub state: Option<String>,
    /// The name.
    pub availability_zone: Option<String>,
    /// RFC 3339.
    #[serde(rename = "CreateTime")]
    pub created: Option<String>,
    /// What it was made of; empty if of nothing.
    pub snapshot_id: Option<String>,
    /// Whether it is encrypted.
    pub encrypted: Option<bool>,
    /// The ARN of the key that encrypts it.
    pub kms_key_id: Option<String>,
    /// The instances that it is attached to, by id.
    pub attachments: Vec<String>,
    /// Tags.
    pub tags: Tags,
}

impl Volumes {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }

    /// A page of all, or of some by id.
    async fn page(
        &self,
        cx: &Fetch,
        ids: &[&str],
        token: Option<String>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_volumes()
            .set_filters(only("volume-id", ids))
            .max_results(PAGE)
            .set_next_token(token);
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        answer(output.volumes(), answers);
        Ok(next(output.next_token))
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
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, PAGE_SIZE)
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        // They fit a page; but AWS may make it shorter.
        let mut token = self.page(cx, keys, None, answers).await?;
        while token.is_some() {
            token = self.page(cx, keys, token, answers).await?;
        }
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        self.page(cx, &[], page.map(str::to_owned), answers).await
    }

    fn find(term: &Term) -> Find<'_> {
        find_plain(term, "vol", "volume")
    }

    fn answers_to(model: &Volume, term: &Term) -> bool {
        model.id == term.text() || model.tags.answer_to(term)
    }
}

fn answer(volumes: &[Described], answers: &mut Answers<Volumes>) {
    for volume in volumes {
        let Some(id) = volume.volume_id() else {
            answers.unreadable(None, "VolumeId");
            continue;
        };
        answers.found(Volume {
            id: id.to_owned(),
            size: volume.size(),
            volume_type: volume.volume_type().map(|it| it.as_str().to_owned()),
            state: volume.state().map(|it| it.as_str().to_owned()),
            availability_zone: volume.availability_zone().map(str::to_owned),
            created: volume.create_time().map(ToString::to_string),
            snapshot_id: volume.snapshot_id().map(str::to_owned),
            encrypted: volume.encrypted(),
            kms_key_id: volume.kms_key_id().map(str::to_owned),
            attachments: volume
                .attachments()
                .iter()
                .filter_map(|attachment| attachment.instance_id().map(str::to_owned))
                .collect(),
            tags: tags(volume.tags()),
        });
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{Tag, VolumeAttachment};

    use super::*;
    use crate::aws::said::{answers_to, one, refs, told};

    #[test]
    fn a_volume_without_an_id_does_not_cost_the_others() {
        let bare = Described::builder().volume_id("vol-1").build();
        let volumes = [Described::builder().size(8).build(), bare];
        let (models, unreadable) = told(|answers| answer(&volumes, answers));
        assert_eq!(models, [Volume { id: "vol-1".to_owned(), ..Volume::default() }]);
        assert_eq!(unreadable, [(None, "VolumeId".to_owned())]);
    }

    #[test]
    fn it_refers_to_what_it_is_attached_to() {
        let attached = VolumeAttachment::builder().instance_id("i-1").build();
        let volume = Described::builder()
            .volume_id("vol-1")
            .attachments(attached)
            .attachments(VolumeAttachment::builder().build())
            .tags(Tag::builder().key("Name").value("data").build());
        let (models, _) = told(|answers| answer(&[volume.build()], answers));
        assert_eq!(refs::<Volumes>(&models[0]), [one::<Instances>("Attachments", "i-1")]);
        for term in ["vol-1", "data", "Name=data"] {
            assert!(answers_to::<Volumes>(&models[0], term), "{term}");
        }
        assert!(!answers_to::<Volumes>(&models[0], "i-1"));
    }
}
