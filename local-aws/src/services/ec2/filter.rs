//! [`Filter`]: what must be true of what is described.

use super::super::query::Failure;
use crate::{resources::Tags, wire::form::Form};

/// Values in the filters of a request, at most.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>.
const MOST_VALUES: usize = 200;

/// What must be true of what is described: one of the values, which may hold `*` and `?`.
pub(super) struct Filter {
    name: String,
    values: Vec<String>,
}

impl Filter {
    /// The filters of a request, whose names must be among `known`, or about tags.
    pub(super) fn read(form: &Form, known: &[&str]) -> Result<Vec<Self>, Failure> {
        let filters: Vec<Self> = form
            .structures("Filter")
            .iter()
            .map(|form| Self {
                name: form.get("Name").unwrap_or_default().to_owned(),
                values: form.list("Value").into_iter().map(str::to_owned).collect(),
            })
            .collect();
        if filters.iter().map(|filter| filter.values.len()).sum::<usize>() > MOST_VALUES {
            let message =
                format!("The maximum number of filter values specified on a single call is {MOST_VALUES}");
            return Err(Failure::new("FilterLimitExceeded", message));
        }
        let is_known = |name: &str| {
            known.contains(&name) || matches!(name, "tag-key" | "tag-value") || name.starts_with("tag:")
        };
        match filters.iter().find(|filter| !is_known(&filter.name)) {
            Some(filter) => {
                let message = format!("The filter '{}' is invalid", filter.name);
                Err(Failure::new("InvalidParameterValue", message))
            }
            None => Ok(filters),
        }
    }

    /// Whether something fits, by its tags and by the values that it has for a filter.
    pub(super) fn fits(&self, tags: &Tags, values: impl FnOnce(&str) -> Vec<String>) -> bool {
        let has = |text: &str| self.values.iter().any(|pattern| matches(pattern.as_bytes(), text.as_bytes()));
        match &*self.name {
            "tag-key" => tags.keys().any(|key| has(key)),
            "tag-value" => tags.values().any(|value| has(value)),
            name => match name.strip_prefix("tag:") {
                Some(key) => tags.get(key).is_some_and(|value| has(value)),
                None => values(name).iter().any(|value| has(value)),
            },
        }
    }
}

/// Whether a text is as a pattern says: `*` is any text, `?` any one byte, and `\` takes what follows as it is.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|skipped| matches(rest, &text[skipped..])),
        [b'?', rest @ ..] => !text.is_empty() && matches(rest, &text[1..]),
        [b'\\', next, rest @ ..] | [next, rest @ ..] => {
            text.first() == Some(next) && matches(rest, &text[1..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, fits) in [
            ("web", "web", true),
            ("web", "webs", false),
            ("web*", "web-1", true),
            ("*b-?", "web-1", true),
            ("?", "", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn tags_and_values() {
        let form = Form::parse(
            "Filter.1.Name=tag%3AName&Filter.1.Value.1=a&Filter.1.Value.2=b*&Filter.2.Name=vpc-id&Filter.2.Value.1=v",
        );
        let filters = Filter::read(&form, &["vpc-id"]).unwrap();
        let tags = Tags::from([("Name".to_owned(), "bee".to_owned())]);
        assert!(filters.iter().all(|filter| filter.fits(&tags, |_| vec!["v".to_owned()])));
        assert!(!filters[1].fits(&tags, |_| vec!["w".to_owned()]));
        assert_eq!(Filter::read(&form, &[]).err().unwrap().code, "InvalidParameterValue");
    }
}
