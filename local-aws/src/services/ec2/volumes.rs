//! EBS volumes.

use super::{
    super::query::{Asked, Failure},
    select::Described,
    tags,
};
use crate::{
    resources::{Instance, Volume, made_up},
    wire::document::Document,
};

const VOLUMES: Described<'_, Volume> = Described {
    ids: "VolumeId",
    prefix: "vol-",
    malformed: "InvalidVolumeID.Malformed",
    not_found: "InvalidVolume.NotFound",
    noun: "volume",
    filters: &["attachment.instance-id", "availability-zone", "size", "status", "volume-id", "volume-type"],
    id: |volume| &volume.id,
    tags: |volume| &volume.tags,
};

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let region = &asked.scope.region;
    asked.accounts.of(asked.scope, |resources| {
        // Which instance each is attached to, and as which of its devices.
        let attached: std::collections::HashMap<&str, (&Instance, u8)> = resources
            .instances
            .iter()
            .flat_map(|it| it.volumes.iter().zip(0..).map(move |(volume, number)| (&**volume, (it, number))))
            .collect();
        let zone =
            |volume: &Volume| volume.availability_zone.clone().unwrap_or_else(|| made_up::first_zone(region));
        let status =
            |volume: &Volume| if attached.contains_key(&*volume.id) { "in-use" } else { "available" };
        let values = |volume: &Volume, filter: &str| match filter {
            "attachment.instance-id" => {
                attached.get(&*volume.id).map(|(instance, _)| instance.id.clone()).into_iter().collect()
            }
            "availability-zone" => vec![zone(volume)],
            "size" => vec![volume.size.to_string()],
            "status" => vec![status(volume).to_owned()],
            "volume-id" => vec![volume.id.clone()],
            "volume-type" => vec![volume.volume_type.clone()],
            _ => Vec::new(),
        };
        let page = VOLUMES.select(asked, &resources.volumes, values)?;
        xml.list("volumeSet", "item", page.items, |xml, volume| {
            xml.text("volumeId", &volume.id);
            xml.text("size", volume.size);
            xml.text("snapshotId", "");
            xml.text("availabilityZone", zone(volume));
            xml.text("status", status(volume));
            xml.text("createTime", made_up::CREATED);
            xml.list("attachmentSet", "item", attached.get(&*volume.id), |xml, (instance, number)| {
                xml.text("volumeId", &volume.id);
                xml.text("instanceId", &instance.id);
                xml.text("device", device(*number));
                xml.text("status", "attached");
                xml.text("attachTime", &instance.launch_time);
                xml.text("deleteOnTermination", *number == 0);
            });
            tags(xml, &volume.tags);
            xml.text("volumeType", &volume.volume_type);
            xml.text("encrypted", false);
            xml.text("multiAttachEnabled", false);
        });
        xml.maybe("nextToken", page.next);
        Ok(())
    })
}

/// What the volumes of an instance are called, in their order.
pub(super) fn device(number: u8) -> String {
    match number {
        0 => "/dev/xvda".to_owned(),
        number => format!("/dev/sd{}", char::from(b'f' + (number - 1) % 20)),
    }
}
