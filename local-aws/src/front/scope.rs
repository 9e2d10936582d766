//! The SigV4 credential scope of a request: who asks, where, and which service.

use http::header;

use crate::services::Request;

/// What the scope says: `AKID/date/region/service/aws4_request`, in the header or in a presigned query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credential {
    /// The access key.
    pub(super) key: String,
    /// An access key of 12 digits names the account.
    pub(super) account: Option<String>,
    /// Absent under `SigV4A`, whose signatures hold in many regions.
    pub(super) region: Option<String>,
    pub(super) service: String,
}

impl Credential {
    /// Reads the scope; `None` if the request carries none.
    pub(super) fn of(request: &Request) -> Option<Self> {
        if let Some(value) = request.headers().get(header::AUTHORIZATION) {
            let value = value.to_str().ok()?;
            let (_, rest) = value.split_once("Credential=")?;
            let scope = rest.split([',', ' ']).next()?;
            return Self::parse(scope, value.starts_with("AWS4-ECDSA"));
        }
        let query = request.uri().query()?;
        let parameter =
            |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let scope = parameter("X-Amz-Credential")?.replace("%2F", "/").replace("%2f", "/");
        let many_regions = parameter("X-Amz-Algorithm").is_some_and(|name| name.starts_with("AWS4-ECDSA"));
        Self::parse(&scope, many_regions)
    }

    fn parse(scope: &str, many_regions: bool) -> Option<Self> {
        // From the right: an access key may hold slashes.
        let mut parts = scope.rsplit('/');
        let _terminator = parts.next()?;
        let service = parts.next().filter(|service| !service.is_empty())?.to_owned();
        let region = if many_regions { None } else { Some(parts.next()?.to_owned()) };
        let _date = parts.next()?;
        let key = parts.next()?;
        let names_account = key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit());
        Some(Self { key: key.to_owned(), account: names_account.then(|| key.to_owned()), region, service })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn credential(uri: &str, authorization: Option<&str>) -> Option<Credential> {
        let mut request = http::Request::builder().uri(uri);
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        Credential::of(&request.body(Bytes::new()).unwrap())
    }

    fn is(key: &str, region: Option<&str>, service: &str) -> Credential {
        let account = (key == "123456789012").then(|| key.to_owned());
        let (key, region) = (key.to_owned(), region.map(str::to_owned));
        Credential { key, account, region, service: service.to_owned() }
    }

    #[test]
    fn in_the_header() {
        let header =
            "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host";
        assert_eq!(credential("/a", Some(header)), Some(is("test", Some("eu-west-1"), "s3")));
        let account =
            "AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/kinesis/aws4_request,Signature=x";
        assert_eq!(credential("/", Some(account)), Some(is("123456789012", Some("us-east-1"), "kinesis")));
        let many = "AWS4-ECDSA-P256-SHA256 Credential=test/20260101/s3/aws4_request, SignedHeaders=host";
        assert_eq!(credential("/", Some(many)), Some(is("test", None, "s3")));
    }

    #[test]
    fn in_a_presigned_query() {
        let uri = "/b/k?X-Amz-Credential=te%2Fst%2F20260101%2Fus-west-2%2Fs3%2Faws4_request&X-Amz-Expires=60";
        assert_eq!(credential(uri, None), Some(is("st", Some("us-west-2"), "s3")));
    }

    #[test]
    fn absent_or_broken() {
        for header in ["Basic abc", "AWS4-HMAC-SHA256 Credential=test/s3", "AWS4-HMAC-SHA256 Credential=", ""]
        {
            assert_eq!(credential("/", Some(header)), None, "{header}");
        }
        assert_eq!(credential("/?X-Amz-Expires=60", None), None);
        assert_eq!(credential("/", None), None);
    }
}
