//! [`KeyPairs`]: the mirror of key pairs.

use std::borrow::Cow;

use aws_sdk_ec2::{Client, types::KeyPairInfo};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{AT_ONCE, Instances, only, tags};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, ec2_id::is_ec2_id, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeKeyPairs");

/// Key pairs of a region. A list of them has no pages.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-key-pairs.html>.
const ALL: usize = 5_000;

/// Mirrors key pairs: `ec2:key-pair`, by name or id.
///
/// All or some by `DescribeKeyPairs`; some by a filter, which leaves out names that are not there.
#[derive(Clone, Debug)]
pub struct KeyPairs {
    clients: Clients<Client>,
}

/// A key pair, of which AWS has the public key only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyPair {
    /// The name.
    #[serde(rename = "KeyName")]
    pub name: String,
    /// The id.
    #[serde(rename = "KeyPairId")]
    pub id: Option<String>,
    /// `rsa` or `ed25519`.
    #[serde(rename = "KeyType")]
    pub kind: Option<String>,
    /// Of the public or of the private key, as it was made.
    #[serde(rename = "KeyFingerprint")]
    pub fingerprint: Option<String>,
    /// RFC 3339.
    #[serde(rename = "CreateTime")]
    pub created: Option<String>,
    /// Tags.
    pub tags: Tags,
}

impl KeyPairs {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }

    /// All, or those whose `field` is one of these.
    async fn describe(
        &self,
        cx: &Fetch,
        field: &str,
        values: &[&str],
        answers: &mut Answers<Self>,
    ) -> Result<(), FetchError> {
        let operation = self.clients.of(cx.scope())?.describe_key_pairs().set_filters(only(field, values));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        answer(output.key_pairs(), answers);
        Ok(())
    }
}

impl Mirror for KeyPairs {
    const TYPE: &'static str = "ec2:key-pair";

    type Model = KeyPair;

    fn key(model: &KeyPair) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

    fn aliases(model: &KeyPair, add: &mut dyn FnMut(&str)) {
        model.id.iter().for_each(|id| add(id));
    }

    /// None; but one that was looked for leads to what uses it.
    fn refs(model: &KeyPair, refs: &mut Refs<'_>) {
        if refs.is_root() {
            refs.holders(&Instances::OF_KEY_PAIR, &model.name);
            #[cfg(feature = "autoscaling")]
            refs.holders(&crate::aws::autoscaling::LaunchConfigurations::OF_KEY_PAIR, &model.name);
        }
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, ALL)
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let (ids, names): (Vec<&str>, Vec<&str>) = keys.iter().partition(|key| is_ec2_id(key));
        if !names.is_empty() {
            self.describe(cx, "key-name", &names, answers).await?;
        }
        if !ids.is_empty() {
            self.describe(cx, "key-pair-id", &ids, answers).await?;
        }
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        _page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        self.describe(cx, "key-name", &[], answers).await?;
        Ok(None)
    }

    fn find(term: &Term) -> Find<'_> {
        if term.address().is_some() { Find::No } else { super::find(term, "key", "key-pair") }
    }

    fn answers_to(model: &KeyPair, term: &Term) -> bool {
        model.name == term.text() || model.id.as_deref() == Some(term.text()) || model.tags.answer_to(term)
    }
}

fn answer(pairs: &[KeyPairInfo], answers: &mut Answers<KeyPairs>) {
    for pair in pairs {
        let Some(name) = pair.key_name() else {
            answers.unreadable(pair.key_pair_id(), "KeyName");
            continue;
        };
        answers.found(KeyPair {
            name: name.to_owned(),
            id: pair.key_pair_id().map(str::to_owned),
            kind: pair.key_type().map(|kind| kind.as_str().to_owned()),
            fingerprint: pair.key_fingerprint().map(str::to_owned),
            created: pair.create_time().map(ToString::to_string),
            tags: tags(pair.tags()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::said::{aliases, answers_to, find, here, holders_in, refs, refs_in, told};

    fn pair() -> KeyPair {
        let described = KeyPairInfo::builder().key_name("deploy").key_pair_id("key-1").build();
        let (models, unreadable) = told(|answers| answer(&[described], answers));
        assert_eq!(unreadable, []);
        models.into_iter().next().expect("a key pair")
    }

    #[test]
    fn a_key_pair_without_a_name_does_not_cost_the_others() {
        let named = KeyPairInfo::builder().key_name("deploy").build();
        let pairs = [KeyPairInfo::builder().key_pair_id("key-1").build(), named];
        let (models, unreadable) = told(|answers| answer(&pairs, answers));
        assert_eq!(models, [KeyPair { name: "deploy".to_owned(), ..KeyPair::default() }]);
        assert_eq!(unreadable, [(Some("key-1".to_owned()), "KeyName".to_owned())]);
    }

    #[test]
    fn it_leads_to_what_uses_it_only_if_it_was_looked_for() {
        let expected = vec![
            holders_in(Instances::OF_KEY_PAIR, &here(), "deploy"),
            #[cfg(feature = "autoscaling")]
            holders_in(crate::aws::autoscaling::LaunchConfigurations::OF_KEY_PAIR, &here(), "deploy"),
        ];
        assert_eq!(refs_in::<KeyPairs>(&pair(), &here(), true), expected);
        assert_eq!(refs::<KeyPairs>(&pair()), []);
        assert_eq!(aliases::<KeyPairs>(&pair()), ["key-1"]);
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("deploy", "List"),
            ("deploy.shop.example", "List"),
            ("Name=deploy", "List"),
            ("key-0a1b2c3d4e5f60001", "key-0a1b2c3d4e5f60001"),
            ("arn:aws:ec2:eu-west-1:123456789012:key-pair/deploy", "deploy"),
            ("i-0a1b2c3d4e5f60001", "No"),
            ("10.0.0.1", "No"),
        ] {
            assert_eq!(find::<KeyPairs>(term), how, "{term}");
        }
        assert!(answers_to::<KeyPairs>(&pair(), "deploy"));
        assert!(!answers_to::<KeyPairs>(&pair(), "shop"));
    }
}
