//! The running `python -m virtual_card console`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

use crate::python;

/// What was exchanged between one power up and the next, as the card saw it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Traffic {
    pub apdus: u32,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// The card's own, in milliseconds.
    pub computing_ms: f64,
}

#[derive(Deserialize)]
struct Answer {
    error: Option<String>,
    #[serde(default)]
    sessions: Vec<Traffic>,
}

/// Ended when dropped.
pub struct Console {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Console {
    pub fn start() -> Console {
        let mut child = Command::new(python::interpreter())
            .args(["-m", "virtual_card", "console"])
            .env("PYTHONPATH", python::package_root())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // OpenPACE tells there of every wrong access key.
            .stderr(Stdio::null())
            .spawn()
            .expect("the virtual card's Python");
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        Console {
            child,
            requests,
            answers,
        }
    }

    /// # Panics
    /// With what the card's side said, when it refused.
    pub fn ask(&mut self, request: &Value) -> Vec<Traffic> {
        let requests = self.requests.as_mut().expect("open until dropped");
        writeln!(requests, "{request}").expect("the virtual card's process has ended");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("an answer");
        let answer: Answer = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{error}: {line:?} to {request}"));
        if let Some(error) = answer.error {
            panic!("the virtual card: {error}");
        }
        answer.sessions
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}
