//! [`ParseError`] and how rows are read.

use std::{collections::HashMap, error::Error, fmt};

use super::{
    Cost,
    row::{Per, Row, TOKEN},
};
use crate::{QuotaCode, limiter::Rate};

/// A line that is no row of a [`Catalog`](super::Catalog).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    line: usize,
    problem: Box<str>,
}

impl ParseError {
    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl Error for ParseError {}

/// Reads all rows of `text`.
pub(super) fn rows(text: &str) -> Result<Vec<Row>, ParseError> {
    let mut rows: Vec<Row> = Vec::new();
    let mut lines = Vec::new();
    let mut source = ("", "");
    for (line, words) in (1..).zip(text.lines().map(str::split_whitespace)) {
        let words: Vec<&str> = words.take_while(|it| !it.starts_with('#')).collect();
        match (&*words, rows.last_mut()) {
            ([], _) => Ok(()),
            (["source", rest @ ..], _) => source_of(rest).map(|it| source = it),
            (["+", ..], None) => Err("`+` continues no row".into()),
            (["+", more @ ..], Some(row)) => more.iter().try_for_each(|it| add(row, it)),
            _ => row(&words, source).map(|row| {
                rows.push(row);
                lines.push(line);
            }),
        }
        .map_err(|problem: String| ParseError { line, problem: problem.into() })?;
    }
    let mut said = HashMap::new();
    for (row, &line) in rows.iter().zip(&lines) {
        whole(row).map_err(|problem| ParseError { line, problem: problem.into() })?;
        for operation in row.operations() {
            let what = (row.service(), row.bucket(), row.class(), operation);
            if let Some(before) = said.insert(what, line) {
                let problem = format!("{} {operation} has this in line {before} already", row.service());
                return Err(ParseError { line, problem: problem.into() });
            }
        }
    }
    Ok(rows)
}

fn source_of<'a>(words: &[&'a str]) -> Result<(&'a str, &'a str), String> {
    match words {
        ["-"] => Ok(("", "")),
        [url, day] if is_day(day) => Ok((url, day)),
        [_, day] => Err(format!("`{day}` is no day: 2026-11-23 is one")),
        _ => Err("a source is an address and a day, or `-`".into()),
    }
}

fn row(words: &[&str], (source, checked): (&str, &str)) -> Result<Row, String> {
    let [service, per, class, cost, refill, burst, quota, bucket, operations @ ..] = words else {
        return Err("a row is: service per class cost refill burst quota bucket operations".into());
    };
    if !service.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit()) {
        return Err(format!("`{service}` is no service: lower-case letters and digits, as in `aws-sdk-ec2`"));
    }
    let mut row = Row {
        service: (*service).into(),
        per: match *per {
            "account" => Per::Account,
            "region" => Per::Region,
            "resource" => Per::Resource,
            _ => return Err(format!("`{per}` is not one of: account, region, resource")),
        },
        class: given(class).map(Box::from),
        cost: match *cost {
            "one" => Cost::One,
            "call" => Cost::OfCall,
            _ => return Err(format!("`{cost}` is not one of: one, call")),
        },
        rate: given(refill).map(rate).transpose()?,
        burst: given(burst).map(tokens).transpose()?,
        quota: given(quota).map(code).transpose()?,
        bucket: given(bucket).map(shared).transpose()?,
        operations: Vec::new(),
        source: source.into(),
        checked: checked.into(),
    };
    if row.rate.is_none() && row.burst.is_some() {
        return Err("a burst without a refill".into());
    }
    operations.iter().try_for_each(|it| add(&mut row, it))?;
    Ok(row)
}

fn given<'a>(word: &&'a str) -> Option<&'a str> {
    (*word != "-").then_some(*word)
}

/// Tokens a second, with up to six decimals.
fn rate(word: &str) -> Result<Rate, String> {
    let (whole, part) = word.split_once('.').unwrap_or((word, "0"));
    let digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    let micros = (digits(whole) && digits(part) && part.len() <= 6)
        .then(|| format!("{whole}{part:0<6}").parse::<u64>().ok())
        .flatten()
        .filter(|&it| 0 < it && it <= u64::from(u32::MAX) * TOKEN);
    micros.map(Rate::micros_per_second).ok_or_else(|| format!("`{word}` is no refill: 20 and 0.3 are"))
}

fn tokens(word: &str) -> Result<u32, String> {
    word.parse().ok().filter(|&it| it > 0).ok_or_else(|| format!("`{word}` is no burst: 1 and 100 are"))
}

fn code(word: &str) -> Result<QuotaCode, String> {
    QuotaCode::new(word).ok_or_else(|| format!("`{word}` is no code of Service Quotas: L-1194F27D is one"))
}

/// The name of a bucket, which no operation has: they begin with a capital.
fn shared(word: &str) -> Result<Box<str>, String> {
    let fits = word.starts_with(|it: char| it.is_ascii_lowercase());
    fits.then(|| word.into()).ok_or_else(|| format!("`{word}` is no bucket: begin with a lower-case letter"))
}

fn add(row: &mut Row, word: &str) -> Result<(), String> {
    let name = word.strip_prefix('!').unwrap_or_else(|| word.strip_suffix('*').unwrap_or(word));
    let fits = name.bytes().all(|it| it.is_ascii_alphanumeric()) && (word == "*" || !name.is_empty());
    if !fits {
        return Err(format!("`{word}` is no operation: GetItem, Get*, * and !GetItem are"));
    }
    row.operations.push(word.into());
    Ok(())
}

/// What can be told only when the lines that continue a row are known.
fn whole(row: &Row) -> Result<(), String> {
    let excepts = |it: &str| it.starts_with('!');
    if row.operations().all(excepts) {
        return Err("no operations".into());
    }
    if row.operations().any(excepts) && !row.operations().any(|it| it.ends_with('*')) {
        return Err("an exception from what is named one by one".into());
    }
    Ok(())
}

/// A date of the form 2026-11-23.
fn is_day(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let within = |word: &str, length, most| {
        let digits = word.len() == length && word.bytes().all(|it| it.is_ascii_digit());
        digits && word.parse::<u16>().is_ok_and(|it| 0 < it && it <= most)
    };
    matches!(*parts, [year, month, day] if within(year, 4, 9999) && within(month, 2, 12) && within(day, 2, 31))
}
