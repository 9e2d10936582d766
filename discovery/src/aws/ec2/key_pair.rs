//! [`KeyPairs`]: the mirror of key pairs.

use std::borrow::Cow;

use aws_sdk_ec2::{Client, types};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{AT_ONCE, Instances, PAGE, among, find, tags, text};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeKeyPairs");

/// Mirrors key pairs: `ec2:key-pair`, by name.
#[derive(Clone, Debug)]
pub struct KeyPairs {
    clients: Clients<Client>,
}

/// A key pair, without its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyPair {
    /// The name.
    #[serde(rename = "KeyName")]
    pub name: String,
    /// The id.
    #[serde(rename = "KeyPairId")]
    pub id: Option<String>,
    /// Such as `rsa`.
    #[serde(rename = "KeyType")]
    pub kind: Option<String>,
    /// Of the key.
    #[serde(rename = "KeyFingerprint")]
    pub fingerprint: Option<String>,
    /// Tags.
    pub tags: Tags,
}

impl KeyPairs {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
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

    fn refs(model: &KeyPair, refs: &mut Refs<'_>) {
        // Many share a key pair: it leads to them only if it was looked for itself.
        if refs.is_root() {
            refs.holders(&Instances::OF_KEY_PAIR, &model.name);
            #[cfg(feature = "autoscaling")]
            refs.holders(&crate::aws::autoscaling::LaunchConfigurations::OF_KEY_PAIR, &model.name);
        }
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let operation = self.clients.of(cx.scope())?.describe_key_pairs().filters(among("key-name", keys));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.key_pairs().iter().for_each(|it| answer(it, answers));
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        _page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self.clients.of(cx.scope())?.describe_key_pairs();
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.key_pairs().iter().for_each(|it| answer(it, answers));
        // Key pairs have no pages.
        Ok(None)
    }

    fn find(term: &Term) -> Find<'_> {
        match find(term, "key-", "key-pair") {
            // Filters are by name: an id is an alias.
            Find::Key(_) => Find::List,
            other => other,
        }
    }

    fn answers_to(model: &KeyPair, term: &Term) -> bool {
        model.name == term.text()
            || model
                .id
                .as_deref()
                .is_some_and(|id| term.text() == id || term.text().ends_with(&format!("/{id}")))
            || model.tags.answer_to(term)
    }
}

fn answer(it: &types::KeyPairInfo, answers: &mut Answers<KeyPairs>) {
    let Some(name) = it.key_name().filter(|name| !name.is_empty()) else {
        return answers.unreadable(None, "KeyName");
    };
    answers.found(KeyPair {
        name: name.to_owned(),
        id: text(it.key_pair_id()),
        kind: it.key_type().map(|kind| kind.as_str().to_owned()),
        fingerprint: text(it.key_fingerprint()),
        tags: tags(it.tags()),
    });
}
