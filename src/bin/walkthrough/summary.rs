//! `summary.json`: what was walked and what came of it.

use std::path::{Path, PathBuf};

use serde::Serialize;

#[derive(Serialize, Default)]
pub struct Summary {
    pub steps: Vec<Step>,
    pub language: String,
    pub size: String,
    pub offline: bool,
    pub submission_id: Option<String>,
    pub receipt_code: Option<String>,
    pub certificate_pem: Option<PathBuf>,
    pub p12: Option<PathBuf>,
    pub p12_password_file: Option<PathBuf>,
    /// The kiosk's data directory, kept.
    pub kiosk_data: PathBuf,
}

#[derive(Serialize)]
pub struct Step {
    pub name: String,
    pub ok: bool,
    pub millis: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Summary {
    pub fn note(&mut self, name: &str, started: std::time::Instant, outcome: &anyhow::Result<()>) {
        self.steps.push(Step {
            name: name.to_owned(),
            ok: outcome.is_ok(),
            millis: started.elapsed().as_millis() as u64,
            why: outcome.as_ref().err().map(|e| format!("{e:#}")),
        });
    }

    pub fn all_ok(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|s| s.ok)
    }

    pub fn sentence(&self) -> String {
        match self.steps.iter().find(|s| !s.ok) {
            None => format!("all {} steps worked", self.steps.len()),
            Some(s) => format!("step {} failed: {}", s.name, s.why.as_deref().unwrap_or("")),
        }
    }

    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(folder.join("summary.json"), text)?;
        Ok(())
    }
}
