//! [`Term`]: what somebody looks for.

use std::{borrow::Cow, fmt, net::IpAddr};

/// What somebody looks for: an id, a name, an ARN, a DNS name, an address, or a tag as `key=value`.
///
/// ```
/// use tidegate_discovery::Term;
///
/// assert_eq!(Term::new("Name=web").tag(), Some(("Name", "web")));
/// assert_eq!(Term::new("arn:aws:ecs:eu-west-1:123456789012:cluster/a").arn().unwrap().service, "ecs");
/// assert!(Term::new("10.0.0.1").address().is_some());
/// assert_eq!(Term::new("WWW.example.com.").dns_name(), Some("www.example.com".to_owned()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Term(String);

/// The parts of an ARN: `arn:partition:service:region:account:resource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// Such as `ecs`.
    pub service: &'a str,
    /// Empty for what is in no region.
    pub region: &'a str,
    /// Empty where the ARN has none, as for buckets.
    pub account: &'a str,
    /// Such as `cluster/a`.
    pub resource: &'a str,
}

/// How a type of resource looks for a [`Term`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Find<'t> {
    /// It cannot be one of them.
    No,
    /// It would be the one of this key.
    Key(Cow<'t, str>),
    /// Whatever of the list [answers to it](crate::Mirror::answers_to), as the list tells it.
    List,
    /// Whatever of the list answers to it, once all [parts](crate::Plan::part) are there.
    Whole,
}

impl Term {
    /// What somebody typed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As it was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The key and the value, if it is a tag. An ARN or a URL is none.
    #[must_use]
    pub fn tag(&self) -> Option<(&str, &str)> {
        if self.0.contains("://") || self.0.starts_with("arn:") {
            return None;
        }
        self.0.split_once('=').filter(|(key, _)| !key.is_empty())
    }

    /// The parts, if it is an ARN.
    #[must_use]
    pub fn arn(&self) -> Option<Arn<'_>> {
        Arn::parse(&self.0)
    }

    /// The address, if it is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }

    /// In lower case and without the dot at its end, if it may be a DNS name.
    #[must_use]
    pub fn dns_name(&self) -> Option<String> {
        let name = self.0.strip_suffix('.').unwrap_or(&self.0);
        let is_name = name.contains('.')
            && self.address().is_none()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.*\\".contains(&byte));
        is_name.then(|| name.to_ascii_lowercase())
    }
}

impl<'a> Arn<'a> {
    /// Reads an ARN.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        let _partition = parts.next()?;
        let (service, region, account) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { service, region, account, resource: parts.next()? })
    }
}

impl From<&str> for Term {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Term {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
