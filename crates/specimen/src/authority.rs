//! A state that issues documents.

use chip::{ChipFiles, DataGroup, FileId};
use const_oid::ObjectIdentifier;
use openssl::nid::Nid;

use crate::asn1::{integer, object, octets, sequence, set_of};
use crate::certificate::{Party, Role, Validity, certificate, revocation_list};
use crate::key::{Digest, Scheme, SigningKey};
use crate::signed_data::{SignerIdentifier, signed_data};
use crate::{RandomSource, SpecimenError, field};

const LDS_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");
/// TR-03110-3, A.1.2.5.
const SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.3.2.1");
const MASTER_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.2");

/// Keys and times of an [`Authority`].
#[derive(Clone, Debug)]
pub struct AuthorityConfig {
    pub csca: Scheme,
    /// Of the document signer and the master list signer.
    pub signer: Scheme,
    /// UTCTime, `YYMMDDhhmmssZ`.
    pub csca_validity: Validity,
    pub signer_validity: Validity,
}

impl Default for AuthorityConfig {
    fn default() -> Self {
        let until = |until: &str| Validity {
            from: "210101000000Z".to_owned(),
            until: until.to_owned(),
        };
        AuthorityConfig {
            csca: Scheme::ecdsa(Nid::BRAINPOOL_P384R1, Digest::Sha384),
            signer: Scheme::ecdsa(Nid::BRAINPOOL_P256R1, Digest::Sha256),
            csca_validity: until("410101000000Z"),
            signer_validity: until("360101000000Z"),
        }
    }
}

/// CSCA, document signer and master list signer of one state. It can sign any number
/// of documents.
pub struct Authority {
    country: String,
    config: AuthorityConfig,
    csca_key: SigningKey,
    csca: Vec<u8>,
    signer_key: SigningKey,
    signer: Vec<u8>,
    signer_serial: Vec<u8>,
    list_key: SigningKey,
    list_signer: Vec<u8>,
}

impl Authority {
    /// `country` is the two letters of ISO 3166-1 that stand in certificates: `KZ`
    /// issues the documents of `KAZ`.
    ///
    /// # Errors
    /// No such country code, or OpenSSL cannot make such keys.
    pub fn new(country: &str, random: &mut dyn RandomSource) -> Result<Authority, SpecimenError> {
        Authority::with(country, AuthorityConfig::default(), random)
    }

    /// # Errors
    /// As [`Authority::new`].
    pub fn with(
        country: &str,
        config: AuthorityConfig,
        random: &mut dyn RandomSource,
    ) -> Result<Authority, SpecimenError> {
        if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(field("country", "is two letters"));
        }
        let csca_key = SigningKey::generate(config.csca, random)?;
        let signer_key = SigningKey::generate(config.signer, random)?;
        let list_key = SigningKey::generate(config.signer, random)?;
        let party = |common_name, key| Party {
            country,
            common_name,
            key,
        };
        let state = party("Specimen CSCA", &csca_key);
        let csca = certificate(
            Role::Csca,
            &state,
            &state,
            &serial(random)?,
            &config.csca_validity,
            random,
        )?;
        let signer_serial = serial(random)?;
        let signer = certificate(
            Role::DocumentSigner,
            &party("Specimen document signer", &signer_key),
            &state,
            &signer_serial,
            &config.signer_validity,
            random,
        )?;
        let list_signer = certificate(
            Role::MasterListSigner,
            &party("Specimen master list signer", &list_key),
            &state,
            &serial(random)?,
            &config.signer_validity,
            random,
        )?;
        Ok(Authority {
            country: country.to_owned(),
            config,
            csca_key,
            csca,
            signer_key,
            signer,
            signer_serial,
            list_key,
            list_signer,
        })
    }

    /// The CSCA certificate, DER.
    pub fn csca_der(&self) -> &[u8] {
        &self.csca
    }

    /// The document signer's certificate, DER.
    pub fn signer_der(&self) -> &[u8] {
        &self.signer
    }

    /// EF.SOD over the data groups among `files`, which are hashed with `digest`
    /// (ICAO 9303-10, 4.6.2).
    ///
    /// # Errors
    /// The random source fails.
    pub fn sign(
        &self,
        files: &ChipFiles,
        digest: Digest,
        random: &mut dyn RandomSource,
    ) -> Result<Vec<u8>, SpecimenError> {
        let mut hashes = Vec::new();
        for number in 1..=16 {
            let content = DataGroup::new(number).and_then(|g| files.get(FileId::DataGroup(g)));
            if let Some(content) = content {
                hashes.extend_from_slice(&sequence(&[
                    &integer(u64::from(number)),
                    &octets(&digest.of(content)?),
                ]));
            }
        }
        let object_version = integer(0);
        let security_object =
            sequence(&[&object_version, &digest.identifier(), &sequence(&[&hashes])]);
        let signed = self.sign_content(LDS_SECURITY_OBJECT, &security_object, random)?;
        Ok(object(0x77, &[&signed]))
    }

    /// EF.CardSecurity over a SET of SecurityInfos (ICAO 9303-10, 3.11.4).
    ///
    /// # Errors
    /// The random source fails.
    pub fn sign_security_infos(
        &self,
        infos: &[u8],
        random: &mut dyn RandomSource,
    ) -> Result<Vec<u8>, SpecimenError> {
        self.sign_content(SECURITY_OBJECT, infos, random)
    }

    /// By the document signer.
    fn sign_content(
        &self,
        content_type: ObjectIdentifier,
        content: &[u8],
        random: &mut dyn RandomSource,
    ) -> Result<Vec<u8>, SpecimenError> {
        signed_data(
            content_type,
            content,
            &[&self.signer],
            &self.signer_key,
            SignerIdentifier::IssuerAndSerial(&self.csca_party().name(), &self.signer_serial),
            random,
        )
    }

    /// An ICAO master list of the certificates given, signed by this state
    /// (ICAO 9303-12, 9).
    ///
    /// # Errors
    /// The random source fails.
    pub fn master_list(
        &self,
        certificates: &[&[u8]],
        random: &mut dyn RandomSource,
    ) -> Result<Vec<u8>, SpecimenError> {
        let certificates = certificates.iter().map(|der| der.to_vec()).collect();
        let list = sequence(&[&integer(0), &set_of(certificates)]);
        signed_data(
            MASTER_LIST,
            &list,
            &[&self.list_signer, &self.csca],
            &self.list_key,
            SignerIdentifier::Key,
            random,
        )
    }

    /// A revocation list of this CSCA, with the document signer on it or empty. `at` is
    /// a UTCTime.
    ///
    /// # Errors
    /// The random source fails.
    pub fn revocation_list(
        &self,
        signer_revoked: bool,
        at: &str,
        random: &mut dyn RandomSource,
    ) -> Result<Vec<u8>, SpecimenError> {
        let serials: &[&[u8]] = match signer_revoked {
            true => &[&self.signer_serial],
            false => &[],
        };
        revocation_list(&self.csca_party(), at, serials, random)
    }

    /// What it was made with.
    pub fn config(&self) -> &AuthorityConfig {
        &self.config
    }

    fn csca_party(&self) -> Party<'_> {
        Party {
            country: &self.country,
            common_name: "Specimen CSCA",
            key: &self.csca_key,
        }
    }
}

/// 16 bytes, positive and without leading zeros.
fn serial(random: &mut dyn RandomSource) -> Result<Vec<u8>, SpecimenError> {
    let mut serial = random.bytes(16)?;
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x3F | 0x40;
    }
    Ok(serial)
}
