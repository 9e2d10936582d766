//! [`Name`]: how a function is named in a request.

use super::{Asked, not_found};
use crate::{
    resources::{Function, Resources},
    services::query::Failure,
};

/// A function as a request names it: by name, by ARN, or by the end of one, each with a qualifier or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    region: Option<&'a str>,
    account: Option<&'a str>,
    function: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Name<'a> {
    /// Reads `name`, `account:function:name` or `arn:aws:lambda:region:account:function:name`.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let parts: Vec<_> = text.split(':').collect();
        let (region, account, rest) = match parts[..] {
            ["arn", _, "lambda", region, account, "function", ref rest @ ..] => {
                (Some(region), Some(account), rest)
            }
            [account, "function", ref rest @ ..] => (None, Some(account), rest),
            ref rest => (None, None, rest),
        };
        let (function, qualifier) = match *rest {
            [function] => (function, None),
            [function, qualifier] => (function, Some(qualifier)),
            _ => return None,
        };
        Some(Self { region, account, function, qualifier })
    }

    /// Whether it is an ARN without a qualifier.
    pub(super) fn is_arn(&self) -> bool {
        self.region.is_some() && self.qualifier.is_none()
    }

    /// The function, if the account and region have it; `qualifier` stands beside the name in the request.
    pub(super) fn find<'f>(
        &self,
        asked: &Asked<'_>,
        known: &'f Resources,
        qualifier: Option<&str>,
    ) -> Result<&'f Function, Failure> {
        let region = self.region.unwrap_or(asked.region);
        if region != asked.region {
            return Err(not_found(format!(
                "Functions from '{region}' are not reachable in this region ('{}')",
                asked.region
            )));
        }
        let (account, qualifier) = (self.account.unwrap_or(asked.account), qualifier.or(self.qualifier));
        let here = account == asked.account && qualifier.is_none_or(|version| version == "$LATEST");
        let found = known.functions.iter().find(|function| here && function.name == self.function);
        found.ok_or_else(|| {
            let function = Function { name: self.function.to_owned(), ..Function::default() };
            let mut arn = function.arn(account, region);
            if let Some(qualifier) = qualifier {
                arn = format!("{arn}:{qualifier}");
            }
            not_found(format!("Function not found: {arn}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns() {
        let is = |text, region, account, function, qualifier| {
            assert_eq!(Name::of(text), Some(Name { region, account, function, qualifier }), "{text}");
        };
        is("f", None, None, "f", None);
        is("f:1", None, None, "f", Some("1"));
        is("1:function:f", None, Some("1"), "f", None);
        is("1:function:f:$LATEST", None, Some("1"), "f", Some("$LATEST"));
        is("arn:aws:lambda:r:1:function:f", Some("r"), Some("1"), "f", None);
        is("arn:aws:lambda:r:1:function:f:live", Some("r"), Some("1"), "f", Some("live"));
        for text in ["a:b:c", "arn:aws:lambda:r:1:function", "arn:aws:sqs:r:1:f:g", "1:function:f:g:h"] {
            assert_eq!(Name::of(text), None, "{text}");
        }
    }
}
