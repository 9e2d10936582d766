//! [`BatchFailure`]: which items of a batch failed.

use std::{error::Error, fmt};

use crate::Failure;

/// A batch handler's answer, if it is not "done": who of the batch failed, if it knows.
///
/// Any error becomes one by `?`: then it may have been any of them.
#[derive(Debug)]
pub struct BatchFailure(Who);

#[derive(Debug)]
enum Who {
    Any(Failure),
    These(Vec<(usize, Failure)>),
}

impl BatchFailure {
    /// Any of them may have failed.
    pub fn retry(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Who::Any(Failure::retry(error)))
    }

    /// These failed, by their places in the batch, and all others are done. If a place is not in the batch, any may
    /// have failed.
    #[must_use]
    pub fn only(failed: Vec<(usize, Failure)>) -> Self {
        Self(Who::These(failed))
    }

    /// Those who failed, of these who ran; or the failure, where it may have been any of them.
    pub(super) fn named(self, ran: &[usize]) -> Result<Vec<(usize, Failure)>, Failure> {
        let named = match self.0 {
            Who::Any(failure) => return Err(failure),
            Who::These(named) => named,
        };
        let mut found = Vec::with_capacity(named.len());
        for (place, failure) in named {
            match ran.get(place) {
                Some(index) if found.iter().any(|(it, _)| it == index) => {}
                Some(index) => found.push((*index, failure)),
                None => {
                    return Err(Failure::retry(format!("place {place} is not in a batch of {}", ran.len())));
                }
            }
        }
        found.sort_by_key(|(index, _)| *index);
        Ok(found)
    }
}

impl From<Failure> for BatchFailure {
    fn from(failure: Failure) -> Self {
        Self(Who::Any(failure))
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for BatchFailure {
    fn from(error: E) -> Self {
        Self::retry(error)
    }
}

impl fmt::Display for BatchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Who::Any(failure) => failure.fmt(f),
            Who::These(failed) => write!(f, "{} items failed", failed.len()),
        }
    }
}
