//! The bucket in a host name.

use s3s::{
    S3Result,
    host::{S3Host, VirtualHost},
};

/// The hosts that buckets are sub-domains of, beside those with a label `s3`.
const BASES: [&str; 2] = [".localhost", ".localhost.localstack.cloud"];

/// The bucket of a virtual-host style name: `bucket.localhost:4566`, `bucket.s3.localhost:4566`,
/// `bucket.s3.us-east-1.amazonaws.com`. Bucket names may have dots in them.
pub(crate) fn bucket(host: &str) -> Option<&str> {
    let name = host.split(':').next().unwrap_or_default();
    let bucket = match (name.starts_with("s3."), name.rfind(".s3.")) {
        (_, Some(at)) => &name[..at],
        (true, None) => return None,
        (false, None) => BASES.iter().find_map(|base| name.strip_suffix(base))?,
    };
    (!bucket.is_empty() && bucket != "s3").then_some(bucket)
}

/// Reads host names for the protocol crate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let virtual_host = VirtualHost::new(host);
        Ok(match bucket(host) {
            Some(bucket) => virtual_host.with_bucket(bucket),
            None => virtual_host,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_in_a_host() {
        for (host, expected) in [
            ("localhost:4566", None),
            ("127.0.0.1:4566", None),
            ("s3.localhost:4566", None),
            ("s3.eu-west-1.amazonaws.com", None),
            ("host.docker.internal:4566", None),
            ("my.bucket.localhost:4566", Some("my.bucket")),
            ("bucket.s3.localhost:4566", Some("bucket")),
            ("bucket.s3.us-east-1.amazonaws.com", Some("bucket")),
            ("my.bucket.s3.amazonaws.com", Some("my.bucket")),
        ] {
            assert_eq!(bucket(host), expected, "{host}");
        }
    }
}
