//! EC2 Auto Scaling.

mod filter;
mod groups;
mod instances;
mod launch_configurations;
mod tags;

use std::collections::HashSet;

use super::{
    constraint,
    query::{Api, Asked, Envelope, Failure, Operation},
};
use crate::wire::page::Page;

/// Things of one page, unless asked for.
const PAGE: usize = 50;

/// Things of one page, at most.
const LARGEST_PAGE: usize = 100;

pub(crate) const API: Api = Api {
    service: "autoscaling",
    version: "2011-01-01",
    namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
    envelope: Envelope::Result,
    operations: &[
        Operation { name: "DescribeAutoScalingGroups", run: groups::describe },
        Operation { name: "DescribeAutoScalingInstances", run: instances::describe },
        Operation { name: "DescribeLaunchConfigurations", run: launch_configurations::describe },
        Operation { name: "DescribeTags", run: tags::describe },
    ],
};

/// A page of at most as many as are asked for, of which there may be `largest`.
fn page<T>(
    asked: &Asked<'_>,
    list: &str,
    items: impl IntoIterator<Item = T>,
    largest: usize,
) -> Result<Page<T>, Failure> {
    let most = constraint::number(&asked.form, "MaxRecords", largest, PAGE)?;
    let token = constraint::optional(&asked.form, "NextToken");
    Page::of(list, items, token, most).map_err(|_| {
        let message = format!("The token '{}' was invalid", token.unwrap_or_default());
        Failure::new("InvalidNextToken", message)
    })
}

/// The names that a request lists, none of which need be there. No names mean all.
fn names<'a>(asked: &'a Asked<'_>, list: &str, most: usize, what: &str) -> Result<HashSet<&'a str>, Failure> {
    let names = asked.form.list(&format!("{list}.member"));
    if names.len() > most {
        let message = format!("The number of {what} that may be passed in is limited to {most}");
        return Err(Failure::new("ValidationError", message));
    }
    Ok(names.into_iter().collect())
}

/// Whether it is among the names.
fn among(names: &HashSet<&str>, name: &str) -> bool {
    names.is_empty() || names.contains(name)
}
