//! The settings of a queue: the attributes that a caller may set.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::failure::Failure;

/// Attributes by name, as requests and answers have them.
pub(super) type Attributes = BTreeMap<String, String>;

/// What is set, and the values that the queue works by.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// As they are told: defaults included.
    told: Attributes,
    pub(super) delay: Duration,
    pub(super) visibility: Duration,
    pub(super) retention: Duration,
    pub(super) wait: Duration,
    pub(super) largest: usize,
    pub(super) redrive: Option<Redrive>,
    pub(super) allow: Allow,
    /// A FIFO queue.
    pub(super) fifo: Option<Fifo>,
}

/// What makes a FIFO queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fifo {
    pub(super) by_content: bool,
    /// Messages are the same only within their group.
    pub(super) by_group: bool,
    /// High throughput: no limit of 300 calls a second.
    pub(super) fast: bool,
}

/// Where messages go that were received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redrive {
    pub(super) target: String,
    pub(super) most_receives: u32,
}

/// Who may use a queue for dead letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Allow {
    #[default]
    All,
    None,
    Queues(Vec<String>),
}

/// Seconds and bytes, their ranges and defaults.
const NUMBERS: [(&str, RangeInclusive<u32>, u32); 6] = [
    ("DelaySeconds", 0..=900, 0),
    ("MaximumMessageSize", 1_024..=1_048_576, 1_048_576),
    ("MessageRetentionPeriod", 60..=1_209_600, 345_600),
    ("ReceiveMessageWaitTimeSeconds", 0..=20, 0),
    ("VisibilityTimeout", 0..=43_200, 30),
    ("KmsDataKeyReusePeriodSeconds", 60..=86_400, 300),
];

impl Settings {
    /// Those of a queue that is created.
    pub(super) fn new(is_fifo: bool, attributes: &Attributes) -> Result<Self, Failure> {
        let mut told = NUMBERS[..5]
            .iter()
            .map(|(name, _, default)| ((*name).to_owned(), default.to_string()))
            .collect::<Attributes>();
        told.insert("SqsManagedSseEnabled".to_owned(), "true".to_owned());
        if is_fifo {
            for (name, value) in [
                ("FifoQueue", "true"),
                ("ContentBasedDeduplication", "false"),
                ("DeduplicationScope", "queue"),
                ("FifoThroughputLimit", "perQueue"),
            ] {
                told.insert(name.to_owned(), value.to_owned());
            }
        }
        match attributes.get("FifoQueue").map(String::as_str) {
            Some("true") if !is_fifo => {
                return Err(Failure::parameter(
                    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.",
                ));
            }
            None if is_fifo => {
                return Err(Failure::parameter(
                    "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
                ));
            }
            // A standard queue must not have the attribute at all.
            Some(value) if value != "true" => {
                return Err(Failure::attribute_name("Unknown Attribute FifoQueue."));
            }
            _ => {}
        }
        Self::of(told, is_fifo, attributes)
    }

    /// The same with some attributes changed.
    pub(super) fn changed(&self, attributes: &Attributes) -> Result<Self, Failure> {
        if let Some(fifo) = attributes.get("FifoQueue")
            && self.told.get("FifoQueue") != Some(fifo)
        {
            return Err(Failure::attribute_value(
                "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
            ));
        }
        Self::of(self.told.clone(), self.fifo.is_some(), attributes)
    }

    /// The attributes that are set.
    pub(super) const fn told(&self) -> &Attributes {
        &self.told
    }

