//! Every key that S3 allows comes out as it went in.

#![allow(clippy::unwrap_used, reason = "they are tests")]

mod support;

use std::collections::BTreeSet;

use support::{assert_complete, assert_identical, aws, client, cloner};
use tidegate_clone::{Cloner, Location};
use tidegate_local_aws::LocalAws;

fn odd_keys() -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = (1_u8..=0x7f).map(|byte| char::from(byte).to_string()).collect();
    keys.extend((1_u8..=0x7f).map(|byte| format!("in/a{}b", char::from(byte))));
    let odd = [
        "%2B",
        "%25",
        "a%20b",
        "+ +",
        " lead",
        "trail ",
        "a//b",
        "//",
        "//a",
        "/lead",
        "a/./b",
        "a/../b",
        ".",
        "..",
        "../up",
        "folder/",
        "folder",
        "folder/x",
        "soap",
        "a-b",
        "a.b",
        "a/b",
        "a",
        "ab",
        "caf\u{e9}",
        "cafe\u{301}",
        "\u{e000}",
        "\u{fffd}",
        "\u{ffff}",
        "\u{10000}",
        "\u{1f600}/\u{1f600}",
        "a?b=c&d#e",
        "\r\n",
        "x\u{85}y",
        "a\"b'c\\d<e>f[g]h{i}j|k^l~m*n;o:p@q,r=s$t!u(v)w`",
    ];
    keys.extend(odd.map(String::from));
    keys.extend(["x".repeat(1024), "\u{e9}".repeat(512), "\u{1f600}".repeat(256)]);
    keys
}

async fn with(keys: &BTreeSet<String>, prefix: &str) -> LocalAws {
    let aws = aws(LocalAws::builder()).await;
    for key in keys.iter().filter(|key| prefix.len() + key.len() <= 1024) {
        let size = if key.ends_with('/') { 0 } else { key.len() as u64 };
        aws.s3().put_synthetic("src", &format!("{prefix}{key}"), size).unwrap();
    }
    aws
}

#[tokio::test(start_paused = true)]
async fn odd_keys_are_copied_as_they_are() {
    let keys = odd_keys();
    let aws = with(&keys, "").await;
    let report = cloner(&aws).run().await.unwrap();
    assert_complete(&report, keys.len() as u64);
    assert_identical(&aws);
    let verified = cloner(&aws).verify().await.unwrap();
    assert!(verified.is_whole());
    assert_eq!((verified.same(), verified.extra()), (keys.len() as u64, 0));
}

#[tokio::test(start_paused = true)]
async fn a_prefix_is_exchanged_for_another() {
    for prefix in ["p/", "odd +%2B/\u{1f600}", "no-slash", "//"] {
        let keys = odd_keys();
        let aws = with(&keys, prefix).await;
        // The key that is the prefix, and neighbours that are not under it.
        aws.s3().put_synthetic("src", prefix, 5).unwrap();
        for stranger in ["!", "zz", "\u{ffff}\u{ffff}"] {
            aws.s3().put_synthetic("src", stranger, 5).unwrap();
        }
        let client = client(&aws);
        let (from, to) =
            (Location::new(client.clone(), "src").prefix(prefix), Location::new(client, "dst").prefix("to/"));
        let cloner = Cloner::new(from, to);
        let report = cloner.run().await.unwrap();
        let sources = aws.s3().objects("src").unwrap();
        let within: Vec<_> = sources.iter().filter_map(|it| it.key.strip_prefix(prefix)).collect();
        let too_long = within.iter().filter(|key| key.len() + 3 > 1024).count() as u64;
        assert_eq!(report.listed(), within.len() as u64);
        assert_eq!(report.copied() + too_long, report.listed());
        for key in within.iter().filter(|key| key.len() + 3 <= 1024) {
            let copy = aws.s3().object("dst", &format!("to/{key}")).unwrap().unwrap();
            let original = aws.s3().object("src", &format!("{prefix}{key}")).unwrap().unwrap();
            assert_eq!(copy.digest, original.digest);
        }
        if too_long > 0 {
            assert_eq!(report.failures()[0].code, "KeyTooLong");
        }
        let verified = cloner.verify().await.unwrap();
        assert_eq!((verified.different(), verified.extra()), (too_long, 0));
    }
}
