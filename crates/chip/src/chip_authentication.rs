//! Chip authentication: the reader's fresh key and the chip's key of DG14 give new
//! keys for secure messaging, which only the holder of the private key can have
//! (ICAO 9303-11, 6.2); or PACE has proved the key by its mapping (4.4.3.5). Nothing
//! remains of it that could be examined again.

use crate::cipher::Cipher;
use crate::file_id::FileId;
use crate::group::{Element, Group, GroupError, Random};
use crate::key_derivation::{self, derive_key};
use crate::pace::MappingProof;
use crate::read::ReadError;
use crate::secure_messaging::SecureMessaging;
use crate::security_info::{ChipAuthenticationPublicKeyInfo, SecurityInfos, reference};
use crate::session::{Session, broken};
use crate::tlv;
use apdu::{Command, Response};

/// How far it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Performed {
    /// DG14 has no key, or none known here: the reason.
    NotOffered(String),
    /// The chip answered so. Secure messaging goes on with the old keys.
    Refused(String),
    /// The chip has the private key. Secure messaging goes on with the new keys.
    Proved,
    /// It has not. Secure messaging is over.
    Failed(String),
}

/// One key and what to do with it.
struct Offer<'a> {
    /// None: from before the choice existed, which means 3DES (TR-03110-1, B.2).
    protocol: Option<der::asn1::ObjectIdentifier>,
    cipher: Cipher,
    key: &'a ChipAuthenticationPublicKeyInfo,
}

/// Whether the chip-authentication mapping of PACE has proved one of these keys.
pub fn proved_by_mapping(proof: &MappingProof, infos: &SecurityInfos) -> bool {
    infos.chip_authentication_keys.iter().any(|key| {
        key.group()
            .and_then(|(group, key)| proof.proves(&group, &key))
            .unwrap_or(false)
    })
}

/// With the strongest cipher that DG14 offers.
///
/// # Errors
/// The chip is gone, or secure messaging broke while the old keys held.
pub fn perform(
    session: &mut Session<'_>,
    infos: &SecurityInfos,
    random: Random<'_>,
) -> Result<Performed, ReadError> {
    let mut reason = "DG14 has no key of chip authentication".to_owned();
    for offer in offers(infos) {
        match offer.key.group() {
            Ok((group, key)) => return run(session, &offer, &group, &key, random),
            Err(error) => reason = format!("the key of chip authentication in DG14: {error}"),
        }
    }
    Ok(Performed::NotOffered(reason))
}

fn offers(infos: &SecurityInfos) -> Vec<Offer<'_>> {
    let mut offers = Vec::new();
    for key in &infos.chip_authentication_keys {
        let before = offers.len();
        offers.extend(
            infos
                .chip_authentication
                .iter()
                .filter(|info| info.elliptic == key.elliptic && info.key_id == key.key_id)
                .map(|info| Offer {
                    protocol: Some(info.protocol),
                    cipher: info.cipher,
                    key,
                }),
        );
        if offers.len() == before {
            offers.push(Offer {
                protocol: None,
                cipher: Cipher::TripleDes,
                key,
            });
        }
    }
    offers.sort_by_key(|offer| {
        let cipher = match offer.cipher {
            Cipher::Aes256 => 0,
            Cipher::Aes192 => 1,
            Cipher::Aes128 => 2,
            Cipher::TripleDes => 3,
        };
        (cipher, !offer.key.elliptic)
    });
    offers
}

fn run(
    session: &mut Session<'_>,
    offer: &Offer<'_>,
    group: &Group,
    key: &Element,
    random: Random<'_>,
) -> Result<Performed, ReadError> {
    let because = |error: GroupError| broken("chip authentication", error.to_string());
    let private = group.private_key(random).map_err(because)?;
    let public = group
        .generator()
        .and_then(|generator| group.multiply(&generator, &private))
        .and_then(|public| group.encode(&public))
        .map_err(because)?;
    let commands = match (offer.protocol, offer.cipher) {
        (Some(protocol), Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256) => vec![
            set_authentication_template(offer, protocol.as_bytes()),
            general_authenticate(&public),
        ],
        _ => vec![set_key_agreement_template(offer, &public)],
    };
    for command in &commands {
        let response: Response = session.send(command)?;
        if !response.status.is_ok() {
            let name = if command.ins == 0x22 {
                "MSE:Set"
            } else {
                "GENERAL AUTHENTICATE"
            };
            return Ok(Performed::Refused(format!(
                "{name}: SW {:04X}",
                response.status.0
            )));
        }
    }
    let secret = group
        .multiply(key, &private)
        .and_then(|shared| group.shared_secret(shared))
        .map_err(because)?;
    let cipher = offer.cipher;
    let restarted = SecureMessaging::new(
        cipher,
        &derive_key(&secret, key_derivation::ENCRYPTION, cipher),
        &derive_key(&secret, key_derivation::MESSAGE_AUTHENTICATION, cipher),
        &[],
    );
    session.set_secure_messaging(restarted.map_err(|error| because(error.into()))?);
    prove(session)
}

/// Any answer under the new keys proves them. Few bytes are asked for, so that no chip
/// can stumble over a length and be taken for a clone.
fn prove(session: &mut Session<'_>) -> Result<Performed, ReadError> {
    let start_of_com = Command::new(0xB0, 0x80 | FileId::Com.sfi(), 0x00, &[], Some(4));
    match session.send(&start_of_com) {
        Ok(_) => Ok(Performed::Proved),
        Err(ReadError::SecureMessaging(reason)) => Ok(Performed::Failed(reason)),
        Err(error) => Err(error),
    }
}

/// MSE:Set AT (ICAO 9303-11, 6.2.4.2).
fn set_authentication_template(offer: &Offer<'_>, protocol: &[u8]) -> Command {
    let mut data = Vec::new();
    tlv::write(&mut data, 0x80, protocol);
    write_key_id(&mut data, offer);
    Command::new(0x22, 0x41, 0xA4, &data, None)
}

/// MSE:Set KAT (ICAO 9303-11, 6.2.4.1).
fn set_key_agreement_template(offer: &Offer<'_>, public: &[u8]) -> Command {
    let mut data = Vec::new();
    tlv::write(&mut data, 0x91, public);
    write_key_id(&mut data, offer);
    Command::new(0x22, 0x41, 0xA6, &data, None)
}

fn write_key_id(data: &mut Vec<u8>, offer: &Offer<'_>) {
    if let Some(id) = offer.key.key_id {
        tlv::write(data, 0x84, &reference(id));
    }
}

fn general_authenticate(public: &[u8]) -> Command {
    let mut inner = Vec::new();
    tlv::write(&mut inner, 0x80, public);
    let mut data = Vec::new();
    tlv::write(&mut data, 0x7C, &inner);
    Command::new(0x86, 0x00, 0x00, &data, Some(256))
}

#[cfg(test)]
#[path = "chip_authentication_tests.rs"]
mod tests;
