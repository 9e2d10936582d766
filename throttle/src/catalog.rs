//! [`Catalog`]: which limits a call draws from, and what AWS documents of them.

mod parse;
mod row;

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use self::row::{Fit, Width};
pub use self::{
    parse::ParseError,
    row::{Per, Row},
};
use crate::{Call, Limit, QuotaCode, limiter::Hint};

/// Which limits a call draws from, and what AWS documents of them.
///
/// Rows say that operations draw from a bucket: their own, or one that they share. What fits a call best counts:
/// of the rows of one bucket, one that names the operation before one that names how it begins, and that before
/// one for all operations; of two that fit alike, the one that was added last. Where a row is for a class of
/// resource and the call names such a resource, rows without a class do not count.
///
/// ```
/// use tidegate_throttle::{Call, catalog::Catalog};
///
/// let run = Call::new("ec2", "RunInstances").region("eu-west-1");
/// let limits: Vec<_> = Catalog::aws().draws(&run).iter().map(|it| it.limit.to_string()).collect();
/// assert_eq!(limits, ["eu-west-1 ec2 RunInstances", "eu-west-1 ec2 run-instances-resources"]);
///
/// // Support has raised the one, and GetWidget and ListWidgets of a service of ours share another.
/// let ours = Catalog::parse(
///     "# service per   class cost refill burst quota bucket operations
///      ec2     region  -     one  20     50    -     -      RunInstances
///      widgets account -     one  0.5    -     -     reads  GetWidget ListWidgets",
/// )?;
/// let catalog = Catalog::aws().with(ours);
/// let hint = catalog.draws(&run)[0].hint.unwrap();
/// assert_eq!((hint.rate.to_string().as_str(), hint.burst), ("20.000/s", 50));
/// assert_eq!(catalog.draws(&Call::new("widgets", "GetWidget"))[0].limit.name(), "reads");
/// # Ok::<(), tidegate_throttle::catalog::ParseError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    rows: Arc<[Row]>,
}

/// One limit that a call draws from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Draw {
    /// The limit.
    pub limit: Limit,
    /// How many of its tokens a call takes.
    pub cost: Cost,
    /// What is documented of its size.
    pub hint: Option<Hint>,
    /// The code by which Service Quotas knows it.
    pub quota: Option<QuotaCode>,
}

/// How many tokens of a limit a call takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cost {
    /// One, whatever the call is about: AWS counts requests.
    One,
    /// What the [`Call`] costs: AWS counts what the request is about.
    OfCall,
}

/// The text that [`Catalog::aws`] reads.
const AWS: &str = include_str!("../data/aws-limits.txt");

impl Draw {
    /// The limit of one operation, as nothing more is known of it.
    pub(crate) fn of(call: &Call) -> Self {
        Self { limit: Limit::of(call), cost: Cost::OfCall, hint: None, quota: None }
    }
}

impl Catalog {
    /// A catalog that knows nothing: each account, region, service, operation and resource has a limit.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// What AWS documents, in some three hundred rows for two dozen services: each says where it is from, and
    /// when it was compared with that page.
    ///
    /// An account's limits may be higher, by region or on request: the numbers say where to be careful, and no
    /// more. Services that publish no numbers (CloudFormation, IAM, Elastic Load Balancing) have no rows.
    #[must_use]
    pub fn aws() -> Self {
        // The tests parse it.
        static PARSED: LazyLock<Catalog> = LazyLock::new(|| Catalog::parse(AWS).unwrap_or_default());
        PARSED.clone()
    }

    /// Reads rows in the form of the crate's [`data/aws-limits.txt`][form], which begins by saying what its
    /// columns are.
    ///
    /// [form]: https://docs.rs/crate/tidegate-throttle/latest/source/data/aws-limits.txt
    ///
    /// # Errors
    ///
    /// [`ParseError`] for the first line that is no row, or says again what a line above it says.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::rows(text).map(|rows| Self { rows: rows.into() })
    }

    /// Adds the rows of `other`, which count before the ones that were there.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { rows: [self.rows, other.rows].concat().into() }
    }

    /// The rows, in the order in which they were added.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The limits that `call` draws from: the narrowest first, at least one.
    ///
    /// First is the limit of the operation alone, then those that it shares with some operations, last those that
    /// all operations of the service share. Where no row but one of the last kind is about the operation, it
    /// draws from [`Limit::of`] it as well. A limit per resource, for a call that names none, is a limit without
    /// a resource and without a [`Hint`]: how many resources the call is about is not known.
    #[must_use]
    pub fn draws(&self, call: &Call) -> Vec<Draw> {
        let fits = self.rows.iter().filter_map(|row| Some((row, row.fit(call)?)));
        let classed = fits.clone().any(|(_, fit)| fit.by_class);
        let mut best: Vec<(&Row, Fit)> = Vec::new();
        for (row, fit) in fits {
            if classed && !fit.by_class && fit.width != Width::Service {
                continue;
            }
            match best.iter_mut().find(|(other, _)| other.bucket() == row.bucket()) {
                Some(known) if known.1.precision <= fit.precision => *known = (row, fit),
                Some(_) => {}
                None => best.push((row, fit)),
            }
        }
        best.sort_by_key(|(_, fit)| fit.width);
        let mut draws: Vec<Draw> = Vec::with_capacity(best.len() + 1);
        if best.first().is_none_or(|(_, fit)| fit.width == Width::Service) {
            draws.push(Draw::of(call));
        }
        for (row, _) in best {
            let draw = row.draw(call);
            if draws.iter().all(|other| other.limit != draw.limit) {
                draws.push(draw);
            }
        }
        draws
    }
}

/// The rows, as [`Catalog::parse`] reads them.
impl fmt::Display for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut source = ("", "");
        for row in self.rows() {
            if source != (row.source(), row.checked()) {
                source = (row.source(), row.checked());
                match source {
                    ("", _) => writeln!(f, "source -")?,
                    (url, day) => writeln!(f, "source {url} {day}")?,
                }
            }
            writeln!(f, "{row}")?;
        }
        Ok(())
    }
}
