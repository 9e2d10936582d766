//! [`Described`]: what is asked for, by id, by filter and by page.

use std::ops::RangeInclusive;

use super::{
    super::query::{Asked, Failure},
    filter::Filter,
};
use crate::{resources::Tags, wire::page::Page};

/// A type of thing that is described.
pub(super) struct Described<'a, T> {
    /// The parameter of ids, as the query names it.
    pub(super) ids: &'a str,
    /// The start of an id; empty for names.
    pub(super) prefix: &'a str,
    /// The codes for an id that is none, and for one that is not there.
    pub(super) malformed: &'static str,
    pub(super) not_found: &'static str,
    /// How one that is not there is called: `The instance ID '…' does not exist`.
    pub(super) noun: &'a str,
    /// The filters beside those about tags.
    pub(super) filters: &'a [&'a str],
    pub(super) id: fn(&T) -> &str,
    pub(super) tags: fn(&T) -> &Tags,
}

/// Things of one page, at least and at most, which is as many as there are on one unless asked for.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html>.
const PAGES: RangeInclusive<usize> = 5..=1_000;

impl<T> Described<'_, T> {
    /// The page that is asked for of those that fit. `values` tells what a thing has for a filter.
    pub(super) fn select<'t>(
        &self,
        asked: &Asked<'_>,
        items: &'t [T],
        values: impl Fn(&T, &str) -> Vec<String>,
    ) -> Result<Page<&'t T>, Failure> {
        let ids = asked.form.list(self.ids);
        self.check(&ids)?;
        let most = most(asked, PAGES)?;
        if !ids.is_empty() && asked.form.get("MaxResults").is_some() {
            let message = format!("The parameter {} cannot be used with the parameter maxResults", self.ids);
            return Err(Failure::new("InvalidParameterCombination", message));
        }
        let filters = Filter::read(&asked.form, self.filters)?;
        let known: std::collections::HashSet<&str> = items.iter().map(self.id).collect();
        let missing: Vec<&str> = ids.iter().copied().filter(|id| !known.contains(id)).collect();
        match &*missing {
            [] => {}
            [one] => {
                let message = format!("The {} '{one}' does not exist", self.noun);
                return Err(Failure::new(self.not_found, message));
            }
            many => {
                let message = format!("The {}s '{}' do not exist", self.noun, many.join(", "));
                return Err(Failure::new(self.not_found, message));
            }
        }
        let ids: std::collections::HashSet<&str> = ids.into_iter().collect();
        let fits = |item: &&T| {
            (ids.is_empty() || ids.contains((self.id)(item)))
                && filters.iter().all(|filter| filter.fits((self.tags)(item), |name| values(item, name)))
        };
        page(asked, self.ids, items.iter().filter(fits), most)
    }

    fn check(&self, ids: &[&str]) -> Result<(), Failure> {
        let is_id = |id: &str| {
            id.strip_prefix(self.prefix).is_some_and(|digits| {
                self.prefix.is_empty()
                    || (digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            })
        };
        match ids.iter().find(|id| !is_id(id)) {
            Some(id) => Err(Failure::new(self.malformed, format!("Invalid id: \"{id}\""))),
            None => Ok(()),
        }
    }
}

/// How many things a page has at most.
pub(super) fn most(asked: &Asked<'_>, pages: RangeInclusive<usize>) -> Result<usize, Failure> {
    let Some(text) = asked.form.get("MaxResults") else { return Ok(*pages.end()) };
    let number = text.parse().ok().filter(|number| pages.contains(number));
    number.ok_or_else(|| {
        let (least, most) = (pages.start(), pages.end());
        let message =
            format!("Value ( {text} ) for parameter maxResults is invalid. Expecting a value between {least} and {most}.");
        Failure::new("InvalidParameterValue", message)
    })
}

/// A page of things.
pub(super) fn page<T>(
    asked: &Asked<'_>,
    list: &str,
    items: impl IntoIterator<Item = T>,
    most: usize,
) -> Result<Page<T>, Failure> {
    Page::of(list, items, asked.form.get("NextToken"), most)
        .map_err(|_| Failure::new("InvalidNextToken", "The specified NextToken is not valid."))
}
