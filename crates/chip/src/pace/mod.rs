//! Password Authenticated Connection Establishment (ICAO 9303-11, 4.4): chip and
//! reader prove to each other that they know the MRZ or the CAN, and agree on the
//! keys of secure messaging.

pub mod algorithm;
pub mod mapping;

use openssl::sha::sha1;
use zeroize::Zeroizing;

use self::algorithm::{Mapping, PaceAlgorithm};
use crate::access_key::AccessKey;
use crate::cipher::{Cipher, CipherError, unpad};
use crate::group::{Element, Group, GroupError, Random, Scalar, system_random};
use crate::key_derivation::{self, derive_key};
use crate::read::ReadError;
use crate::secure_messaging::SecureMessaging;
use crate::security_info::{PaceInfo, SecurityInfos, reference};
use crate::session::{self, Session};
use crate::tlv;
use apdu::{Command, Response};

/// What the chip calls the password (ICAO 9303-11, 4.4.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Password {
    Mrz = 1,
    Can = 2,
}

/// Done: secure messaging runs.
pub struct Established {
    pub algorithm: PaceAlgorithm,
    /// Among the standardized domain parameters.
    pub parameter_id: u8,
    /// With the chip-authentication mapping only.
    pub proof: Option<MappingProof>,
}

/// By this the chip-authentication mapping proves the chip's private key, once its
/// public key is known (ICAO 9303-11, 4.4.3.5.2).
pub struct MappingProof {
    group: Group,
    mapping_key: Element,
    data: Scalar,
}

