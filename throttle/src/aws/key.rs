//! The limit that an SDK call falls under, read from what the SDK knows when it resolves the identity.

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hash, Hasher},
};

use aws_credential_types::{Credentials, attributes::AccountId};
use aws_smithy_runtime_api::client::{identity::Identity, orchestrator::Metadata};
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::region::{Region, SigningRegion};

use super::{CallHint, details};
use crate::{Call, Class};

/// Operations that the service holds back until there is something to say.
const LONG_POLLS: [(&str, &str); 5] = [
    ("sqs", "ReceiveMessage"),
    ("sfn", "GetActivityTask"),
    ("swf", "PollForActivityTask"),
    ("swf", "PollForDecisionTask"),
    ("datapipeline", "PollForTask"),
];

/// Describes the operation that `cfg` belongs to, and `identity` signs.
pub(crate) fn call(cfg: &ConfigBag, identity: &Identity) -> Call {
    let (service, operation) = cfg
        .load::<Metadata>()
        .map_or_else(Default::default, |it| (service(it.service()), it.name().to_owned()));
    let region = cfg
        .load::<SigningRegion>()
        .map(|it| it.as_ref().to_owned())
        .or_else(|| cfg.load::<Region>().map(|it| it.as_ref().to_owned()))
        .unwrap_or_default();
    let long_poll = LONG_POLLS.contains(&(service.as_str(), operation.as_str()));
    let call = Call::new(service, operation)
        .region(region)
        .account(identity_account(identity))
        .class(if long_poll { Class::LongPoll } else { Class::Request });
    let call = match details::bucket_of(&call, cfg) {
        Some(bucket) => call.resource(bucket),
        None => call,
    };
    match cfg.load::<CallHint>() {
        Some(hint) => hint.apply(call),
        None => call,
    }
}

/// The SDK's service id in the form of its crate name: `Route 53` is `route53`.
pub(crate) fn service(id: &str) -> String {
    if id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return id.to_ascii_lowercase();
    }
    id.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The account whose limits these credentials draw from, as calls through the seam name it.
///
/// The account id that the credentials carry; else the one that their access key id encodes; else, for an
/// access key id of neither kind, a fingerprint of it, so that two sets of credentials do not share what
/// was learnt without it being known that they should. Keys that rotate within an account keep one name.
///
/// ```
/// use aws_credential_types::Credentials;
/// use tidegate_throttle::aws::account;
///
/// let known = Credentials::builder().provider_name("docs").access_key_id("a").secret_access_key("b");
/// assert_eq!(account(&known.account_id("123456789012").build()), "123456789012");
/// let rotated = Credentials::new("ASIAQNZGKIQY56JQ7WML", "secret", None, None, "docs");
/// assert_eq!(account(&rotated), "029608264753");
/// let local = Credentials::new("test", "test", None, None, "docs");
/// assert!(account(&local).starts_with("key-"));
/// ```
#[must_use]
pub fn account(credentials: &Credentials) -> Cow<'static, str> {
    if let Some(id) = credentials.account_id() {
        return Cow::Owned(id.as_str().to_owned());
    }
    let key = credentials.access_key_id();
    if key.is_empty() {
        return Cow::Borrowed("");
    }
    Cow::Owned(encoded_account(key).unwrap_or_else(|| fingerprint(key)))
}

fn identity_account(identity: &Identity) -> Cow<'static, str> {
    match identity.property::<AccountId>() {
        Some(id) => Cow::Owned(id.as_str().to_owned()),
        // A token or an anonymous call names no account.
        None => identity.data::<Credentials>().map_or(Cow::Borrowed(""), account),
    }
}

/// Key ids since 2019 hold the account in bits 1 to 40 of the ten base-32 digits behind their prefix.
fn encoded_account(key: &str) -> Option<String> {
    if key.len() != 20 || !(key.starts_with("AKIA") || key.starts_with("ASIA")) {
        return None;
    }
    // Older ones have `I` or `J` here, and no account.
    if key.as_bytes()[4] < b'Q' {
        return None;
    }
    let digits = key.bytes().skip(4).take(10).map(|digit| match digit {
        b'A'..=b'Z' => Some(u64::from(digit - b'A')),
        b'2'..=b'7' => Some(u64::from(digit - b'2') + 26),
        _ => None,
    });
    let bits = digits.into_iter().try_fold(0_u64, |bits, digit| Some(bits << 5 | digit?))?;
    // Fifty bits: the upper 48 are six bytes, whose top bit and low seven are not the account's.
    let account = (bits >> 2 & 0x7fff_ffff_ff80) >> 7;
    Some(twelve_digits(account))
}

/// `{account:012}`, without the machinery of formatting: this is done for every call.
fn twelve_digits(mut account: u64) -> String {
    let mut digits = [b'0'; 12];
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(account % 10).unwrap_or(0);
        account /= 10;
    }
    String::from_utf8(digits.to_vec()).unwrap_or_default()
}

/// Tells keys apart and says nothing of them.
fn fingerprint(key: &str) -> String {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    format!("key-{:08x}", hasher.finish() & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::config_bag::Layer;

    use super::*;

    #[test]
    fn a_service_is_named_as_its_crate() {
        for (id, name) in [
            ("S3", "s3"),
            ("Kinesis", "kinesis"),
            ("Route 53", "route53"),
            ("Auto Scaling", "autoscaling"),
            ("Elastic Load Balancing v2", "elasticloadbalancingv2"),
            ("CloudWatch Logs", "cloudwatchlogs"),
        ] {
            assert_eq!(service(id), name);
        }
    }

    #[test]
    fn a_long_poll_is_known_by_its_name() {
        let class = |service: &'static str, operation: &'static str| {
            let mut layer = Layer::new("operation");
            layer.store_put(Metadata::new(operation, service));
            call(&ConfigBag::of_layers([layer]), &Identity::new((), None)).in_flight_class()
        };
        assert_eq!(class("SQS", "ReceiveMessage"), Class::LongPoll);
        assert_eq!(class("SQS", "SendMessage"), Class::Request);
    }

    #[test]
    fn a_key_id_without_an_account_gets_a_fingerprint() {
        assert_eq!(encoded_account("AKIAIOSFODNN7EXAMPLE"), None);
        assert_eq!(encoded_account("ASIAQNZGKIQY56JQ7WM!"), Some("029608264753".into()));
        assert_eq!(encoded_account("ASIAQ1ZGKIQY56JQ7WML"), None);
        assert_ne!(fingerprint("one"), fingerprint("two"));
    }
}
