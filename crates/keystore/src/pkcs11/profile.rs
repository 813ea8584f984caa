//! What must be known of a maker's module before it can be used.

use std::{collections::BTreeMap, path::PathBuf};

use exchange::{KeyAlgorithm, Secret, StorageType};
use serde::{Deserialize, Deserializer, de::Error as _};

/// One module and the kind of token behind it, as written in TOML.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Short name, e.g. `softhsm2`.
    pub id: String,
    /// Which of the citizen's choices it serves.
    pub storage: StorageType,
    /// A token of this kind was enrolled from end to end with these values. Others
    /// come from documents only.
    pub tried: bool,
    /// The shared library. None where no public document names it: then the kiosk's
    /// configuration must.
    pub module: Option<PathBuf>,
    /// Beginnings of what the token says of itself; an empty list accepts all.
    #[serde(default)]
    pub manufacturers: Vec<String>,
    #[serde(default)]
    pub models: Vec<String>,
    #[serde(default)]
    pub labels: Vec<String>,
    pub pin: PinRules,
    pub keys: Keys,
    /// What the module looks for in the environment, names and values. Whoever starts
    /// the process that loads it sets them: nothing here does.
    #[serde(default, deserialize_with = "environment")]
    pub environment: BTreeMap<String, String>,
}

/// Names and values that a process can be given (environ(7)).
fn environment<'de, D: Deserializer<'de>>(table: D) -> Result<BTreeMap<String, String>, D::Error> {
    let table = BTreeMap::<String, String>::deserialize(table)?;
    let impossible = |(name, value): &(&String, &String)| {
        name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
    };
    match table.iter().find(impossible) {
        Some((name, _)) => Err(D::Error::custom(format!(
            "{name:?} cannot be set in an environment"
        ))),
        None => Ok(table),
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinRules {
    /// Published PINs that tokens of this kind come with: no secrets.
    #[serde(default)]
    pub defaults: Vec<Secret>,
    /// Characters; the token's own limits hold besides.
    pub shortest: usize,
    pub longest: usize,
    #[serde(default)]
    pub digits_only: bool,
    /// Wrong PINs in a row that block it; none where no document says.
    pub tries: Option<u8>,
    /// The security officer's PIN is the owner's PUK and sets a new PIN.
    #[serde(default)]
    pub unblocks: bool,
    /// Keys and certificates are written by the security officer, whose PIN is the
    /// management key that every token of this kind comes with.
    pub management_key: Option<Secret>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Which keys it makes; none where the module cannot.
    #[serde(default)]
    pub algorithms: Vec<KeyAlgorithm>,
    #[serde(default)]
    pub template: Template,
    #[serde(default)]
    pub rsa: RsaMechanism,
    #[serde(default)]
    pub ecdsa: EcdsaMechanism,
    /// Places with a fixed CKA_ID. Without them a key has its own identifier as CKA_ID.
    #[serde(default)]
    pub places: Vec<Place>,
    /// How many keys it takes where the places are not fixed.
    pub most: Option<usize>,
    /// The PIN again for each signature, where the key does not say so itself.
    #[serde(default)]
    pub always_authenticate: bool,
    /// Making a key erases those that are there.
    #[serde(default)]
    pub generation_erases: bool,
    /// How the commonName begins of the self-signed certificate that the module itself
    /// puts beside a new key.
    pub placeholder: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// As the token's documents call it, e.g. `9C`.
    pub name: String,
    /// CKA_ID of what lies in it.
    pub id: Vec<u8>,
}

/// What is asked for when a key pair is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// Token object, private, sensitive, not extractable, for signing, with a label.
    #[default]
    Full,
    /// Class, type, identifier and size; the token has no choice about the rest and
    /// refuses to be asked.
    Minimal,
}

/// PKCS #11 Current Mechanisms 2.40, sections 2.1.6 and 2.1.11.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum RsaMechanism {
    #[default]
    #[serde(rename = "SHA256_RSA_PKCS")]
    Sha256RsaPkcs,
    /// DigestInfo (RFC 8017 section 9.2) is made here.
    #[serde(rename = "RSA_PKCS")]
    RsaPkcs,
}

