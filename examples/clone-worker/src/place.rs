//! [`Place`]: a bucket and a prefix, written `s3://BUCKET/PREFIX`.

use std::str::FromStr;

/// A bucket, and a folder in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    /// Empty, or with a slash at its end.
    pub(crate) folder: String,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix("s3://").ok_or("it must begin with s3://")?;
        let (bucket, folder) = path.split_once('/').unwrap_or((path, ""));
        if bucket.is_empty() {
            return Err("a bucket must follow s3://".to_owned());
        }
        let folder = folder.trim_end_matches('/');
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Ok(Self { bucket: bucket.to_owned(), folder })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_however_it_is_written() {
        let read = |text: &str| text.parse::<Place>().map(|place| (place.bucket, place.folder));
        let (bucket, folder) = ("jobs".to_owned(), "a/b/".to_owned());
        for text in ["s3://jobs/a/b", "s3://jobs/a/b/"] {
            assert_eq!(read(text), Ok((bucket.clone(), folder.clone())));
        }
        for text in ["s3://jobs", "s3://jobs/"] {
            assert_eq!(read(text), Ok((bucket.clone(), String::new())));
        }
        assert!(read("jobs").is_err() && read("s3://").is_err());
    }
}
