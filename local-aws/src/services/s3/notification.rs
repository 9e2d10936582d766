//! The notifications of a bucket: which events go to which queue.

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        GetBucketNotificationConfigurationInput, GetBucketNotificationConfigurationOutput,
        PutBucketNotificationConfigurationInput, PutBucketNotificationConfigurationOutput,
        QueueConfiguration,
    },
};

use super::store::Buckets;
use crate::services::Queues;

/// What the bucket tells, and to whom.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notification {
    /// As it was put, with an id: it is told as such.
    told: QueueConfiguration,
    prefix: String,
    suffix: String,
}

impl Notification {
    pub(crate) fn id(&self) -> &str {
        self.told.id.as_deref().unwrap_or_default()
    }

    pub(crate) fn queue(&self) -> &str {
        &self.told.queue_arn
    }

    /// Whether it is about this event, such as `ObjectCreated:Put`, of this key.
    pub(crate) fn fits(&self, event: &str, key: &str) -> bool {
        let mut asked = self.events();
        key.starts_with(&self.prefix)
            && key.ends_with(&self.suffix)
            && asked.any(|asked| covers(asked, event))
    }

    /// Whether one event of one key might fit both.
    fn overlaps(&self, other: &Self) -> bool {
        let either = |a: &str, b: &str, within: fn(&str, &str) -> bool| within(a, b) || within(b, a);
        let share = |a: &str, b: &str| covers(a, plain(b)) || covers(b, plain(a));
        either(&self.prefix, &other.prefix, |a, b| a.starts_with(b))
            && either(&self.suffix, &other.suffix, |a, b| a.ends_with(b))
            && self.events().any(|a| other.events().any(|b| share(a, b)))
    }

    fn events(&self) -> impl Iterator<Item = &str> {
        self.told.events.iter().map(AsRef::as_ref)
    }

    fn read(mut told: QueueConfiguration, number: usize) -> S3Result<Self> {
        if told.events.is_empty() {
            return Err(invalid("A notification configuration must name at least one event."));
        }
        if let Some(event) = told.events.iter().map(AsRef::<str>::as_ref).find(|event| !is_known(event)) {
            return Err(invalid(&format!("The event '{event}' is not supported for notifications")));
        }
        told.id.get_or_insert_with(|| format!("queue-{number}"));
        let (mut prefix, mut suffix) = (None, None);
        let rules = told.filter.as_ref().and_then(|filter| filter.key.as_ref()?.filter_rules.as_deref());
        for rule in rules.unwrap_or_default() {
            let name = rule.name.as_ref().map_or("", |name| name.as_str());
            let place = match name.to_ascii_lowercase().as_str() {
                "prefix" => &mut prefix,
                "suffix" => &mut suffix,
                _ => return Err(invalid("filter rule name must be either prefix or suffix")),
            };
            if place.replace(rule.value.clone().unwrap_or_default()).is_some() {
                return Err(invalid(&format!(
                    "Cannot specify more than one {} rule in a filter.",
                    name.to_ascii_lowercase()
                )));
            }
        }
        Ok(Self { told, prefix: prefix.unwrap_or_default(), suffix: suffix.unwrap_or_default() })
    }
}

/// Replaces the notifications. Each queue is then sent a test event, unless its validation is to be skipped.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html>, and of
/// what is refused <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html>.
pub(crate) fn put(
    buckets: &mut Buckets,
    input: PutBucketNotificationConfigurationInput,
    queues: &dyn Queues,
    test_event: impl Fn() -> String,
) -> S3Result<PutBucketNotificationConfigurationOutput> {
    let bucket = buckets.get_mut(&input.bucket)?;
    let asked = input.notification_configuration;
    if asked.event_bridge_configuration.is_some() {
        let message = "tidegate-local-aws has no EventBridge: events go to queues of SQS";
        return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
    }
    let topics = asked.topic_configurations.is_some_and(|topics| !topics.is_empty());
    let functions = asked.lambda_function_configurations.is_some_and(|functions| !functions.is_empty());
    if topics || functions {
        return Err(unknown_destination());
    }
    let told = asked.queue_configurations.unwrap_or_default().into_iter().enumerate();
    let notifications =
        told.map(|(index, told)| Notification::read(told, index + 1)).collect::<S3Result<Vec<_>>>()?;
    for (index, one) in notifications.iter().enumerate() {
        if notifications.iter().take(index).any(|other| one.overlaps(other)) {
            return Err(invalid(
                "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
            ));
        }
        let region = one.queue().split(':').nth(3).unwrap_or_default();
        if region != bucket.region {
            return Err(invalid(
                "The notification destination service region is not valid for the bucket location constraint",
            ));
        }
        if !input.skip_destination_validation.unwrap_or(false) && !queues.takes(one.queue()) {
            return Err(unknown_destination());
        }
    }
    if !input.skip_destination_validation.unwrap_or(false) {
        for one in &notifications {
            queues.send(one.queue(), test_event());
        }
    }
    bucket.notifications = notifications;
    Ok(PutBucketNotificationConfigurationOutput {})
}

