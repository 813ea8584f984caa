//! `office init`: the state folder with all its keys, made once.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use exchange::{HolderName, Iin, IinPolicy, Language, PhoneNumber, UnixMillis};
use p256::pkcs8::EncodePublicKey;
use zeroize::Zeroizing;

use crate::{
    authority::{self, Authority, CaNames, Statements, tls::TlsAuthority},
    config::Configuration,
    db::Database,
    keys,
    layout::Layout,
    services::{Person, StandInRegistry},
    whole_file,
};

/// The root authority's folder; the administrator moves it to a safe.
pub const ROOT_FOLDER: &str = "root-offline.MOVE-AWAY";

pub struct Wishes {
    pub configuration: Configuration,
    /// Host names and addresses under which kiosks reach the office.
    pub names: Vec<String>,
    pub demo_citizens: bool,
    /// A folder that [`authority::init`] made elsewhere; none: made here.
    pub issuing: Option<std::path::PathBuf>,
}

/// Makes everything in an empty or absent folder.
///
/// # Errors
/// The folder holds something, or cannot be written.
pub fn init(layout: &Layout, wishes: &Wishes) -> Result<()> {
    let root = layout.root();
    if root.exists() && fs::read_dir(root)?.next().is_some() {
        bail!("{} is not empty", root.display());
    }
    let now = UnixMillis::from_system_clock();
    for folder in [
        root.to_path_buf(),
        layout.receive(),
        layout.desk(),
        layout.status(),
        layout.public(),
        layout.run(),
        layout.objects(),
    ] {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("making {}", folder.display()))?;
    }

    let organization = &wishes.configuration.name;
    channel(layout, organization, &wishes.names, now)?;
    match &wishes.issuing {
        Some(made) => authority::adopt(made, &layout.issue())?,
        None => {
            let names = CaNames::of(organization);
            authority::init(&root.join(ROOT_FOLDER), &layout.issue(), &names, now)?;
        }
    }
    publish_authority(layout)?;

    keys::make_signing_key(&layout.receipt_key(), &layout.receipt_public())?;
    keys::make_signing_key(&layout.decision_key(), &layout.decision_public())?;
    let mut code_key = Zeroizing::new([0u8; 32]);
    getrandom::fill(&mut *code_key).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
    keys::write_secret(&layout.code_key(), &*code_key)?;
    let operations = keys::make_identity(&layout.operations_identity())?;
    let escrow = keys::make_identity(&layout.escrow())?;
    keys::write_public(
        &layout.recipients(),
        format!("{operations}\n{escrow}\n").as_bytes(),
    )?;

    let database = Arc::new(Database::open(&layout.database())?);
    if wishes.demo_citizens {
        add_demo_citizens(&StandInRegistry::new(database))?;
    }
    let text = toml::to_string_pretty(&wishes.configuration)?;
    // Last: its presence says that all the rest is there.
    keys::write_public(&layout.configuration(), text.as_bytes())?;
    for folder in [root, layout.receive().as_path(), layout.desk().as_path()] {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Puts the authority's certificates where every part reads them.
pub fn publish_authority(layout: &Layout) -> Result<()> {
    let issuing = Authority::open(&layout.issue(), Statements::default())?;
    let path = layout.authority_chain();
    whole_file::replace(&path, issuing.chain_pem().as_bytes(), 0o644)
        .with_context(|| format!("writing {}", path.display()))
}

/// The authority of the TLS channel and the certificate of the public listener.
fn channel(layout: &Layout, organization: &str, names: &[String], now: UnixMillis) -> Result<()> {
    let ca = TlsAuthority::create(organization, now)?;
    keys::write_secret(&layout.tls_ca_key(), ca.key_pem()?.as_bytes())?;
    keys::write_public(
        &layout.tls_ca_certificate(),
        ca.certificate_pem()?.as_bytes(),
    )?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let server = ca.server(&names, now)?;
    keys::write_public(
        &layout.server_certificate(),
        server.certificate_pem.as_bytes(),
    )?;
    keys::write_secret(&layout.server_key(), server.key_pem.as_bytes())
}

/// SHA-256 of the TLS authority's certificate (DER), hex: what a new kiosk is told
/// together with its token.
pub fn tls_fingerprint(certificate: &Path) -> Result<String> {
    let pem = keys::read_text(certificate)?;
    let (_, der) = der::pem::decode_vec(pem.as_bytes())
        .map_err(|e| anyhow::anyhow!("{}: {e}", certificate.display()))?;
    Ok(exchange::Digest::of(&der).to_string())
}

/// The words by which a technician compares the keys that a kiosk was given with this office's.
///
/// # Errors
/// A key cannot be read.
pub fn office_words(layout: &Layout) -> Result<Vec<String>> {
    let der = |path: &Path| -> Result<Vec<u8>> {
        let key = keys::load_verifying_key(path)?;
        Ok(key.to_public_key_der()?.into_vec())
    };
    Ok(exchange::fingerprint_words(
        &der(&layout.receipt_public())?,
        &der(&layout.decision_public())?,
    ))
}

/// A person of the demonstration.
struct Sample {
    iin: &'static str,
    /// Surname, given name, patronymic.
    name: [&'static str; 3],
    language: Language,
    phone: Option<&'static str>,
}

/// Synthetic or published example numbers only; the names mean "sample" and the like.
const SAMPLES: [Sample; 5] = [
    Sample {
        iin: "880412401006",
        name: ["ҮЛГІБЕКОВА", "САУЛЕ", "ҚАНАТҚЫЗЫ"],
        language: Language::Kk,
        phone: Some("+77010000001"),
    },
    Sample {
        iin: "900101300811",
        name: ["ОБРАЗЦОВ", "ИВАН", "ПЕТРОВИЧ"],
        language: Language::Ru,
        phone: Some("+77050000002"),
    },
    Sample {
        iin: "061211600012",
        name: ["ӘДІЛҚЫЗЫ", "ӨРІМ", ""],
        language: Language::Kk,
        phone: Some("+77770000003"),
    },
    // Without a number: the way of those who must register one.
    Sample {
        iin: "050101500000",
        name: ["СЫНАҚОВ", "ҒАНИ", "ҰЛАНҰЛЫ"],
        language: Language::Kk,
        phone: None,
    },
    Sample {
        iin: "850229000302",
        name: ["SAMPLE", "ALEX", ""],
        language: Language::En,
        phone: Some("+77470000005"),
    },
];

fn add_demo_citizens(registry: &StandInRegistry) -> Result<()> {
    for sample in &SAMPLES {
        let [surname, given, patronymic] = sample.name;
        let person = Person {
            name: HolderName::new(surname, given, patronymic)
                .map_err(|which| anyhow::anyhow!("not a name: {which}"))?,
            language: Some(sample.language),
        };
        let phone = sample.phone.map(PhoneNumber::parse).transpose()?;
        let iin = Iin::parse(sample.iin, IinPolicy::Strict)?;
        registry.add(&iin, &person, phone.as_ref())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_citizens_pass_the_checks() {
        let dir = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::open(&dir.path().join("d")).unwrap());
        add_demo_citizens(&StandInRegistry::new(database)).unwrap();
    }
}
