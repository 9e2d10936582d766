//! What changed since an earlier dig.

use std::{fs::File, io::BufReader, io::Write, path::Path};

use tidegate_discovery::{Diff, Graph};

use crate::problem::Problem;

/// Reads what an earlier dig printed with `--format json`.
///
/// # Errors
///
/// What is wrong with the file, in one line.
pub(crate) fn read(path: &Path) -> Result<Graph, Problem> {
    let name = path.display();
    let file = File::open(path).map_err(|error| Problem::Input(format!("cannot read {name}: {error}")))?;
    Graph::from_json(BufReader::new(file))
        .map_err(|error| Problem::Input(format!("{name} is not what `dig --format json` prints: {error}")))
}

/// Prints what changed, a line each: `+` is new, `-` is gone, `~` is not the same, `?` was not looked at this time.
pub(crate) fn print(diff: &Diff, mut out: impl Write) -> std::io::Result<()> {
    diff.added.iter().try_for_each(|name| writeln!(out, "+ {name}"))?;
    diff.removed.iter().try_for_each(|name| writeln!(out, "- {name}"))?;
    for change in &diff.changed {
        writeln!(out, "~ {}", change.name)?;
        for field in &change.fields {
            writeln!(out, "    {}: {} -> {}", field.field, field.old, field.new)?;
        }
    }
    diff.unknown.iter().try_for_each(|name| writeln!(out, "? {name}"))
}
