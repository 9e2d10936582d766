//! Hints in a file: where the listing of the next run is cut.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use tidegate_clone::Key;

use crate::problem::Problem;

/// Reads the hints of an earlier run; none, if there is no file yet.
///
/// # Errors
///
/// If the file cannot be read, or holds something else.
pub(crate) fn read(path: &Path) -> Result<Vec<Key>, Problem> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Problem::Input(format!("cannot read {}: {error}", path.display()))),
    };
    let keys: Option<Vec<String>> = serde_json::from_slice(&bytes).ok();
    let keys: Option<Vec<Key>> = keys.and_then(|keys| keys.into_iter().map(Key::new).collect());
    keys.ok_or_else(|| {
        Problem::Input(format!("{} holds no hints: it must be a JSON array of keys", path.display()))
    })
}

/// Writes hints for the next run, all or none.
///
/// # Errors
///
/// If that cannot be.
pub(crate) fn write(path: &Path, hints: &[Key]) -> Result<(), Problem> {
    let keys: Vec<&str> = hints.iter().map(Key::as_str).collect();
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let written = serde_json::to_vec(&keys).map_err(Into::into).and_then(|json| fs::write(&beside, json));
    written.and_then(|()| fs::rename(&beside, path)).map_err(|error| {
        Problem::Failed(format!(
            "the hints for the next run could not be written to {}: {error}",
            path.display()
        ))
    })
}
