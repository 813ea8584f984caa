//! `office.toml`: what an administrator may decide.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use exchange::IinPolicy;
use serde::{Deserialize, Serialize};

use crate::{
    authority::{Identification, Locations, Statements},
    issue::CmpSettings,
    layout::Layout,
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Configuration {
    /// Shown to operators.
    pub name: String,
    pub receive: Receive,
    pub desk: Desk,
    pub codes: Codes,
    pub collect: Collect,
    pub limits: Limits,
    pub uploads: Uploads,
    pub identity: Identity,
    pub document: Document,
    pub renewal: Renewal,
    pub maintenance: Maintenance,
    pub issue: Issue,
    pub status: Status,
    pub authority: AuthorityKind,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Receive {
    /// Public listener. Port 0: any free port, told in `run/receive.json`.
    pub listen: SocketAddr,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Desk {
    /// Must be a loopback address: the pages show personal data and speak plain HTTP.
    pub listen: SocketAddr,
}

/// One-time codes. Length and lifetime of the real service are not published;
/// the defaults are MOSIP's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Codes {
    pub digits: u8,
    pub lifetime_seconds: u32,
    /// Wrong tries for one number before it is frozen.
    pub tries: u8,
    pub freeze_minutes: u32,
    pub resend_after_seconds: u32,
    /// Messages to one number in an hour.
    pub sent_per_hour: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Collect {
    /// A certificate not confirmed by then is revoked.
    pub confirm_minutes: u32,
    /// A nonce to sign is good for this long.
    pub nonce_seconds: u32,
    /// How long an opened collection stays open at its kiosk.
    pub visit_minutes: u32,
    /// How long after their phone code a citizen counts as still standing there.
    pub waiting_minutes: u32,
}

/// Against guessing through one kiosk.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub lookups_per_hour: u32,
    pub wrong_receipt_codes_per_hour: u32,
    pub wrong_proofs_per_hour: u32,
    /// Wrong or unknown, of those who come to revoke; also for one person at all kiosks.
    pub wrong_revocation_codes_per_hour: u32,
    /// What citizens revoke at one kiosk, and at all together, without an operator.
    pub revocations_per_kiosk_per_hour: u32,
    pub revocations_per_hour: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Uploads {
    pub max_part_bytes: u64,
    /// An unfinished upload nobody touched for this long is removed.
    pub expire_days: u32,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// Also take 123456789011 and 123456789012, whose check digits are wrong.
    /// For trials against the authority's official test certificates only.
    pub allow_official_test_numbers: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Document {
    /// Certificates of states that sign documents (CSCA): a file or a folder, with
    /// master lists and revocation lists. None: no chip can be proven genuine.
    pub csca: Option<PathBuf>,
}

/// A new certificate for who signs with the key of one in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Renewal {
    /// From the office's number to the receipt of the application that signs it.
    pub nonce_minutes: u32,
    /// Approve without an operator what the desk itself found right in everything.
    pub by_rule: bool,
}

/// Updates of kiosks, and their technicians.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Maintenance {
    /// A kiosk that hears nothing more takes an offer no longer than this; it is signed
    /// anew at half of it.
    pub offer_hours: u32,
    /// A list of revoked technicians is made at each revocation, and at least this often.
    pub list_hours: u32,
    /// How long kiosks without a link admit technicians by the list they have.
    pub list_good_hours: u32,
    /// What one kiosk may report, of each kind.
    pub reports_per_hour: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Issue {
    /// How citizens are identified here, as their certificates say it.
    pub identification: Identification,
    /// How often the database is looked at.
    pub poll_millis: u64,
    /// A revocation list is made at each revocation, and at least this often.
    pub list_hours: u32,
    /// How long a list is good for those who have no newer one.
    pub list_good_hours: u32,
    /// Into every certificate; none: left out.
    pub locations: Locations,
}

/// The plain-HTTP listener that tells the world which certificates are good.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Status {
    /// None: nobody answers here. Port 0: any free port, told in `run/status.json`.
    pub listen: Option<SocketAddr>,
}

/// Which authority issues citizens' certificates.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AuthorityKind {
    /// That of this office.
    #[default]
    BuiltIn,
    /// One behind CMP.
    Cmp(Box<CmpSettings>),
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            name: "Qoltanba".into(),
            receive: Receive::default(),
            desk: Desk::default(),
            codes: Codes::default(),
            collect: Collect::default(),
            limits: Limits::default(),
            uploads: Uploads::default(),
            identity: Identity::default(),
            document: Document::default(),
            renewal: Renewal::default(),
            maintenance: Maintenance::default(),
            issue: Issue::default(),
            status: Status::default(),
            authority: AuthorityKind::default(),
        }
    }
}

impl Default for Receive {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
        }
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
        }
    }
}