pub(crate) fn get(
    buckets: &Buckets,
    input: &GetBucketNotificationConfigurationInput,
) -> S3Result<GetBucketNotificationConfigurationOutput> {
    let told =
        buckets.get(&input.bucket)?.notifications.iter().map(|one| one.told.clone()).collect::<Vec<_>>();
    let queue_configurations = (!told.is_empty()).then_some(told);
    Ok(GetBucketNotificationConfigurationOutput { queue_configurations, ..Default::default() })
}

/// Whether a name as it is asked for, such as `s3:ObjectCreated:*`, means this event, `ObjectCreated:Put`.
fn covers(asked: &str, event: &str) -> bool {
    plain(asked) == event || plain(asked).strip_suffix('*').is_some_and(|start| event.starts_with(start))
}

fn plain(name: &str) -> &str {
    name.strip_prefix("s3:").unwrap_or(name)
}

/// Whether S3 has such an event. Only those of objects that are created and removed happen here.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>.
fn is_known(name: &str) -> bool {
    const NAMES: [(&str, &[&str]); 9] = [
        ("ObjectCreated", &["*", "Put", "Post", "Copy", "CompleteMultipartUpload"]),
        ("ObjectRemoved", &["*", "Delete", "DeleteMarkerCreated"]),
        ("ObjectRestore", &["*", "Post", "Completed", "Delete"]),
        ("ReducedRedundancyLostObject", &[""]),
        (
            "Replication",
            &[
                "*",
                "OperationFailedReplication",
                "OperationMissedThreshold",
                "OperationReplicatedAfterThreshold",
                "OperationNotTracked",
            ],
        ),
        ("LifecycleExpiration", &["*", "Delete", "DeleteMarkerCreated"]),
        ("LifecycleTransition", &[""]),
        ("IntelligentTiering", &[""]),
        ("ObjectTagging", &["*", "Put", "Delete"]),
    ];
    let Some(name) = name.strip_prefix("s3:") else { return false };
    let (group, kind) = name.split_once(':').unwrap_or((name, ""));
    name == "ObjectAcl:Put" || NAMES.iter().any(|(known, kinds)| *known == group && kinds.contains(&kind))
}

fn invalid(message: &str) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidArgument, message.to_owned())
}

fn unknown_destination() -> S3Error {
    invalid("Unable to validate the following destination configurations")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(event: &str, prefix: &str, suffix: &str) -> Notification {
        let told = QueueConfiguration {
            events: vec![event.to_owned().into()],
            filter: None,
            id: None,
            queue_arn: String::new(),
        };
        let read = Notification::read(told, 1).unwrap();
        Notification { prefix: prefix.to_owned(), suffix: suffix.to_owned(), ..read }
    }

    #[test]
    fn events_and_keys_fit() {
        let created = notification("s3:ObjectCreated:*", "in/", ".json");
        assert!(created.fits("ObjectCreated:Copy", "in/a.json"));
        assert!(!created.fits("ObjectRemoved:Delete", "in/a.json"));
        assert!(!created.fits("ObjectCreated:Put", "out/a.json"));
        assert!(!created.fits("ObjectCreated:Put", "in/a.xml"));
        let put = notification("s3:ObjectCreated:Put", "", "");
        assert!(put.fits("ObjectCreated:Put", "a") && !put.fits("ObjectCreated:Copy", "a"));
    }

    #[test]
    fn overlaps_are_of_events_and_keys() {
        let all = notification("s3:ObjectCreated:*", "", "");
        assert!(all.overlaps(&notification("s3:ObjectCreated:Put", "in/", ".json")));
        assert!(!all.overlaps(&notification("s3:ObjectRemoved:*", "", "")));
        let images = notification("s3:ObjectCreated:*", "images", ".jpg");
        assert!(!images.overlaps(&notification("s3:ObjectCreated:*", "thumbs", ".jpg")));
        assert!(!images.overlaps(&notification("s3:ObjectCreated:*", "images", ".png")));
        assert!(images.overlaps(&notification("s3:ObjectCreated:Copy", "images/new", "g")));
    }

    #[test]
    fn only_events_of_s3_are_known() {
        for name in ["s3:ObjectCreated:Put", "s3:ReducedRedundancyLostObject", "s3:ObjectAcl:Put"] {
            assert!(is_known(name), "{name}");
        }
        for name in ["ObjectCreated:Put", "s3:ObjectCreated", "s3:ObjectCreated:Get", "s3:*", ""] {
            assert!(!is_known(name), "{name}");
        }
    }
}
