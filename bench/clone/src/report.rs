//! The table.

use crate::{
    case::{Bar, Case},
    contest::Pair,
    measured::Measured,
};

pub(crate) fn header() {
    println!(
        "| case | tool | seconds | objects/s | share of the write limit used | calls throttled | objects missing \
         | MB | CPU s of tool, server | bar |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
}

/// Prints the rows of a case; gives whether the bar was met.
pub(crate) fn rows(case: &Case, pair: &Pair) -> bool {
    let (wanted, met) = judge(case, pair);
    let verdict = if met { "met" } else { "MISSED" };
    row(&case.name, "tidegate clone", &pair.clone, &format!("{wanted}: {verdict}"));
    if let Some(s5cmd) = &pair.s5cmd {
        row(&case.name, if case.conditions.data.is_equal() { "s5cmd sync" } else { "s5cmd cp" }, s5cmd, "");
    }
    met
}

/// The bar in words, and whether it was met.
fn judge(case: &Case, Pair { clone, s5cmd }: &Pair) -> (String, bool) {
    let holds = |megabytes: u64| clone.megabytes.is_some_and(|held| held <= megabytes);
    let is_faster = |times: f64| s5cmd.as_ref().is_some_and(|s5cmd| clone.seconds * times <= s5cmd.seconds);
    let (wanted, met) = match case.bar {
        Bar::NoSlower => ("no slower".to_owned(), is_faster(1.0)),
        Bar::Faster(times) => (format!("{times} times as fast"), is_faster(times)),
        Bar::Limit { used, throttled } => (
            format!("≥ {used} %, ≤ {throttled} % throttled"),
            clone.used >= used && clone.throttled_share() <= throttled,
        ),
        Bar::Unchanged { faster, megabytes } => {
            (format!("{faster} times as fast, ≤ {megabytes} MB"), is_faster(faster) && holds(megabytes))
        }
        Bar::Memory { megabytes } => (format!("≤ {megabytes} MB"), holds(megabytes)),
        Bar::Outage { times, megabytes, cpu } => {
            #[expect(clippy::cast_precision_loss, reason = "a rate")]
            let objects = clone.objects as f64;
            let least = objects / f64::from(case.conditions.writes);
            let each = clone.tool_cpu.map_or(f64::MAX, |seconds| seconds * 1_000.0 / objects);
            (
                format!("≤ {times} of {least:.0} s, ≤ {megabytes} MB, ≤ {cpu} ms of CPU a copy ({each:.2})"),
                clone.seconds <= least * times && holds(megabytes) && each <= cpu,
            )
        }
        Bar::Exact => ("nothing lost, report exact".to_owned(), true),
    };
    (wanted, met && clone.missing == 0 && clone.exact == Some(true))
}

fn row(case: &str, tool: &str, measured: &Measured, bar: &str) {
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = measured.objects.saturating_sub(measured.missing) as f64 / measured.seconds;
    let cpu =
        |seconds: Option<f64>| seconds.map_or_else(|| "?".to_owned(), |seconds| format!("{seconds:.2}"));
    let megabytes = measured.megabytes.map_or_else(|| "?".to_owned(), |megabytes| megabytes.to_string());
    println!(
        "| {case} | {tool} | {:.2} | {rate:.0} | {:.1} % | {:.1} % | {} | {megabytes} | {}, {} | {bar} |",
        measured.seconds,
        measured.used,
        measured.throttled_share(),
        measured.missing,
        cpu(measured.tool_cpu),
        cpu(measured.server_cpu),
    );
}
