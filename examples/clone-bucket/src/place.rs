//! [`Place`]: a bucket and a prefix, written `s3://BUCKET/PREFIX`.

use std::{fmt, str::FromStr};

/// A bucket and a prefix in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
}

impl Place {
    pub(crate) fn bucket(name: &str) -> Self {
        Self { bucket: name.to_owned(), prefix: String::new() }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix("s3://").ok_or("it must begin with s3://")?;
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        if bucket.is_empty() {
            return Err("a bucket must follow s3://".to_owned());
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn reads_and_writes() {
        for text in ["s3://a", "s3://a/b", "s3://a//b/", "s3://a/b c"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for text in ["a", "s3:/a", "s3://", "s3:///b", "http://a"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
