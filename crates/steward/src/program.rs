//! Runs a program as a vector of arguments, never by a shell, in a group of its own that
//! ends with the request.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use crate::protocol::{Reason, Refusal};

/// Bytes of a line; the rest of a longer one is left out.
const LONGEST_LINE: usize = 4096;

/// Runs to the end and gives each line of standard output to `each`.
///
/// Dropped before its end (a deadline passed) it kills the program and what that started.
///
/// # Errors
/// [`Reason::ProgramFailed`] with the program's last words.
pub async fn run<A: AsRef<OsStr>>(
    program: &Path,
    arguments: impl IntoIterator<Item = A>,
    mut each: impl FnMut(&str),
) -> Result<(), Refusal> {
    let failed = |detail: String| Refusal::new(Reason::ProgramFailed, detail);
    let name = program.file_name().unwrap_or(program.as_os_str());
    let name = name.to_string_lossy();
    let arguments: Vec<OsString> = arguments
        .into_iter()
        .map(|argument| argument.as_ref().to_owned())
        .collect();
    let mut child = Command::new(program)
        .args(&arguments)
        // Nothing of ours decides what a program does; its words are read by machine.
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(format!("{name}: {error}")))?;
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));

    let mut last = String::new();
    let mut last_error = String::new();
    let said = child.stdout.take();
    let complained = child.stderr.take();
    let (said, complained) = tokio::join!(
        each_line(said, |line| {
            keep(&mut last, line);
            each(line);
        }),
        each_line(complained, |line| keep(&mut last_error, line)),
    );
    let status = match (said.and(complained), child.wait().await) {
        (Ok(()), Ok(status)) => status,
        (Err(error), _) | (_, Err(error)) => return Err(failed(format!("{name}: {error}"))),
    };
    group.0 = None;
    if status.success() {
        return Ok(());
    }
    let words = if last_error.is_empty() {
        last
    } else {
        last_error
    };
    Err(failed(format!("{name}: {status}: {words}")))
}

/// All of standard output, but for the lines that would make it longer than `longest` bytes.
///
/// # Errors
/// Those of [`run`].
pub async fn output<A: AsRef<OsStr>>(
    program: &Path,
    arguments: impl IntoIterator<Item = A>,
    longest: usize,
) -> Result<String, Refusal> {
    let mut said = String::new();
    run(program, arguments, |line| {
        if said.len() + line.len() < longest {
            said += line;
            said.push('\n');
        }
    })
    .await?;
    Ok(said)
}

/// The last line that says something; of rauc the one that names the cause.
fn keep(last: &mut String, line: &str) {
    if !line.trim().is_empty() && !last.starts_with("LastError:") {
        last.clear();
        last.push_str(line.trim());
    }
}

struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn each_line(
    stream: Option<impl AsyncRead + Unpin>,
    mut each: impl FnMut(&str),
) -> std::io::Result<()> {
    let Some(stream) = stream else { return Ok(()) };
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        let bytes = reader.fill_buf().await?;
        if bytes.is_empty() {
            break;
        }
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = LONGEST_LINE.saturating_sub(line.len()).min(part.len());
        line.extend_from_slice(&part[..room]);
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            each(&String::from_utf8_lossy(&line));
            line.clear();
        }
    }
    if !line.is_empty() {
        each(&String::from_utf8_lossy(&line));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        each_line(Some(bytes), |line| lines.push(line.to_owned()))
            .await
            .unwrap();
        lines
    }

    #[tokio::test]
    async fn what_a_program_says_comes_in_lines_of_bounded_length() {
        assert_eq!(lines(b"one\n\ntwo").await, ["one", "", "two"]);
        assert_eq!(lines(b"\xff\n").await, ["\u{fffd}"]);
        let long = [vec![b'x'; 3 * LONGEST_LINE], b"\nshort\n".to_vec()].concat();
        let lines = lines(&long).await;
        assert_eq!(lines[0].len(), LONGEST_LINE);
        assert_eq!(lines[1], "short");
    }

    #[tokio::test]
    async fn a_failure_is_told_in_the_programs_own_words() {
        let script = "echo 'LastError: signature verification failed' >&2; echo bye >&2; exit 1";
        let refusal = run(Path::new("/bin/sh"), ["-c", script], |_| ())
            .await
            .unwrap_err();
        assert_eq!(refusal.reason, Reason::ProgramFailed);
        assert!(refusal.detail.contains("signature verification failed"));
        let refusal = run(Path::new("/no/such/program"), ["-c"], |_| ())
            .await
            .unwrap_err();
        assert_eq!(refusal.reason, Reason::ProgramFailed);
    }
}
