//! [`Unlimited`]: the throttle that admits everything.

use async_trait::async_trait;

use super::{Call, Permit, Refused, Throttle};

/// Admits every call at once and learns nothing: for clients that are throttled elsewhere, and for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unlimited;

#[async_trait]
impl Throttle for Unlimited {
    async fn acquire(&self, _: &Call) -> Result<Permit, Refused> {
        Ok(Permit::unlimited())
    }
}
