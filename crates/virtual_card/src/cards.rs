//! The running `python -m virtual_card console`: documents made, put in, taken out.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::document::Document;
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

/// Documents, of which one may be in the reader.
pub struct Cards {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    documents: TempDir,
    made: u32,
}

impl Cards {
    /// For the reader that listens, or will soon, at this port.
    pub fn for_reader_at(port: u16) -> Cards {
        let mut child = Command::new(python::interpreter())
            .args(["-m", "virtual_card", "console", "--port"])
            .arg(port.to_string())
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
        Cards {
            child,
            requests,
            answers,
            documents: TempDir::new().expect("a directory for documents"),
            made: 0,
        }
    }

    /// Makes a document; `spec` has the options of `DocumentSpec` that are not the default.
    ///
    /// # Panics
    /// With what Python said, as all below.
    pub fn make(&mut self, spec: Value) -> Document {
        self.made += 1;
        let directory = self.documents.path().join(self.made.to_string());
        self.ask(&json!({"make": spec, "directory": directory}));
        Document::load(&directory)
    }

    /// Puts a document in, in place of the one before; `config` has the options of
    /// `CardConfig` that are not the default.
    pub fn insert(&mut self, document: &Document, config: Value) {
        self.ask(&json!({"insert": config, "directory": document.directory}));
    }

    /// Takes the card out; what was exchanged since it was put in.
    pub fn take_out(&mut self) -> Vec<Traffic> {
        self.ask(&json!({"take_out": true}))
    }

    fn ask(&mut self, request: &Value) -> Vec<Traffic> {
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

impl Drop for Cards {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}