impl Default for Codes {
    fn default() -> Self {
        Self {
            digits: 6,
            lifetime_seconds: 180,
            tries: 10,
            freeze_minutes: 30,
            resend_after_seconds: 60,
            sent_per_hour: 10,
        }
    }
}

impl Default for Collect {
    fn default() -> Self {
        Self {
            confirm_minutes: 10,
            nonce_seconds: 300,
            visit_minutes: 30,
            waiting_minutes: 120,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lookups_per_hour: 120,
            wrong_receipt_codes_per_hour: 10,
            wrong_proofs_per_hour: 20,
            wrong_revocation_codes_per_hour: 10,
            revocations_per_kiosk_per_hour: 6,
            revocations_per_hour: 60,
        }
    }
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            max_part_bytes: 32 << 20,
            expire_days: 30,
        }
    }
}

impl Default for Renewal {
    fn default() -> Self {
        Self {
            nonce_minutes: 15,
            by_rule: true,
        }
    }
}

impl Default for Maintenance {
    fn default() -> Self {
        Self {
            offer_hours: 48,
            list_hours: 6,
            list_good_hours: 7 * 24,
            reports_per_hour: 120,
        }
    }
}

impl Default for Issue {
    fn default() -> Self {
        Self {
            identification: Identification::Remote,
            poll_millis: 100,
            list_hours: 12,
            list_good_hours: 7 * 24,
            locations: Locations::default(),
        }
    }
}

impl Issue {
    pub fn statements(&self) -> Statements {
        Statements {
            identification: self.identification,
            locations: self.locations.clone(),
        }
    }
}

impl Identity {
    pub fn policy(&self) -> IinPolicy {
        if self.allow_official_test_numbers {
            IinPolicy::AllowOfficialTestNumbers
        } else {
            IinPolicy::Strict
        }
    }
}

impl Configuration {
    /// # Errors
    /// Unreadable, unknown or impossible settings; the message names the file.
    pub fn load(layout: &Layout) -> Result<Self> {
        let path = layout.configuration();
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        let parsed: Self =
            toml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
        parsed
            .check()
            .with_context(|| format!("checking {}", path.display()))?;
        Ok(parsed)
    }

    /// # Errors
    /// Impossible settings.
    pub fn check(&self) -> Result<()> {
        ensure!(
            self.desk.listen.ip().is_loopback(),
            "desk.listen must be a loopback address, not {}",
            self.desk.listen
        );
        ensure!(
            (4..=9).contains(&self.codes.digits),
            "codes.digits must be 4 to 9"
        );
        ensure!(self.codes.tries > 0, "codes.tries must be at least 1");
        ensure!(
            self.uploads.max_part_bytes > 0,
            "uploads.max_part_bytes must be at least 1"
        );
        ensure!(
            (10..=60_000).contains(&self.issue.poll_millis),
            "issue.poll_millis must be 10 to 60000"
        );
        ensure!(
            self.issue.list_hours > 0 && self.issue.list_good_hours > self.issue.list_hours,
            "issue.list_good_hours must be more than issue.list_hours, and that at least 1"
        );
        ensure!(
            self.maintenance.offer_hours > 0,
            "maintenance.offer_hours must be at least 1"
        );
        let (made, good) = (
            self.maintenance.list_hours,
            self.maintenance.list_good_hours,
        );
        ensure!(
            made > 0 && good > made,
            "maintenance.list_good_hours must be more than maintenance.list_hours, and that at least 1"
        );
        if let Some(url) = self.issue.locations.unusable() {
            anyhow::bail!("issue.locations: {url} is no http:// address");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_pass_their_own_check_and_survive_writing() {
        let text = toml::to_string_pretty(&Configuration::default()).unwrap();
        let read: Configuration = toml::from_str(&text).unwrap();
        read.check().unwrap();
        assert_eq!(read.codes.lifetime_seconds, 180);
    }

    #[test]
    fn a_real_authority_is_a_section_of_its_own() {
        let text = "[authority]\nkind = \"cmp\"\naddress = \"https://ca.example.kz/cmp\"\n\
                    reference = \"office 1\"\nsecret = \"/etc/office/cmp-secret\"";
        let read: Configuration = toml::from_str(text).unwrap();
        let AuthorityKind::Cmp(settings) = read.authority else {
            panic!("built in");
        };
        assert_eq!((settings.wait_seconds, settings.plain_http), (20, false));
        assert!(toml::from_str::<Configuration>(&format!("{text}\nsecrets = 1")).is_err());
    }

    #[test]
    fn a_desk_open_to_the_network_is_refused() {
        let open: Configuration = toml::from_str("[desk]\nlisten = \"0.0.0.0:80\"").unwrap();
        assert!(open.check().is_err());
    }
}