/// PKCS #11 Current Mechanisms 2.40, section 2.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum EcdsaMechanism {
    /// The digest is made here.
    #[default]
    #[serde(rename = "ECDSA")]
    Ecdsa,
    #[serde(rename = "ECDSA_SHA256")]
    EcdsaSha256,
}

/// The profiles that come with the program.
const SHIPPED: [&str; 9] = [
    include_str!("../../profiles/softhsm2.toml"),
    include_str!("../../profiles/ykcs11.toml"),
    include_str!("../../profiles/opensc.toml"),
    include_str!("../../profiles/kaztoken.toml"),
    include_str!("../../profiles/etoken_5110.toml"),
    include_str!("../../profiles/etoken_72k.toml"),
    include_str!("../../profiles/jacarta.toml"),
    include_str!("../../profiles/akey.toml"),
    include_str!("../../profiles/id_card.toml"),
];

impl Profile {
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// All that come with the program, tried or not.
    pub fn shipped() -> Vec<Self> {
        let parse = |text| Self::from_toml(text).expect("the test of this file parses them");
        SHIPPED.into_iter().map(parse).collect()
    }

    /// A shipped profile by its name, else one from a file.
    ///
    /// # Errors
    /// A sentence with the name: neither, or not the syntax of one.
    pub fn by_id_or_file(name: &str) -> Result<Self, String> {
        if let Some(profile) = Self::by_id(name) {
            return Ok(profile);
        }
        let text = std::fs::read_to_string(name)
            .map_err(|e| format!("no token profile is called {name}, and as a file: {e}"))?;
        Self::from_toml(&text).map_err(|e| format!("the token profile {name}: {e}"))
    }

    /// One of those that come with the program.
    pub fn by_id(id: &str) -> Option<Self> {
        Self::shipped().into_iter().find(|p| p.id == id)
    }
}

impl PinRules {
    /// Whether a new PIN keeps the rules of this kind of token.
    pub fn accept(&self, pin: &Secret) -> bool {
        (self.shortest..=self.longest).contains(&pin.len())
            && (!self.digits_only || pin.expose().bytes().all(|b| b.is_ascii_digit()))
            && !self.is_default(pin)
    }

    pub fn is_default(&self, pin: &Secret) -> bool {
        self.defaults.contains(pin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_profiles_can_be_read_and_have_names_of_their_own() {
        let all = Profile::shipped();
        for profile in &all {
            assert_eq!(all.iter().filter(|p| p.id == profile.id).count(), 1);
            assert!(profile.pin.shortest <= profile.pin.longest);
            assert!(!profile.tried || profile.module.is_some(), "{}", profile.id);
        }
        // Every storage that people can choose has one.
        for storage in [
            StorageType::AKKaztokenStore,
            StorageType::AKKZIDCardStore,
            StorageType::AKEToken72KStore,
            StorageType::AKEToken5110Store,
            StorageType::AKJaCartaStore,
            StorageType::AKAKEYStore,
        ] {
            assert!(all.iter().any(|p| p.storage == storage), "{storage:?}");
        }
    }

    #[test]
    fn a_word_that_means_nothing_is_refused() {
        let text = include_str!("../../profiles/softhsm2.toml");
        assert!(Profile::from_toml(&format!("modul = \"x\"\n{text}")).is_err());
    }

    #[test]
    fn an_environment_is_of_names_and_values() {
        let text = include_str!("../../profiles/softhsm2.toml");
        let with = |line: &str| Profile::from_toml(&format!("{text}\n[environment]\n{line}"));
        let read = with("SOFTHSM2_CONF = \"/etc/softhsm\"")
            .unwrap()
            .environment;
        assert_eq!(read["SOFTHSM2_CONF"], "/etc/softhsm");
        assert!(Profile::from_toml(text).unwrap().environment.is_empty());
        for wrong in [
            "\"\" = \"x\"",
            "\"A=B\" = \"x\"",
            "A = \"\\u0000\"",
            "A = 1",
        ] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_new_pin_keeps_the_rules() {
        let rules = PinRules {
            defaults: vec!["12345678".into()],
            shortest: 6,
            longest: 8,
            digits_only: true,
            tries: None,
            unblocks: false,
            management_key: None,
        };
        assert!(rules.accept(&"246810".into()));
        for wrong in ["12345678", "13579", "135791113", "24681a", ""] {
            assert!(!rules.accept(&wrong.into()), "{wrong}");
        }
    }
}
