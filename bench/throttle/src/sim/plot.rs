//! The plot of a case: what was accepted and what was throttled, over time.

use std::fmt::Write as _;

use tidegate_throttle_simulator::Second;

use super::{CONTROLS, Contest, scale::Scale};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 430.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 590.0;
/// From its top to its bottom.
const ACCEPTED: [f64; 2] = [46.0, 256.0];
const THROTTLED: [f64; 2] = [296.0, 386.0];

/// Points of a line, at most.
const POINTS: usize = 180;

/// Legible on light and dark.
const STYLE: &str = "svg{color:#1f2328;font:12px system-ui,sans-serif}\
    .back{fill:#fff}text{fill:currentColor}.title{font-size:14px;font-weight:600}\
    .grid{stroke:currentColor;stroke-opacity:.15}.limit{stroke:currentColor;stroke-dasharray:5 4}\
    polyline{fill:none;stroke-width:1.5;stroke-linejoin:round}.first{stroke-width:2.5}\
    @media(prefers-color-scheme:dark){svg{color:#e6edf3}.back{fill:#0d1117}}";

/// An SVG of the first seed: lines of what each control got, and of how much of it was throttled.
pub(super) fn svg(contest: &Contest) -> String {
    let case = &contest.case;
    let limit: Vec<_> = (0..case.seconds).map(|second| tokens(case.refill_at(second))).collect();
    let most = limit.iter().copied().fold(0.0, f64::max);
    let time = Scale::new(count(limit.len()), LEFT..=RIGHT);
    let rate = Scale::new(most * 1.5, ACCEPTED[1]..=ACCEPTED[0]);
    let share = Scale::new(100.0, THROTTLED[1]..=THROTTLED[0]);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{name}\">\n<style>{STYLE}</style>\n\
         <rect class=\"back\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n\
         <clipPath id=\"panel\"><rect x=\"{LEFT}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/></clipPath>\n\
         <text class=\"title\" x=\"{LEFT}\" y=\"18\">{name}</text>\n",
        name = case.name,
        top = ACCEPTED[0],
        width = RIGHT - LEFT,
        height = ACCEPTED[1] - ACCEPTED[0],
    );
    panel(&mut svg, &time, &rate, ACCEPTED, "accepted, tokens a second");
    panel(&mut svg, &time, &share, THROTTLED, "throttled, % of attempts");
    text(&mut svg, [f64::midpoint(LEFT, RIGHT), HEIGHT - 8.0], "middle", "seconds");
    // What would be above the panel is cut off.
    let clip = "clip-path=\"url(#panel)\"";
    // The first comes last of the controls, on top.
    for (at, control) in CONTROLS.iter().enumerate().rev() {
        let class = if at == 0 { "first" } else { "other" };
        let style = format!("class=\"{class}\" stroke=\"{}\"", control.colour);
        let seconds = &contest.records[at][0].seconds()[..limit.len()];
        let cost = f64::from(case.cost);
        line(&mut svg, &format!("{style} {clip}"), &time, &rate, seconds, |bin| {
            sum(bin, |second| second.accepted) * cost / count(bin.len())
        });
        line(&mut svg, &style, &time, &share, seconds, |bin| {
            let throttled = sum(bin, |second| second.throttled);
            100.0 * throttled / (throttled + sum(bin, |second| second.accepted)).max(1.0)
        });
        key(&mut svg, at + 1, &style, control.name);
    }
    line(&mut svg, "class=\"limit\"", &time, &rate, &limit, |limit| {
        limit.iter().sum::<f64>() / count(limit.len())
    });
    key(&mut svg, 0, "class=\"limit\"", "limit");
    svg.push_str("</svg>\n");
    svg
}

/// The grid and the axes of a panel, without its lines.
fn panel(svg: &mut String, time: &Scale, scale: &Scale, [top, bottom]: [f64; 2], title: &str) {
    text(svg, [LEFT, top - 8.0], "start", title);
    for value in scale.steps(4) {
        let y = scale.at(value);
        put(svg, format_args!("<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>\n"));
        text(svg, [LEFT - 6.0, y + 4.0], "end", &label(value));
    }
    for value in time.steps(8) {
        let x = time.at(value);
        put(svg, format_args!("<path class=\"grid\" d=\"M{x:.1} {top}V{bottom}\"/>\n"));
        text(svg, [x, bottom + 16.0], "middle", &label(value));
    }
}

/// A line through what `value` makes of each bin of seconds, drawn in the middle of the bin.
fn line<T>(
    svg: &mut String,
    style: &str,
    time: &Scale,
    scale: &Scale,
    all: &[T],
    value: impl Fn(&[T]) -> f64,
) {
    let width = all.len().div_ceil(POINTS).max(1);
    put(svg, format_args!("<polyline {style} points=\""));
    for (at, bin) in all.chunks(width).enumerate() {
        let middle = count(at * width) + count(bin.len()) / 2.0;
        put(svg, format_args!("{:.1},{:.1} ", time.at(middle), scale.at(value(bin))));
    }
    svg.push_str("\"/>\n");
}

/// A line of the legend.
fn key(svg: &mut String, at: usize, style: &str, name: &str) {
    let y = ACCEPTED[0] + 8.0 + 20.0 * count(at);
    put(svg, format_args!("<polyline {style} points=\"{},{y} {},{y}\"/>\n", RIGHT + 16.0, RIGHT + 40.0));
    text(svg, [RIGHT + 46.0, y + 4.0], "start", name);
}

fn text(svg: &mut String, [x, y]: [f64; 2], anchor: &str, text: &str) {
    put(svg, format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n"));
}

fn put(svg: &mut String, text: std::fmt::Arguments<'_>) {
    // A string takes whatever is written to it.
    let _ = svg.write_fmt(text);
}

/// Without the noise of a float: `0.3`, not `0.30000000000000004`.
fn label(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn sum(bin: &[Second], what: fn(&Second) -> u32) -> f64 {
    bin.iter().map(|second| f64::from(what(second))).sum()
}

#[allow(clippy::cast_precision_loss, reason = "a place on a plot")]
fn tokens(thousandths: u64) -> f64 {
    thousandths as f64 / 1_000.0
}

#[allow(clippy::cast_precision_loss, reason = "a place on a plot")]
fn count(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short() {
        assert_eq!([0.0, 20.0, 0.1 + 0.2, 5_250.0].map(label), ["0", "20", "0.3", "5250"]);
    }

    #[test]
    fn a_line_has_a_point_per_bin_in_its_middle() {
        let (time, scale) = (Scale::new(4.0, 0.0..=40.0), Scale::new(10.0, 100.0..=0.0));
        let mut svg = String::new();
        line(&mut svg, "style", &time, &scale, &[1.0, 2.0, 3.0, 4.0], |bin: &[f64]| bin[0]);
        assert!(svg.contains("points=\"5.0,90.0 15.0,80.0 25.0,70.0 35.0,60.0 \""), "{svg}");
        svg.clear();
        line(&mut svg, "style", &time, &scale, &[0; 2 * POINTS], |bin| count(bin.len()));
        assert_eq!(svg.matches(",80.0 ").count(), POINTS);
    }
}
