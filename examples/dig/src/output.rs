//! What is printed.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::Path,
};

use minijinja::{AutoEscape, Environment};
use tidegate_discovery::{Diff, Graph, OutcomeKind, Report};

use crate::{
    args::{Args, Format},
    problem::Problem,
    since,
};

/// As many nodes as a Mermaid diagram can be read with.
const DRAWN: usize = 200;

/// A template that was read and parsed before anything was asked.
pub(crate) struct Template(Environment<'static>);

impl Template {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in one line.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let name = path.display();
        let text = fs::read_to_string(path)
            .map_err(|error| Problem::Input(format!("cannot read the template {name}: {error}")))?;
        let mut environment = Environment::new();
        let is_html = path.extension().is_some_and(|end| end == "html" || end == "htm" || end == "xml");
        environment
            .set_auto_escape_callback(move |_| if is_html { AutoEscape::Html } else { AutoEscape::None });
        environment.add_template_owned("template", text).map_err(|error| {
            Problem::Input(format!("the template {name} cannot be read: {}", line(&error)))
        })?;
        Ok(Self(environment))
    }

    fn render(&self, graph: &Graph) -> Result<String, Problem> {
        let mut json = Vec::new();
        let failed = |error: &dyn std::error::Error| Problem::Failed(format!("the template failed: {error}"));
        graph.to_json(&mut json).map_err(|error| failed(&error))?;
        let document: minijinja::Value = serde_json::from_slice(&json).map_err(|error| failed(&error))?;
        let template = self.0.get_template("template").map_err(|error| failed(&error))?;
        template
            .render(document)
            .map_err(|error| Problem::Failed(format!("the template failed: {}", line(&error))))
    }
}

fn line(error: &minijinja::Error) -> String {
    error.to_string().replace('\n', " ")
}

/// Prints the graph.
///
/// # Errors
///
/// Why it could not be printed.
pub(crate) fn print(graph: &Graph, args: &Args, template: Option<&Template>) -> Result<(), Problem> {
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = match (template, args.format) {
        (Some(template), _) => out.write_all(template.render(graph)?.as_bytes()),
        (None, Format::Tree) => graph.to_tree(&mut out),
        (None, Format::Json) => graph.to_json(&mut out).and_then(|()| writeln!(out)),
        (None, Format::Dot) => graph.to_dot(&mut out),
        (None, Format::Mermaid) => graph.to_mermaid(&mut out, DRAWN),
        (None, Format::Graphml) => graph.to_graphml(&mut out),
        (None, Format::Cypher) => graph.to_cypher(&mut out),
        (None, Format::Html) => graph.to_html(&mut out, &title(args)),
    };
    told(printed.and_then(|()| out.flush()))
}

/// Prints what changed.
///
/// # Errors
///
/// Why it could not be printed.
pub(crate) fn changes(diff: &Diff, args: &Args) -> Result<(), Problem> {
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = match args.format {
        Format::Json => {
            serde_json::to_writer(&mut out, diff).map_err(Into::into).and_then(|()| writeln!(out))
        }
        _ => since::print(diff, &mut out),
    };
    told(printed.and_then(|()| out.flush()))
}

/// A reader that has gone away is no failure.
fn told(printed: io::Result<()>) -> Result<(), Problem> {
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Problem::Failed(format!("the result could not be printed: {error}")))
        }
        _ => Ok(()),
    }
}

fn title(args: &Args) -> String {
    if args.all { "Everything".to_owned() } else { args.terms().join(", ") }
}

/// What could not be seen, in one line: how many of what, by API.
pub(crate) fn unseen(report: &Report) -> Option<String> {
    if report.is_complete() {
        return None;
    }
    let mut parts = Vec::new();
    for outcome in
        [OutcomeKind::Denied, OutcomeKind::Unsupported, OutcomeKind::Failed, OutcomeKind::Cancelled]
    {
        let mut by_api = std::collections::BTreeMap::<&str, u64>::new();
        for problem in report.problems.iter().filter(|problem| problem.outcome == outcome) {
            *by_api.entry(&problem.api).or_default() += problem.count;
        }
        if !by_api.is_empty() {
            let apis: Vec<String> = by_api.iter().map(|(api, count)| format!("{api} {count}")).collect();
            parts.push(format!("{} {outcome} ({})", by_api.values().sum::<u64>(), apis.join(", ")));
        } else if let Some(count) = report.outcomes.get(&outcome).filter(|count| **count > 0) {
            parts.push(format!("{count} {outcome}"));
        }
    }
    if report.left_out > 0 {
        parts.push(format!("{} left out, as there are too many", report.left_out));
    }
    if report.abandoned {
        parts.push("given up, as a mirror panicked".to_owned());
    }
    Some(format!("incomplete: {}", parts.join(", ")))
}
