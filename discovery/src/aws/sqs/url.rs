//! URLs of queues: `https://HOST/ACCOUNT/NAME`.

/// The account and the name in a URL.
pub(super) fn parts(url: &str) -> Option<(&str, &str)> {
    let (_, rest) = url.split_once("://")?;
    let (_host, path) = rest.split_once('/')?;
    let (front, name) = path.rsplit_once('/')?;
    let account = front.rsplit('/').next()?;
    let is_account = account.len() == 12 && account.bytes().all(|it| it.is_ascii_digit());
    (is_account && is_name(name)).then_some((account, name))
}

/// Whether a text may be a name: letters, digits, `_` and `-`, and `.fifo` at the end.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>.
pub(super) fn is_name(text: &str) -> bool {
    let is_letter = |it: u8| it.is_ascii_alphanumeric() || it == b'_' || it == b'-';
    let front = text.strip_suffix(".fifo").unwrap_or(text);
    text.len() <= 80 && !front.is_empty() && front.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_an_account_and_a_name() {
        for (url, expected) in [
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", Some(("123456789012", "jobs"))),
            ("http://127.0.0.1:4566/123456789012/jobs.fifo", Some(("123456789012", "jobs.fifo"))),
            ("http://127.0.0.1:4566/queue/eu-west-1/123456789012/jobs", Some(("123456789012", "jobs"))),
            ("https://sqs.eu-west-1.amazonaws.com/jobs", None),
            ("https://example.com/photos/jobs", None),
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/", None),
            ("jobs", None),
        ] {
            assert_eq!(parts(url), expected, "{url}");
        }
    }
}
