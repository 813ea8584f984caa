//! What was found of a document, for people and as JSON. Nothing of the holder.

use std::process::ExitCode;

use anyhow::Result;
use chip::digest_algorithm::DigestAlgorithm;
use chip::sod::Sod;
use chip::{Access, Check, CheckName, ChipFiles, DataGroup, FileId, Outcome, check::summary};
use serde::Serialize;

use super::CHECK_FAILED;

#[derive(Serialize)]
pub struct Report {
    /// That of EF.SOD, if it tells one; else SHA-256.
    digest_algorithm: String,
    /// Absent where files were verified, not read.
    #[serde(flatten)]
    pub read: Option<ReadReport>,
    data_groups: Vec<GroupReport>,
    /// EF.SOD, the digests of the data groups and the chain to a CSCA certificate.
    passive: Verdict,
    /// Whether the chip has the private key of DG14.
    chip: Verdict,
    /// Whether the chip has the private key of DG15.
    active: Verdict,
}

#[derive(Serialize)]
pub struct ReadReport {
    pub access: Access,
    /// Command APDUs.
    pub apdus: u32,
    /// Both directions, as they went over the wire.
    pub bytes: u64,
    pub millis: u64,
}

#[derive(Serialize)]
struct GroupReport {
    data_group: DataGroup,
    /// Bytes; none: EF.SOD lists it and it was not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
    /// Of the file as it was read, with the algorithm of EF.SOD; hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// Whether its digest is the one in EF.SOD.
    state: Outcome,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
}

#[derive(Serialize)]
struct Verdict {
    /// The worst of the checks. That no revocation list was given is not among them:
    /// few states publish one.
    verdict: Outcome,
    checks: Vec<Check>,
}

impl Verdict {
    fn of(checks: &[Check], which: impl Fn(CheckName) -> bool) -> Verdict {
        let checks: Vec<Check> = checks.iter().filter(|c| which(c.name)).cloned().collect();
        let without_list =
            |c: &&Check| c.name != CheckName::SignerRevocation || c.outcome != Outcome::NotDone;
        let counted: Vec<Check> = checks.iter().filter(without_list).cloned().collect();
        Verdict {
            verdict: summary(&counted),
            checks,
        }
    }
}

impl Report {
    pub fn new(read: Option<ReadReport>, files: &ChipFiles, checks: &[Check]) -> Report {
        let by_chip = |name| {
            matches!(
                name,
                CheckName::ChipAuthentication | CheckName::CardAccessAgrees
            )
        };
        let by_activity = |name| name == CheckName::ActiveAuthentication;
        let algorithm = files
            .get(FileId::Sod)
            .and_then(|file| Sod::parse(file).ok())
            .map_or(DigestAlgorithm::Sha256, |sod| sod.security_object().digest);
        Report {
            digest_algorithm: algorithm.to_string(),
            read,
            data_groups: (1..=16)
                .filter_map(DataGroup::new)
                .filter_map(|group| group_report(group, algorithm, files, checks))
                .collect(),
            passive: Verdict::of(checks, |name| !by_chip(name) && !by_activity(name)),
            chip: Verdict::of(checks, by_chip),
            active: Verdict::of(checks, by_activity),
        }
    }

    fn verdicts(&self) -> [(&'static str, &Verdict); 3] {
        [
            ("passive authentication", &self.passive),
            ("chip authentication", &self.chip),
            ("active authentication", &self.active),
        ]
    }

    /// Prints it; the exit status says whether a check failed.
    pub fn tell(&self, json: bool) -> Result<ExitCode> {
        if json {
            println!("{}", serde_json::to_string_pretty(self)?);
        } else {
            self.print();
        }
        let failed = self
            .verdicts()
            .iter()
            .any(|(_, verdict)| verdict.verdict == Outcome::Failed);
        Ok(if failed {
            ExitCode::from(CHECK_FAILED)
        } else {
            ExitCode::SUCCESS
        })
    }

    fn print(&self) {
        if let Some(read) = &self.read {
            match &read.access {
                Access::Bac => println!("opened by BAC"),
                Access::Pace {
                    algorithm,
                    parameter_id,
                    can,
                } => {
                    let key = if *can { "CAN" } else { "MRZ" };
                    println!("opened by {algorithm}, parameters {parameter_id}, with the {key}");
                }
            }
            println!(
                "{} APDUs, {} bytes, {} ms",
                read.apdus, read.bytes, read.millis
            );
        }
        for group in &self.data_groups {
            let name = FileId::DataGroup(group.data_group).to_string();
            let length = group
                .length
                .map_or("not read".to_owned(), |length| format!("{length} bytes"));
            println!(
                "{name:<5} {length:>12}  {:<9} {}",
                word(group.state),
                group.reason
            );
        }
        for (title, verdict) in self.verdicts() {
            println!("{title}: {}", word(verdict.verdict));
            for check in &verdict.checks {
                let name = check.name.to_string();
                println!("  {name:<26} {:<9} {}", word(check.outcome), check.reason);
            }
        }
    }
}

fn group_report(
    group: DataGroup,
    algorithm: DigestAlgorithm,
    files: &ChipFiles,
    checks: &[Check],
) -> Option<GroupReport> {
    let content = files.get(FileId::DataGroup(group));
    let check = checks
        .iter()
        .find(|check| check.name == CheckName::DataGroupDigest(group));
    if content.is_none() && check.is_none() {
        return None;
    }
    Some(GroupReport {
        data_group: group,
        length: content.map(<[u8]>::len),
        digest: content.and_then(|content| algorithm.digest(content).ok().map(hex::encode)),
        state: check.map_or(Outcome::NotDone, |check| check.outcome),
        reason: check.map_or("not in EF.SOD".to_owned(), |check| check.reason.clone()),
    })
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Warning => "warning",
        Outcome::Failed => "FAILED",
        Outcome::NotDone => "not done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_stands_under_its_own_verdict() {
        let mut files = ChipFiles::default();
        files.insert(FileId::DataGroup(DataGroup::DG1), vec![0x61]);
        files.insert(FileId::Sod, vec![0x77]);
        let read = ReadReport {
            access: Access::Pace {
                algorithm: "id-PACE-ECDH-GM-AES-CBC-CMAC-128".into(),
                parameter_id: 13,
                can: false,
            },
            apdus: 20,
            bytes: 21_000,
            millis: 900,
        };
        let checks = [
            Check::passed(CheckName::SodSignature),
            Check::warning(CheckName::DataGroupDigest(DataGroup::DG1), "SHA-1"),
            Check::not_done(CheckName::DataGroupDigest(DataGroup::DG2), "not read"),
            Check::failed(CheckName::ChipAuthentication, "another key"),
            Check::passed(CheckName::CardAccessAgrees),
        ];
        let report = Report::new(Some(read), &files, &checks);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["access"]["protocol"], "pace");
        assert_eq!(json["apdus"], 20);
        assert_eq!(json["passive"]["verdict"], "not_done");
        assert_eq!(json["passive"]["checks"].as_array().unwrap().len(), 3);
        assert_eq!(json["chip"]["verdict"], "failed");
        assert_eq!(json["active"]["verdict"], "not_done");
        assert_eq!(json["data_groups"][0]["state"], "warning");
        assert_eq!(json["data_groups"][0]["length"], 1);
        // There is no EF.SOD that says another.
        assert_eq!(json["digest_algorithm"], "SHA-256");
        assert_eq!(
            json["data_groups"][0]["digest"],
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
        );
        assert_eq!(json["data_groups"][1]["data_group"], 2);
        assert!(json["data_groups"][1].get("digest").is_none());
    }
}
