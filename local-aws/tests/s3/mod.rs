//! What the tests of S3 share: an embedded AWS without a socket, and a client of it.

use aws_sdk_s3::{
    Client, config,
    error::{ProvideErrorMetadata, SdkError},
};
use tidegate_local_aws::{LocalAws, S3Handle};

/// An embedded AWS with the buckets `src` and `dst`.
pub(crate) struct World {
    pub(crate) s3: Client,
    pub(crate) handle: S3Handle,
    _aws: LocalAws,
}

pub(crate) async fn world() -> World {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    let config = config::Builder::from(&aws.sdk_config()).force_path_style(true).build();
    let handle = aws.s3();
    handle.create_bucket("src");
    handle.create_bucket("dst");
    World { s3: Client::from_conf(config), handle, _aws: aws }
}

/// The error code, or `success`, and the status.
#[allow(dead_code, reason = "not every test looks at errors")]
pub(crate) fn code<T, E: ProvideErrorMetadata>(result: Result<T, SdkError<E>>) -> (String, u16) {
    match result {
        Ok(_) => ("success".to_owned(), 200),
        Err(error) => {
            let status = error.raw_response().map_or(0, |response| response.status().as_u16());
            (error.code().unwrap_or("none").to_owned(), status)
        }
    }
}

/// Keys that other tools were seen to lose. Keys of nothing but white space are not among them: the SDK refuses
/// to send them.
#[allow(dead_code, reason = "not every test needs keys")]
pub(crate) fn odd_keys() -> Vec<String> {
    let mut keys: Vec<String> = (1..=0x7f_u8).map(|byte| format!("byte-{}", char::from(byte))).collect();
    let odd = [
        "+",
        "a+b",
        "%2B",
        "%25",
        "100%",
        "?",
        "a?versionId=1",
        "#",
        "&",
        "=",
        ";",
        ":",
        "@",
        ",",
        "\"",
        "'",
        "\\",
        "<x>",
        "[x]",
        "{x}",
        "|",
        "^",
        "~",
        "*",
        " lead",
        "trail ",
        "a  b",
        "a//b",
        "//",
        "/lead",
        "a/./b",
        "a/../b",
        ".",
        "..",
        "marker/",
        "a-b",
        "a.b",
        "a/b",
        "soap",
        "é",
        "e\u{301}",
        "\u{e000}",
        "\u{ffff}",
        "\u{fffe}",
        "\u{10000}",
        "😀",
        "a\u{85}",
        "a\u{2028}",
        "a\r\n",
        "a\t",
    ];
    keys.extend(odd.map(str::to_owned));
    keys.extend([("a", 1024), ("é", 512), ("😀", 256)].map(|(char, times)| char.repeat(times)));
    keys.sort();
    keys.dedup();
    keys
}

/// A key as it stands in a copy source.
#[allow(dead_code, reason = "not every test copies")]
pub(crate) fn source(bucket: &str, key: &str) -> String {
    use std::fmt::Write as _;
    let mut source = format!("{bucket}/");
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                source.push(byte.into());
            }
            byte => write!(source, "%{byte:02X}").unwrap(),
        }
    }
    source
}
