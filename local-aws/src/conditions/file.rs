//! The JSON files that users write: read, parsed, and refused by name.

use std::{fs, path::Path};

use serde::de::DeserializeOwned;

use crate::{Error, ErrorKind};

/// Reads a file whole.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path)
        .map_err(|error| Error::new(ErrorKind::Input, format!("cannot read {}: {error}", path.display())))
}

/// Parses JSON; `name` is what an error calls it.
pub(crate) fn parse<T: DeserializeOwned>(name: &str, json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| Error::new(ErrorKind::Input, format!("{name}: {error}")))
}

/// An error about one row, counted from 1.
pub(crate) fn row_error(name: &str, list: &str, index: usize, problem: &str) -> Error {
    Error::new(ErrorKind::Input, format!("{name}: row {} of \"{list}\": {problem}", index + 1))
}
