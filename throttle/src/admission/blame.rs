//! [`Blame`]: which of the limits that a call draws from stopped it.

use std::{fmt, str};

/// Which of the limits that a call draws from stopped it, as the service told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blame {
    /// The limit of the operation, or of the resource that it names.
    Narrowest,
    /// The limit that all operations of the account share.
    Widest,
    /// The limit that Service Quotas knows by this code.
    Quota(QuotaCode),
}

/// The code by which Service Quotas knows a limit: `L-` and eight digits or letters, like `L-1194F27D`.
///
/// Source: <https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ServiceQuota.html>
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct QuotaCode([u8; 10]);

impl QuotaCode {
    /// Reads a code; `None` if it is not one.
    ///
    /// ```
    /// use tidegate_throttle::QuotaCode;
    ///
    /// assert_eq!(QuotaCode::new("L-1194F27D").map(|it| it.to_string()).as_deref(), Some("L-1194F27D"));
    /// assert_eq!(QuotaCode::new("requests"), None);
    /// ```
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        let bytes = <[u8; 10]>::try_from(code.as_bytes()).ok()?;
        let digits = bytes.strip_prefix(b"L-")?;
        digits.iter().all(u8::is_ascii_alphanumeric).then_some(Self(bytes))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Nothing but ASCII is let in.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for QuotaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for QuotaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
