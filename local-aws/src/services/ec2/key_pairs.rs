//! Key pairs.

use super::{
    super::query::{Asked, Failure},
    select::Described,
    tags,
};
use crate::{
    resources::{KeyPair, made_up},
    wire::document::Document,
};

const KEY_PAIRS: Described<'_, KeyPair> = Described {
    ids: "KeyName",
    prefix: "",
    malformed: "InvalidKeyPair.Format",
    not_found: "InvalidKeyPair.NotFound",
    noun: "key pair",
    filters: &["fingerprint", "key-name", "key-pair-id"],
    id: |pair| &pair.name,
    tags: |pair| &pair.tags,
};

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    asked.accounts.of(asked.scope, |resources| {
        // There are no pages of key pairs.
        let ids = asked.form.list("KeyPairId");
        let known = |id: &&&str| resources.key_pairs.iter().any(|pair| pair.key_pair_id() == **id);
        if let Some(id) = ids.iter().find(|id| !known(id)) {
            return Err(Failure::new(
                "InvalidKeyPair.NotFound",
                format!("The key pair '{id}' does not exist"),
            ));
        }
        let values = |pair: &KeyPair, filter: &str| match filter {
            "fingerprint" => vec![fingerprint(pair)],
            "key-name" => vec![pair.name.clone()],
            "key-pair-id" => vec![pair.key_pair_id()],
            _ => Vec::new(),
        };
        let page = KEY_PAIRS.select(asked, &resources.key_pairs, values)?;
        let pairs =
            page.items.into_iter().filter(|pair| ids.is_empty() || ids.contains(&&*pair.key_pair_id()));
        xml.list("keySet", "item", pairs, |xml, pair| {
            xml.text("keyPairId", pair.key_pair_id());
            xml.text("keyName", &pair.name);
            xml.text("keyFingerprint", fingerprint(pair));
            xml.text("keyType", "rsa");
            xml.text("createTime", made_up::CREATED);
            tags(xml, &pair.tags);
        });
        Ok(())
    })
}

fn fingerprint(pair: &KeyPair) -> String {
    let digits = made_up::hex(&["fingerprint", &pair.name]) + &made_up::hex(&["fingerprint 2", &pair.name]);
    let pairs = digits.as_bytes().chunks(2).map(String::from_utf8_lossy);
    pairs.collect::<Vec<_>>().join(":")
}