    /// The first attribute that has another value than these.
    pub(super) fn difference<'a>(&self, attributes: &'a Attributes) -> Option<&'a str> {
        let json = |text: &str| serde_json::from_str::<Value>(text).ok();
        let same = |(name, value): &(&String, &String)| {
            let own = self.told.get(*name);
            own == Some(value) || own.is_some_and(|own| json(own).is_some() && json(own) == json(value))
        };
        attributes.iter().find(|pair| !same(pair)).map(|(name, _)| name.as_str())
    }

    fn of(mut told: Attributes, is_fifo: bool, attributes: &Attributes) -> Result<Self, Failure> {
        for (name, value) in attributes {
            check(name, value, is_fifo)?;
            // An empty policy takes the one that is there away.
            if value.is_empty() {
                told.remove(name);
            } else {
                told.insert(name.clone(), value.clone());
            }
        }
        if told.contains_key("KmsMasterKeyId") && !attributes.contains_key("SqsManagedSseEnabled") {
            told.insert("SqsManagedSseEnabled".to_owned(), "false".to_owned());
        }
        let number = |name: &str| told.get(name).and_then(|value| value.parse().ok()).unwrap_or_default();
        let seconds = |name: &str| Duration::from_secs(number(name));
        let is = |name: &str, value: &str| told.get(name).is_some_and(|told| told == value);
        let fifo = is_fifo.then(|| Fifo {
            by_content: is("ContentBasedDeduplication", "true"),
            by_group: is("DeduplicationScope", "messageGroup"),
            fast: is("FifoThroughputLimit", "perMessageGroupId"),
        });
        if fifo.is_some_and(|fifo| fifo.fast && !fifo.by_group) {
            return Err(Failure::attribute_value(
                "Invalid value for the parameter FifoThroughputLimit. Reason: perMessageGroupId needs DeduplicationScope messageGroup.",
            ));
        }
        let redrive = told.get("RedrivePolicy").map(|text| redrive(text)).transpose()?;
        let allow = told.get("RedriveAllowPolicy").map(|text| allow(text)).transpose()?.unwrap_or_default();
        Ok(Self {
            delay: seconds("DelaySeconds"),
            visibility: seconds("VisibilityTimeout"),
            retention: seconds("MessageRetentionPeriod"),
            wait: seconds("ReceiveMessageWaitTimeSeconds"),
            largest: usize::try_from(number("MaximumMessageSize")).unwrap_or(usize::MAX),
            redrive,
            allow,
            fifo,
            told,
        })
    }
}

fn invalid(name: &str) -> Failure {
    Failure::attribute_value(format!("Invalid value for the parameter {name}."))
}

/// Whether a queue may have the attribute and the value.
fn check(name: &str, value: &str, is_fifo: bool) -> Result<(), Failure> {
    if let Some((_, range, _)) = NUMBERS.iter().find(|(known, ..)| *known == name) {
        let fits = value.parse::<u32>().is_ok_and(|number| range.contains(&number));
        return if fits { Ok(()) } else { Err(invalid(name)) };
    }
    let one_of = |values: &[&str]| if values.contains(&value) { Ok(()) } else { Err(invalid(name)) };
    match name {
        "Policy" | "RedrivePolicy" | "RedriveAllowPolicy" => {
            let is_json =
                value.is_empty() || serde_json::from_str::<Value>(value).is_ok_and(|json| json.is_object());
            if is_json { Ok(()) } else { Err(invalid(name)) }
        }
        "KmsMasterKeyId" => Ok(()),
        "SqsManagedSseEnabled" => one_of(&["true", "false"]),
        "FifoQueue" => one_of(&["true"]),
        "ContentBasedDeduplication" if is_fifo => one_of(&["true", "false"]),
        "DeduplicationScope" if is_fifo => one_of(&["queue", "messageGroup"]),
        "FifoThroughputLimit" if is_fifo => one_of(&["perQueue", "perMessageGroupId"]),
        _ => Err(Failure::attribute_name(format!("Unknown Attribute {name}."))),
    }
}

fn redrive(text: &str) -> Result<Redrive, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Policy {
        dead_letter_target_arn: String,
        // A number, or a string of one.
        #[serde(default)]
        max_receive_count: Value,
    }
    let refuse = |reason: &str| {
        Failure::parameter(format!("Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}"))
    };
    let policy = serde_json::from_str::<Policy>(text)
        .map_err(|_| refuse("Redrive policy does not contain mandatory attribute: deadLetterTargetArn."))?;
    let most = match &policy.max_receive_count {
        Value::Null => Some(10),
        Value::Number(number) => number.as_u64(),
        Value::String(number) => number.parse().ok(),
        _ => None,
    };
    let most = most.and_then(|most| u32::try_from(most).ok()).filter(|most| (1..=1_000).contains(most));
    let most_receives = most.ok_or_else(|| {
        refuse("Invalid value for maxReceiveCount: valid values are from 1 to 1000 both inclusive.")
    })?;
    Ok(Redrive { target: policy.dead_letter_target_arn, most_receives })
}

fn allow(text: &str) -> Result<Allow, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Policy {
        redrive_permission: String,
        #[serde(default)]
        source_queue_arns: Vec<String>,
    }
    let refused = || invalid("RedriveAllowPolicy");
    let policy = serde_json::from_str::<Policy>(text).map_err(|_| refused())?;
    match (policy.redrive_permission.as_str(), policy.source_queue_arns) {
        ("allowAll", arns) if arns.is_empty() => Ok(Allow::All),
        ("denyAll", arns) if arns.is_empty() => Ok(Allow::None),
        ("byQueue", arns) if (1..=10).contains(&arns.len()) => Ok(Allow::Queues(arns)),
        _ => Err(refused()),
    }
}
