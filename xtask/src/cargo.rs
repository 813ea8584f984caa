//! Running cargo and other programs of the build.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context, bail};

/// The repository, whatever directory the command was given in.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask/ lies in the repository")
}

/// Cargo in the repository with as many jobs as the memory bears.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // Set for this process by `cargo run`; would be wrong for what it starts.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") {
            command.env_remove(name);
        }
    }
    command.env_remove("CARGO_MANIFEST_DIR");
    if std::env::var_os("CARGO_BUILD_JOBS").is_none() {
        command.env("CARGO_BUILD_JOBS", jobs().to_string());
    }
    command
}

/// One job per processor, but 1.5 GiB of memory for each: optimised
/// dependencies and the generated interface need it.
fn jobs() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let kib = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| parse_available(&text));
    match kib {
        Some(kib) => processors.min(kib / (1536 * 1024)).max(1),
        None => processors,
    }
}

fn parse_available(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find(|l| l.starts_with("MemAvailable:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Builds every program as the tests build them, so that nothing is compiled
/// in two flavours.
pub fn build_programs() -> anyhow::Result<()> {
    run(cargo()
        .args(["build", "--workspace", "--exclude", "xtask", "--bins"])
        .args(["--features", "headless"]))
}

/// The directory of binaries built without `--release`.
pub fn binaries() -> anyhow::Result<PathBuf> {
    Ok(target()?.join("debug"))
}

/// Where cargo builds.
pub fn target() -> anyhow::Result<PathBuf> {
    let output = cargo()
        .args(["metadata", "--format-version=1", "--no-deps"])
        .output()
        .context("cargo metadata")?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let target = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target directory")?;
    Ok(target.into())
}

/// Runs `command` to its end; anything but success is an error.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

pub fn status(command: &mut Command) -> anyhow::Result<ExitStatus> {
    command.status().with_context(|| shown(command))
}

/// The command as a person would type it.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    for word in command.get_args() {
        text.push(' ');
        text.push_str(&word.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn memory_is_read_from_meminfo() {
        let text = "MemTotal:  8000000 kB\nMemAvailable:   3145728 kB\n";
        assert_eq!(super::parse_available(text), Some(3_145_728));
        assert_eq!(super::parse_available("MemTotal: 1 kB\n"), None);
    }
}
