//! [`Measured`]: one clone, as the server counted it.

use serde_json::Value;

use crate::server::Conditions;

/// One clone, as the server counted it.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// From the start of the tool's process to its end.
    pub(crate) seconds: f64,
    pub(crate) accepted: u64,
    pub(crate) throttled: u64,
    /// Writes accepted, of those that the limit allowed between the first and the last; in percent.
    pub(crate) used: f64,
    pub(crate) missing: u64,
    /// Whether the tool's own report is what the server holds; nothing if it has none.
    pub(crate) exact: Option<bool>,
    pub(crate) objects: u64,
    /// The most memory that the tool's process held.
    pub(crate) megabytes: Option<u64>,
    pub(crate) tool_cpu: Option<f64>,
    pub(crate) server_cpu: Option<f64>,
}

impl Measured {
    pub(crate) fn new(
        conditions: Conditions,
        (seconds, tool_cpu, megabytes): (f64, Option<f64>, Option<u64>),
        counted: &Value,
        report: Option<&Value>,
    ) -> Self {
        let count = |value: &Value, name: &str| value[name].as_u64().unwrap_or_default();
        let (accepted, arrived) = (count(counted, "accepted"), count(counted, "arrived"));
        let writing = counted["writing_seconds"].as_f64().unwrap_or_default();
        let objects = conditions.data.objects();
        let missing = objects - arrived;
        Self {
            seconds,
            accepted,
            throttled: count(counted, "throttled"),
            used: percent(accepted, f64::from(conditions.writes) * (1.0 + writing)),
            missing,
            exact: report.map(|report| {
                (count(report, "listed"), count(report, "copied"), count(report, "not_copied"))
                    == (objects, arrived, missing)
            }),
            objects,
            megabytes,
            tool_cpu,
            server_cpu: counted["cpu_seconds"].as_f64(),
        }
    }

    /// The run of median time, with all that was lost or misreported in any of them.
    pub(crate) fn median(mut runs: Vec<Self>) -> Option<Self> {
        runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let missing = runs.iter().map(|run| run.missing).sum();
        let exact = runs.iter().map(|run| run.exact).reduce(|all, run| Some(all? && run?))?;
        runs.get((runs.len() - 1) / 2).map(|run| Self { missing, exact, ..run.clone() })
    }

    /// The share of all writes that were throttled, in percent.
    #[expect(clippy::cast_precision_loss, reason = "a percentage")]
    pub(crate) fn throttled_share(&self) -> f64 {
        percent(self.throttled, (self.accepted + self.throttled).max(1) as f64)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a percentage")]
fn percent(part: u64, whole: f64) -> f64 {
    part as f64 * 100.0 / whole
}
