//! Which actions a row of a file is for.

/// Action names, each exact or with a `*` at its end: `DescribeLimits`, `Describe*`, `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actions(Vec<String>);

impl Actions {
    pub(crate) fn all() -> Self {
        Self(vec!["*".to_owned()])
    }

    pub(crate) fn matches(&self, action: &str) -> bool {
        self.0.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => action.starts_with(start),
            None => action == pattern,
        })
    }

    /// The first name that no action can have.
    pub(crate) fn invalid(&self) -> Option<&str> {
        let valid = |name: &str| {
            let name = name.strip_suffix('*').unwrap_or(name);
            name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        self.0.iter().map(String::as_str).find(|name| name.is_empty() || !valid(name))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<A: Into<String>> FromIterator<A> for Actions {
    fn from_iter<I: IntoIterator<Item = A>>(names: I) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let actions = Actions::from_iter(["Describe*", "GetObject"]);
        assert!(actions.matches("DescribeLimits") && actions.matches("GetObject"));
        assert!(!actions.matches("GetObjectTagging") && !actions.matches("ListShards"));
        assert!(Actions::all().matches("Anything"));
        assert_eq!(Actions::from_iter(["A*", "*B"]).invalid(), Some("*B"));
        assert_eq!(Actions::from_iter([""]).invalid(), Some(""));
    }
}
