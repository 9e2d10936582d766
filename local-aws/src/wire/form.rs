//! [`Form`]: a request of the query protocols.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::services::Request;

/// A request of the query protocols: names with dots in them, and texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// The form in the body, or behind the path of a GET.
    pub(crate) fn of(request: &Request) -> Self {
        if request.method() == Method::GET {
            return Self::parse(request.uri().query().unwrap_or_default());
        }
        Self::parse(&String::from_utf8_lossy(request.body()))
    }

    pub(crate) fn parse(form: &str) -> Self {
        let decode =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        };
        Self(form.split('&').filter(|pair| !pair.is_empty()).map(pair).collect())
    }

    /// The text of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// The texts of `name.1`, `name.2`, … in the order of their numbers: `InstanceId` of EC2,
    /// `LoadBalancerNames.member` of the others.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let mut items: Vec<(u32, &str)> = self
            .0
            .iter()
            .filter_map(|(known, value)| {
                let number = known.strip_prefix(name)?.strip_prefix('.')?;
                Some((number.parse().ok()?, &**value))
            })
            .collect();
        items.sort_by_key(|(number, _)| *number);
        items.into_iter().map(|(_, value)| value).collect()
    }

    /// The structures `name.1.…`, `name.2.…` in the order of their numbers, each as a form of its own.
    pub(crate) fn structures(&self, name: &str) -> Vec<Self> {
        let mut items: Vec<(u32, Self)> = Vec::new();
        for (known, value) in &self.0 {
            let Some(rest) = known.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')) else {
                continue;
            };
            let Some((number, member)) = rest.split_once('.') else { continue };
            let Ok(number) = number.parse() else { continue };
            let pair = (member.to_owned(), value.clone());
            match items.iter_mut().find(|(other, _)| *other == number) {
                Some((_, form)) => form.0.push(pair),
                None => items.push((number, Self(vec![pair]))),
            }
        }
        items.sort_by_key(|(number, _)| *number);
        items.into_iter().map(|(_, form)| form).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_structures() {
        let form = Form::parse(
            "Action=DescribeInstances&InstanceId.2=i-2&InstanceId.10=i-10&InstanceId.1=i-1\
             &Filter.2.Name=tag%3AName&Filter.2.Value.1=a+b&Filter.1.Name=vpc-id&Filter.1.Value.2=y&Filter.1.Value.1=x",
        );
        assert_eq!(form.get("Action"), Some("DescribeInstances"));
        assert_eq!(form.list("InstanceId"), ["i-1", "i-2", "i-10"]);
        let filters = form.structures("Filter");
        assert_eq!(filters[0].get("Name"), Some("vpc-id"));
        assert_eq!(filters[0].list("Value"), ["x", "y"]);
        assert_eq!(filters[1].list("Value"), ["a b"]);
        assert!(form.list("Instance").is_empty() && form.structures("InstanceId").is_empty());
    }
}
