//! `--sim`: every control on every case of the simulator, as a table and a plot per case.

mod contest;
mod plot;
mod scale;
mod table;

use std::{fs, path::PathBuf};

use tidegate_throttle_simulator::cases;

use self::contest::{CONTROLS, Contest};
use crate::Error;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Simulate instead: this limiter, the SDK's retry modes, a breaker and concurrency limits, on all cases.
    #[arg(long, conflicts_with_all = ["modes", "json"])]
    pub(crate) sim: bool,
    /// Where the plots go, one SVG per case.
    #[arg(long, value_name = "DIR", requires = "sim", default_value = "bench/throttle/out")]
    out: PathBuf,
    /// The first of three seeds; the plots are of that one.
    #[arg(long, value_name = "N", requires = "sim", default_value_t = 1)]
    seed: u64,
}

/// The cases, as they stand in the table.
pub(crate) fn names() -> Vec<&'static str> {
    cases().iter().map(|case| case.name).collect()
}

/// Prints the table and writes the plots, of one case if it is named.
pub(crate) fn run(args: &Args, only: Option<&str>) -> Result<(), Error> {
    fs::create_dir_all(&args.out).map_err(|error| format!("cannot make {}: {error}", args.out.display()))?;
    print!("{}", table::header());
    for case in cases() {
        if only.is_some_and(|name| name != case.name) {
            continue;
        }
        let contest = Contest::run(case, args.seed);
        print!("{}", table::row(&contest));
        let path = args.out.join(format!("{}.svg", file_name(contest.case.name)));
        fs::write(&path, plot::svg(&contest))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// The name of a case in letters, digits and dashes.
fn file_name(name: &str) -> String {
    let words = name.split(|character: char| !character.is_ascii_alphanumeric() && character != '.');
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use tidegate_throttle_simulator::Case;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
        let print = |seed| {
            let case = Case { name: "short", seconds: 30, warm_up: 5, processes: 2, ..Case::default() };
            let contest = Contest::run(case, seed);
            (table::row(&contest), plot::svg(&contest))
        };
        assert_eq!(print(1), print(1));
        let (one, other) = (print(1), print(9));
        assert!(one.0 != other.0 && one.1 != other.1);
    }

    #[test]
    fn plots_have_names_of_their_own() {
        let mut names: Vec<_> = cases().iter().map(|case| file_name(case.name)).collect();
        assert!(names.iter().all(|name| !name.contains(['/', ' ', ','])), "{names:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), cases().len());
    }
}
