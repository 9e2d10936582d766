//! [`Knowledge`]: what was learnt of limits, to be kept while nothing runs.

use std::{collections::BTreeMap, error::Error, fmt, str::FromStr};

use crate::{
    Limit,
    limiter::{Learnt, Rate},
};

/// The first line of the text, so that a later form can be told from this one.
const HEADER: &str = "# tidegate-throttle 1: account region service name resource micros/s burst lump";

/// What was learnt of limits, to be kept while nothing runs.
///
/// As a text it has a line for each limit, whose fields have tabs between them. What it says of a limit is where a
/// throttle begins; a limit that has changed meanwhile is learnt anew.
///
/// ```
/// use tidegate_throttle::{Adaptive, Knowledge};
///
/// let throttle = Adaptive::new();
/// // Before the process ends: write this to a file.
/// let text = throttle.knowledge().to_string();
///
/// let knowledge: Knowledge = text.parse()?;
/// let throttle = Adaptive::builder().knowledge(knowledge).build();
/// # Ok::<_, tidegate_throttle::KnowledgeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knowledge(BTreeMap<Limit, Learnt>);

impl Knowledge {
    /// What was learnt of `limit`.
    #[must_use]
    pub fn of(&self, limit: &Limit) -> Option<Learnt> {
        self.0.get(limit).copied()
    }

    /// Every limit, and what was learnt of it.
    pub fn iter(&self) -> impl Iterator<Item = (&Limit, Learnt)> {
        self.0.iter().map(|(limit, learnt)| (limit, *learnt))
    }
}

impl FromIterator<(Limit, Learnt)> for Knowledge {
    fn from_iter<I: IntoIterator<Item = (Limit, Learnt)>>(limits: I) -> Self {
        Self(limits.into_iter().collect())
    }
}

impl fmt::Display for Knowledge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        for (limit, learnt) in self.iter() {
            for part in limit.parts() {
                write!(f, "{}\t", Escaped(part))?;
            }
            let burst = learnt.burst().unwrap_or_default();
            writeln!(f, "{}\t{burst}\t{}", learnt.rate().as_micros_per_second(), learnt.lump())?;
        }
        Ok(())
    }
}

impl FromStr for Knowledge {
    type Err = KnowledgeError;

    /// Reads what [`Display`](fmt::Display) wrote.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError`] with the line that is not as it should be.
    fn from_str(text: &str) -> Result<Self, KnowledgeError> {
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
        match lines.next() {
            None => return Ok(Self::default()),
            Some((_, HEADER)) => {}
            Some((line, _)) => {
                return Err(KnowledgeError { line, problem: "not the header of this version" });
            }
        }
        lines.filter(|(_, text)| !text.is_empty()).map(|(line, text)| entry(line, text)).collect()
    }
}

fn entry(line: usize, text: &str) -> Result<(Limit, Learnt), KnowledgeError> {
    let wrong = |problem| KnowledgeError { line, problem };
    let fields: Vec<_> = text.split('\t').collect();
    let &[account, region, service, name, resource, rate, burst, lump] = fields.as_slice() else {
        return Err(wrong("not eight fields with tabs between them"));
    };
    let escape = wrong("a % that is not followed by 25, 09, 0A or 0D");
    let part = |field| unescape(field).ok_or(escape);
    let number =
        |field: &str| field.parse::<u64>().map_err(|_| wrong("the last three fields are not numbers"));
    let limit = Limit::new(part(service)?, part(name)?)
        .with_account(part(account)?)
        .with_region(part(region)?)
        .with_resource(part(resource)?);
    let (rate, burst, lump) = (number(rate)?, number(burst)?, number(lump)?);
    if rate == 0 {
        return Err(wrong("a rate of 0"));
    }
    let learnt = Learnt::new(Rate::micros_per_second(rate)).with_lump(lump);
    Ok((limit, if burst == 0 { learnt } else { learnt.with_burst(burst) }))
}

const ESCAPES: [(char, &str); 4] = [('%', "%25"), ('\t', "%09"), ('\n', "%0A"), ('\r', "%0D")];

/// A part of a limit's name, without what ends fields and lines.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match ESCAPES.iter().find(|(plain, _)| *plain == char) {
            Some((_, escaped)) => f.write_str(escaped),
            None => write!(f, "{char}"),
        })
    }
}

fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (char, escaped) = ESCAPES.iter().find(|(_, escaped)| part.starts_with(&escaped[1..]))?;
        plain.push(*char);
        plain.push_str(&part[escaped.len() - 1..]);
    }
    Some(plain)
}

/// A text that is no [`Knowledge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnowledgeError {
    line: usize,
    problem: &'static str,
}

impl fmt::Display for KnowledgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of what was learnt of limits: {}", self.line, self.problem)
    }
}

impl Error for KnowledgeError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_read_as_it_was_written(
            parts in prop::collection::vec(".*|[%\t\r\na0-9]{0,9}", 5),
            rate in 1..u64::MAX,
            burst in 1..1_u64 << 40,
            lump in 0..100_u64,
        ) {
            let [account, region, service, name, resource] = parts.as_slice() else { unreachable!("five parts") };
            let limit = Limit::new(service.as_str(), name.as_str())
                .with_account(account.as_str())
                .with_region(region.as_str())
                .with_resource(resource.as_str());
            let learnt = Learnt::new(Rate::micros_per_second(rate)).with_burst(burst).with_lump(lump);
            let knowledge = Knowledge::from_iter([(limit, learnt)]);
            prop_assert_eq!(knowledge.to_string().parse(), Ok(knowledge));
        }

        #[test]
        fn no_text_makes_it_panic(text in "(.|\n|\t)*") {
            let _ = format!("{HEADER}\n{text}").parse::<Knowledge>();
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let problem =
            |lines: &str| format!("{HEADER}\n{lines}").parse::<Knowledge>().unwrap_err().to_string();
        for (lines, expected) in [
            ("a\tb", "line 2 of what was learnt of limits: not eight fields with tabs between them"),
            (
                "\n\t\ts\tn\t\tx\t0\t0",
                "line 3 of what was learnt of limits: the last three fields are not numbers",
            ),
            ("\t\ts\tn\t\t0\t0\t0", "line 2 of what was learnt of limits: a rate of 0"),
            (
                "\t\ts%2\tn\t\t1\t0\t0",
                "line 2 of what was learnt of limits: a % that is not followed by 25, 09, 0A or 0D",
            ),
        ] {
            assert_eq!(problem(lines), expected);
        }
        let other = "another file\n".parse::<Knowledge>().unwrap_err().to_string();
        assert_eq!(other, "line 1 of what was learnt of limits: not the header of this version");
        assert_eq!("".parse(), Ok(Knowledge::default()));
    }
}