impl MappingProof {
    /// Whether `key`, an element of `group`, is the public key of the chip.
    ///
    /// # Errors
    /// Of the library only.
    pub fn proves(&self, group: &Group, key: &Element) -> Result<bool, GroupError> {
        if group.curve() != self.group.curve() {
            return Ok(false);
        }
        match self.group.multiply(key, &self.data) {
            Ok(product) => self.group.equal(&product, &self.mapping_key),
            Err(GroupError::Neutral) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Why one of the algorithms came to nothing.
enum Failure {
    /// The chip does not offer it after all.
    Refused,
    Error(ReadError),
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Failure::Error(error)
    }
}

/// Runs the best PACE that both know. None where there is none.
///
/// # Errors
/// The password is wrong, the chip breaks the protocol, or it is gone.
pub fn perform(
    session: &mut Session<'_>,
    infos: &SecurityInfos,
    key: &AccessKey,
) -> Result<Option<Established>, ReadError> {
    let (password, secret) = match key {
        AccessKey::Mrz(mrz) => (
            Password::Mrz,
            Zeroizing::new(sha1(mrz.information().as_bytes()).to_vec()),
        ),
        AccessKey::Can(can) => (
            Password::Can,
            Zeroizing::new(can.expose().as_bytes().to_vec()),
        ),
    };
    let mut offers: Vec<&PaceInfo> = infos.pace.iter().collect();
    offers.sort_by_key(|info| info.algorithm.rank());
    for info in offers {
        let Ok((group, parameter_id)) = infos.pace_group(info) else {
            continue;
        };
        let protocol = Protocol {
            algorithm: info.algorithm,
            group,
            password,
            named_parameters: info
                .parameter_id
                .filter(|_| infos.pace_parameters_are_ambiguous()),
        };
        let nonce_key = derive_key(&secret, key_derivation::PASSWORD, info.algorithm.cipher());
        match protocol.run(session, &nonce_key, &mut system_random) {
            Ok(proof) => {
                return Ok(Some(Established {
                    algorithm: info.algorithm,
                    parameter_id,
                    proof,
                }));
            }
            Err(Failure::Refused) => {}
            Err(Failure::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

struct Protocol {
    algorithm: PaceAlgorithm,
    group: Group,
    password: Password,
    /// Sent where the chip has several sets.
    named_parameters: Option<u64>,
}

impl Protocol {
    /// `nonce_key` is K_pi. Secure messaging runs when this is done.
    fn run(
        self,
        session: &mut Session<'_>,
        nonce_key: &[u8],
        random: Random<'_>,
    ) -> Result<Option<MappingProof>, Failure> {
        self.select(session)?;
        let nonce = self.nonce(session, nonce_key)?;
        let (generator, chip_mapping_key) = self.map(session, &nonce, random)?;
        let agreed = self.agree(session, &generator, random)?;
        let cipher = self.algorithm.cipher();
        let encryption = derive_key(&agreed.secret, key_derivation::ENCRYPTION, cipher);
        let authentication = derive_key(
            &agreed.secret,
            key_derivation::MESSAGE_AUTHENTICATION,
            cipher,
        );
        let data = self.authenticate(session, &agreed, &encryption, &authentication)?;
        let messaging = SecureMessaging::new(cipher, &encryption, &authentication, &[])
            .map_err(|error| broken("mutual authentication", error.to_string()))?;
        session.set_secure_messaging(messaging);
        Ok(match (data, chip_mapping_key) {
            (Some(data), Some(mapping_key)) => Some(MappingProof {
                group: self.group,
                mapping_key,
                data,
            }),
            _ => None,
        })
    }

    /// MSE:Set AT.
    fn select(&self, session: &mut Session<'_>) -> Result<(), Failure> {
        let mut data = Vec::new();
        tlv::write(&mut data, 0x80, self.algorithm.oid().as_bytes());
        tlv::write(&mut data, 0x83, &[self.password as u8]);
        if let Some(id) = self.named_parameters {
            tlv::write(&mut data, 0x84, &reference(id));
        }
        let response = session.send(&Command::new(0x22, 0xC1, 0xA4, &data, None))?;
        match response.status.0 {
            // 63Cx warns that a try has failed before.
            0x9000 | 0x63C1..=0x63CF => Ok(()),
            0x63C0 | 0x6983 => Err(ReadError::Blocked.into()),
            0x6700 | 0x6A80..=0x6A8F | 0x6B00 | 0x6D00 | 0x6E00 => Err(Failure::Refused),
            status => Err(broken("MSE:Set AT", format!("SW {status:04X}")).into()),
        }
    }

    /// Step 1: the encrypted nonce.
    fn nonce(
        &self,
        session: &mut Session<'_>,
        nonce_key: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        const STEP: &str = "encrypted nonce";
        let response = general_authenticate(session, 0x10, None)?;
        match response.status.0 {
            0x9000 => {}
            0x6983 => return Err(ReadError::Blocked.into()),
            // Some chips only now say that they do not know what was selected.
            0x6A80..=0x6A8F => return Err(Failure::Refused),
            status => return Err(broken(STEP, format!("SW {status:04X}")).into()),
        }
        let encrypted = data_object(STEP, &response, 0x80)?;
        let cipher = self.algorithm.cipher();
        let block = cipher.block_length();
        let fits = match self.algorithm.mapping() {
            Mapping::Integrated => encrypted.len() == mapping::chip_nonce_bytes(cipher),
            _ => (block..=64).contains(&encrypted.len()),
        };
        if !fits {
            let reason = format!("a nonce of {} bytes", encrypted.len());
            return Err(broken(STEP, reason).into());
        }
        cipher
            .decrypt_cbc(nonce_key, &vec![0; block], encrypted)
            .map_err(|error| broken(STEP, error.to_string()).into())
    }

    /// Step 2: the generator, and the public key of the chip by which it came about.
    fn map(
        &self,
        session: &mut Session<'_>,
        nonce: &[u8],
        random: Random<'_>,
    ) -> Result<(Element, Option<Element>), ReadError> {
        const STEP: &str = "map nonce";
        let because = |error: GroupError| broken(STEP, error.to_string());
        if self.algorithm.mapping() == Mapping::Integrated {
            let cipher = self.algorithm.cipher();
            let mut t = vec![0; cipher.key_length()];
            random(&mut t).map_err(because)?;
            let response = general_authenticate(session, 0x10, Some((0x81, &t)))?;
            succeeded(STEP, &response)?;
            let generator = mapping::integrated(&self.group, cipher, nonce, &t).map_err(because)?;
            return Ok((generator, None));
        }
        let private = self.group.private_key(random).map_err(because)?;
        let (_, theirs) = self.exchange(
            session,
            STEP,
            (0x81, 0x82),
            &self.group.generator().map_err(because)?,
            &private,
        )?;
        let agreed = self.group.multiply(&theirs, &private).map_err(because)?;
        let generator = mapping::generic(&self.group, nonce, &agreed).map_err(because)?;
        Ok((generator, Some(theirs)))
    }

    /// Step 3.
    fn agree(
        &self,
        session: &mut Session<'_>,
        generator: &Element,
        random: Random<'_>,
    ) -> Result<Agreed, ReadError> {
        const STEP: &str = "key agreement";
        let because = |error: GroupError| broken(STEP, error.to_string());
        let private = self.group.private_key(random).map_err(because)?;
        let (ours, theirs) = self.exchange(session, STEP, (0x83, 0x84), generator, &private)?;
        let shared = self.group.multiply(&theirs, &private).map_err(because)?;
        Ok(Agreed {
            ours,
            theirs: self.group.encode(&theirs).map_err(because)?,
            secret: self.group.shared_secret(shared).map_err(because)?,
        })
    }

    /// Sends the public key of `private` and gives it encoded, with that of the chip.
    fn exchange(
        &self,
        session: &mut Session<'_>,
        step: &str,
        (sent, received): (u32, u32),
        generator: &Element,
        private: &Scalar,
    ) -> Result<(Vec<u8>, Element), ReadError> {
        let because = |error: GroupError| broken(step, error.to_string());
        let public = self.group.multiply(generator, private).map_err(because)?;
        let ours = self.group.encode(&public).map_err(because)?;
        let response = general_authenticate(session, 0x10, Some((sent, &ours)))?;
        succeeded(step, &response)?;
        let theirs = self
            .group
            .decode(data_object(step, &response, received)?)
            .map_err(because)?;
        if self.group.equal(&public, &theirs).map_err(because)? {
            return Err(broken(step, "the chip gave back our own public key"));
        }
        Ok((ours, theirs))
    }

    /// Step 4, and the data of the chip-authentication mapping.
    fn authenticate(
        &self,
        session: &mut Session<'_>,
        agreed: &Agreed,
        encryption: &[u8],
        authentication: &[u8],
    ) -> Result<Option<Scalar>, ReadError> {
        const STEP: &str = "mutual authentication";
        let token = |key: &[u8]| {
            authentication_token(self.algorithm, authentication, key)
                .map_err(|error| broken(STEP, error.to_string()))
        };
        let ours = token(&agreed.theirs)?;
        let response = general_authenticate(session, 0x00, Some((0x85, &ours)))?;
        match response.status.0 {
            0x9000 => {}
            status @ 0x63C0..=0x63CF => {
                return Err(ReadError::WrongAccessKey {
                    tries_left: Some((status & 0x0F) as u8),
                });
            }
            // 6300 by the standard; the others by chips.
            0x6300 | 0x6A80 | 0x6982 | 0x6985 | 0x6988 => {
                return Err(ReadError::WrongAccessKey { tries_left: None });
            }
            0x6983 => return Err(ReadError::Blocked),
            status => return Err(broken(STEP, format!("SW {status:04X}"))),
        }
        let expected = token(&agreed.ours)?;
        let theirs = data_object(STEP, &response, 0x86)?;
        if theirs.len() != expected.len() || !openssl::memcmp::eq(theirs, &expected) {
            return Err(broken(STEP, "the token of the chip is wrong"));
        }
        if self.algorithm.mapping() != Mapping::ChipAuthentication {
            return Ok(None);
        }
        let encrypted = data_object(STEP, &response, 0x8A)?;
        chip_authentication_data(self.algorithm.cipher(), encryption, encrypted)
            .filter(|data| data.len() == self.group.scalar_bytes())
            .and_then(|data| Scalar::from_bytes(&data).ok())
            .map(Some)
            .ok_or_else(|| broken(STEP, "malformed chip authentication data"))
    }
}

/// Both public keys as they were sent, and the secret.
struct Agreed {
    ours: Vec<u8>,
    theirs: Vec<u8>,
    secret: Zeroizing<Vec<u8>>,
}

/// The MAC over the other's public key (ICAO 9303-11, 4.4.3.4).
///
/// # Errors
/// An authentication key of the wrong length.
pub fn authentication_token(
    algorithm: PaceAlgorithm,
    authentication_key: &[u8],
    public_key: &[u8],
) -> Result<[u8; 8], CipherError> {
    let mut fields = Vec::new();
    tlv::write(&mut fields, 0x06, algorithm.oid().as_bytes());
    let tag = if algorithm.elliptic() { 0x86 } else { 0x84 };
    tlv::write(&mut fields, tag, public_key);
    let mut object = Vec::new();
    tlv::write(&mut object, 0x7F49, &fields);
    algorithm.cipher().mac(authentication_key, &object)
}

/// Decrypts with IV = E(key, -1) (ICAO 9303-11, 4.4.3.5.4). None where it cannot be.
fn chip_authentication_data(
    cipher: Cipher,
    key: &[u8],
    encrypted: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let block = cipher.block_length();
    let iv = cipher
        .encrypt_cbc(key, &vec![0; block], &vec![0xFF; block])
        .ok()?;
    let padded = cipher.decrypt_cbc(key, &iv, encrypted).ok()?;
    unpad(&padded, block).map(|data| Zeroizing::new(data.to_vec()))
}

fn general_authenticate(
    session: &mut Session<'_>,
    cla: u8,
    object: Option<(u32, &[u8])>,
) -> Result<Response, ReadError> {
    let mut inner = Vec::new();
    if let Some((tag, value)) = object {
        tlv::write(&mut inner, tag, value);
    }
    let mut data = Vec::new();
    tlv::write(&mut data, 0x7C, &inner);
    let mut command = Command::new(0x86, 0x00, 0x00, &data, Some(256));
    command.cla = cla;
    session.send(&command)
}

fn succeeded(step: &str, response: &Response) -> Result<(), ReadError> {
    match response.status.0 {
        0x9000 => Ok(()),
        0x6983 => Err(ReadError::Blocked),
        status => Err(broken(step, format!("SW {status:04X}"))),
    }
}

fn data_object<'a>(step: &str, response: &'a Response, tag: u32) -> Result<&'a [u8], ReadError> {
    let because = |error: tlv::TlvError| broken(step, error.to_string());
    let inner = tlv::only(&response.data, 0x7C).map_err(because)?;
    tlv::first(inner, tag)
        .map_err(because)?
        .ok_or_else(|| because(tlv::TlvError::Missing(tag)))
}

fn broken(step: &str, reason: impl Into<String>) -> ReadError {
    session::broken(&format!("PACE, {step}"), reason)
}

#[cfg(test)]
mod tests;
