//! The table.

use crate::{
    case::{Bar, Case},
    contest::Pair,
    measured::Measured,
    story::OBJECTS,
};

pub(crate) fn header() {
    println!(
        "| case | tool | seconds | objects/s | share of the write limit used | calls throttled | objects missing \
         | CPU s of tool, server | bar |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
}

/// Prints the rows of a case; gives whether the bar was met.
pub(crate) fn rows(case: &Case, pair: &Pair) -> bool {
    let (wanted, met) = judge(case.bar, pair);
    let verdict = if met { "met" } else { "MISSED" };
    row(&case.name, "tidegate clone", &pair.clone, &format!("{wanted}: {verdict}"));
    row(&case.name, "s5cmd cp", &pair.s5cmd, "");
    met
}

/// The bar in words, and whether it was met.
fn judge(bar: Bar, Pair { clone, s5cmd }: &Pair) -> (String, bool) {
    let (wanted, met) = match bar {
        Bar::NoSlower => ("no slower".to_owned(), clone.seconds <= s5cmd.seconds),
        Bar::Limit { used, throttled } => (
            format!("≥ {used} %, ≤ {throttled} % throttled"),
            clone.used >= used && clone.throttled_share() <= throttled,
        ),
        Bar::Exact => ("nothing lost, report exact".to_owned(), true),
    };
    (wanted, met && clone.missing == 0 && clone.exact == Some(true))
}

fn row(case: &str, tool: &str, measured: &Measured, bar: &str) {
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = (OBJECTS.saturating_sub(measured.missing)) as f64 / measured.seconds;
    let cpu =
        |seconds: Option<f64>| seconds.map_or_else(|| "?".to_owned(), |seconds| format!("{seconds:.2}"));
    println!(
        "| {case} | {tool} | {:.2} | {rate:.0} | {:.1} % | {:.1} % | {} | {}, {} | {bar} |",
        measured.seconds,
        measured.used,
        measured.throttled_share(),
        measured.missing,
        cpu(measured.tool_cpu),
        cpu(measured.server_cpu),
    );
}
