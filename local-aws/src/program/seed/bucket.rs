//! The buckets of a seed file.

use serde::Deserialize;
use tidegate_local_aws::{S3Error, S3Handle};

/// The largest object that S3 takes, 50 TB.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UploadingObjects.html>.
const LARGEST: u64 = 50_000_000_000_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    name: String,
    /// Whether it keeps versions, from its first object on.
    #[serde(default)]
    versioning: bool,
    #[serde(default)]
    objects: Vec<Object>,
    #[serde(default)]
    generate: Option<Generate>,
}

/// An object with a text, or a synthetic one with a size.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    key: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    size: Option<u64>,
}

/// Synthetic objects, spread evenly over prefixes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Generate {
    objects: u64,
    #[serde(default = "one")]
    prefixes: u64,
    #[serde(default)]
    bytes: u64,
    /// What stands before all keys.
    #[serde(default)]
    under: String,
}

const fn one() -> u64 {
    1
}

impl Bucket {
    pub fn check(&self) -> Result<(), String> {
        let wrong = |problem: &str| Err(format!("bucket \"{}\": {problem}", self.name));
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        if !(3..=63).contains(&self.name.len()) || !self.name.bytes().all(known) {
            return wrong("a name has 3 to 63 lower-case letters, digits, dots and hyphens");
        }
        for Object { key, body, size } in &self.objects {
            if body.is_some() == size.is_some() {
                return wrong(&format!("object \"{key}\": give either \"body\" or \"size\""));
            }
            if size.is_some_and(|size| size > LARGEST) {
                return wrong(&format!("object \"{key}\": \"size\" is above 50 TB"));
            }
        }
        match &self.generate {
            Some(generate) if generate.objects == 0 => wrong("\"generate\": \"objects\" must be at least 1"),
            Some(generate) if generate.prefixes == 0 => {
                wrong("\"generate\": \"prefixes\" must be at least 1")
            }
            Some(generate) if generate.bytes / generate.objects >= LARGEST => {
                wrong("\"generate\": \"bytes\" makes objects above 50 TB")
            }
            _ => Ok(()),
        }
    }

    /// Creates the bucket and its objects.
    pub fn plant(self, s3: &S3Handle) -> Result<(), String> {
        let name = self.name.clone();
        self.put(s3).map_err(|error| format!("bucket \"{name}\": {error}"))
    }

    fn put(self, s3: &S3Handle) -> Result<(), S3Error> {
        s3.create_bucket(&self.name);
        if self.versioning {
            s3.set_versioning(&self.name, true)?;
        }
        if let Some(generate) = self.generate {
            s3.seed(&self.name, generate.objects())?;
        }
        for Object { key, body, size } in self.objects {
            match body {
                Some(body) => s3.put(&self.name, &key, body)?,
                None => s3.put_synthetic(&self.name, &key, size.unwrap_or_default())?,
            }
        }
        Ok(())
    }
}

impl Generate {
    /// Keys and sizes: `prefix-007/object-000123`. The sizes differ by one byte at most.
    fn objects(self) -> impl Iterator<Item = (String, u64)> {
        let digits = |count: u64| count.saturating_sub(1).max(1).ilog10() as usize + 1;
        let (wide, long) = (digits(self.prefixes), digits(self.objects));
        let (size, rest) = (self.bytes / self.objects, self.bytes % self.objects);
        (0..self.objects).map(move |number| {
            let prefix = number % self.prefixes;
            let key = format!("{}prefix-{prefix:0wide$}/object-{number:0long$}", self.under);
            (key, size + u64::from(number < rest))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn checked(bucket: &str) -> Result<(), String> {
        serde_json::from_str::<Bucket>(bucket).map_err(|error| error.to_string())?.check()
    }

    #[test]
    fn generated_objects_add_up() {
        let generate =
            Generate { objects: 7_500, prefixes: 195, bytes: 8_000_000_000, under: "x/".to_owned() };
        let objects = generate.objects().collect::<Vec<_>>();
        assert_eq!(objects.len(), 7_500);
        assert_eq!(objects.iter().map(|(_, size)| size).sum::<u64>(), 8_000_000_000);
        assert_eq!(objects[0].0, "x/prefix-000/object-0000");
        let prefixes = objects.iter().filter_map(|(key, _)| key.rsplit_once('/')).map(|(prefix, _)| prefix);
        assert_eq!(prefixes.collect::<BTreeSet<_>>().len(), 195);
        assert_eq!(objects.iter().map(|(key, _)| key).collect::<BTreeSet<_>>().len(), 7_500);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            checked(
                r#"{"name":"src","versioning":true,"objects":[{"key":"a","body":""}],"generate":{"objects":1}}"#
            ),
            Ok(())
        );
        for (bucket, expected) in [
            (r#"{"name":"S"}"#, "bucket \"S\": a name has 3 to 63"),
            (r#"{"name":"src","objects":[{"key":"a"}]}"#, "object \"a\": give either"),
            (r#"{"name":"src","objects":[{"key":"a","body":"","size":1}]}"#, "give either"),
            (r#"{"name":"src","generate":{"objects":0}}"#, "\"objects\" must be at least 1"),
            (r#"{"name":"src","generate":{"objects":1,"prefixes":0}}"#, "\"prefixes\" must be at least 1"),
            (r#"{"name":"src","generate":{"objects":1,"size":0}}"#, "unknown field `size`"),
        ] {
            let problem = checked(bucket).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
    }
}
