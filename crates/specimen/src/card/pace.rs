//! PACE, the chip's side (ICAO 9303-11, 4.4).

use chip::StatusWord;
use chip::cipher::{Cipher, pad};
use chip::domain_parameters::standardized;
use chip::group::{Element, Group, GroupError, Scalar};
use chip::key_derivation::{ENCRYPTION, MESSAGE_AUTHENTICATION, PASSWORD, derive_key};
use chip::pace::algorithm::Mapping;
use chip::pace::mapping;
use chip::secure_messaging::SecureMessaging;
use chip::tlv;
use openssl::bn::{BigNum, BigNumContext};

use super::{NO_DIAGNOSIS, SpecimenChip};
use crate::asn1::{object, oid, padded};
use crate::{Pace, RandomSource, SpecimenError, security_infos};

/// Between MSE:Set AT and the last token.
pub struct Run {
    pace: Pace,
    group: Group,
    /// SHA-1 of the MRZ information, or the CAN.
    password: Vec<u8>,
    step: Step,
}

enum Step {
    Nonce,
    Map { nonce: Vec<u8> },
    Agree { generator: Element, proof: Vec<u8> },
    Authenticate { agreed: Agreed, proof: Vec<u8> },
}

struct Agreed {
    ours: Vec<u8>,
    theirs: Vec<u8>,
    secret: Vec<u8>,
}

impl SpecimenChip {
    /// MSE:Set AT. 63Cx tells of failed tries and is no error.
    pub(super) fn select_pace(&mut self, data: &[u8]) -> Result<StatusWord, StatusWord> {
        self.session.pace = None;
        let pace = self.specimen.config.pace;
        let pace = pace.ok_or(StatusWord::FUNCTION_NOT_SUPPORTED)?;
        self.tries.check()?;
        let find = |tag| tlv::first(data, tag).map_err(|_| StatusWord::WRONG_DATA);
        let protocol = security_infos::pace_oid(pace).map_err(|_| NO_DIAGNOSIS)?;
        if find(0x80)? != Some(protocol.as_bytes()) {
            return Err(StatusWord::WRONG_DATA);
        }
        if find(0x84)?.is_some_and(|id| id != [pace.parameter_id]) {
            return Err(StatusWord::REFERENCE_NOT_FOUND);
        }
        let password = match find(0x83)? {
            Some([1]) => self.mrz_digest()?,
            Some([2]) => self.specimen.config.can.as_bytes().to_vec(),
            _ => return Err(StatusWord::REFERENCE_NOT_FOUND),
        };
        self.session.pace = Some(Run {
            pace,
            group: standardized(pace.parameter_id).map_err(|_| NO_DIAGNOSIS)?,
            password,
            step: Step::Nonce,
        });
        Ok(self.tries.warning())
    }

    /// One GENERAL AUTHENTICATE. A step out of order, or one that fails, ends the run.
    pub(super) fn pace_step(&mut self, run: Run, data: &[u8]) -> Result<Vec<u8>, StatusWord> {
        let data = tlv::only(data, 0x7C).map_err(|_| StatusWord::WRONG_DATA)?;
        let find = |tag| tlv::first(data, tag).map_err(|_| StatusWord::WRONG_DATA);
        let Run {
            pace,
            group,
            password,
            step,
        } = run;
        let (answer, step) = match step {
            Step::Nonce if data.is_empty() => {
                let (encrypted, nonce) = self.nonce(pace.cipher, &password)?;
                (object(0x80, &[&encrypted]), Step::Map { nonce })
            }
            Step::Map { nonce } => {
                let theirs = find(0x81)?.ok_or(StatusWord::WRONG_DATA)?;
                let mapped = self.map(pace, &group, &nonce, theirs)?;
                let Mapped {
                    ours,
                    generator,
                    proof,
                } = mapped;
                (object(0x82, &[&ours]), Step::Agree { generator, proof })
            }
            Step::Agree { generator, proof } => {
                let theirs = find(0x83)?.ok_or(StatusWord::WRONG_DATA)?;
                let agreed = self.agree(&group, &generator, theirs)?;
                let answer = object(0x84, &[&agreed.ours]);
                (answer, Step::Authenticate { agreed, proof })
            }
            Step::Authenticate { agreed, proof } => {
                let token = find(0x85)?.ok_or(StatusWord::WRONG_DATA)?;
                let answer = self.authenticate(pace, &group, &agreed, &proof, token)?;
                return Ok(object(0x7C, &[&answer]));
            }
            Step::Nonce => return Err(StatusWord::WRONG_DATA),
        };
        self.session.pace = Some(Run {
            pace,
            group,
            password,
            step,
        });
        Ok(object(0x7C, &[&answer]))
    }

    fn nonce(&mut self, cipher: Cipher, password: &[u8]) -> Result<(Vec<u8>, Vec<u8>), StatusWord> {
        // Whole blocks, no shorter than a key.
        let length = cipher.key_length().next_multiple_of(cipher.block_length());
        let nonce = self.random.bytes(length).map_err(|_| NO_DIAGNOSIS)?;
        let key = derive_key(password, PASSWORD, cipher);
        let zero = vec![0; cipher.block_length()];
        let encrypted = cipher
            .encrypt_cbc(&key, &zero, &nonce)
            .map_err(|_| NO_DIAGNOSIS)?;
        Ok((encrypted.to_vec(), nonce))
    }

    fn map(
        &mut self,
        pace: Pace,
        group: &Group,
        nonce: &[u8],
        theirs: &[u8],
    ) -> Result<Mapped, StatusWord> {
        if pace.mapping == Mapping::Integrated {
            let generator =
                mapping::integrated(group, pace.cipher, nonce, theirs).map_err(refused)?;
            return Ok(Mapped {
                ours: Vec::new(),
                generator,
                proof: Vec::new(),
            });
        }
        let theirs = group.decode(theirs).map_err(refused)?;
        let secret = self.secret(group)?;
        let private = Scalar::from_bytes(&secret).map_err(refused)?;
        let public = group
            .multiply(&group.generator().map_err(refused)?, &private)
            .map_err(refused)?;
        let agreed = group.multiply(&theirs, &private).map_err(refused)?;
        let proof = match pace.mapping {
            Mapping::ChipAuthentication => self.proof(&secret).map_err(|_| NO_DIAGNOSIS)?,
            _ => Vec::new(),
        };
        Ok(Mapped {
            ours: group.encode(&public).map_err(refused)?,
            generator: mapping::generic(group, nonce, &agreed).map_err(refused)?,
            proof,
        })
    }

    /// What the chip-authentication mapping proves the chip's key with: the inverse of
    /// that key times the private key of the mapping (ICAO 9303-11, 4.4.3.5.1).
    fn proof(&self, mapping_secret: &[u8]) -> Result<Vec<u8>, SpecimenError> {
        let Some(key) = &self.specimen.chip_key else {
            return Ok(Vec::new());
        };
        let mut context = BigNumContext::new()?;
        let mut order = BigNum::new()?;
        key.group().order(&mut order, &mut context)?;
        let mut inverse = BigNum::new()?;
        inverse.mod_inverse(key.private_key(), &order, &mut context)?;
        let mut proof = BigNum::new()?;
        let secret = BigNum::from_slice(mapping_secret)?;
        proof.mod_mul(&inverse, &secret, &order, &mut context)?;
        Ok(padded(&proof, order.num_bytes() as usize)?)
    }

    fn agree(
        &mut self,
        group: &Group,
        generator: &Element,
        theirs: &[u8],
    ) -> Result<Agreed, StatusWord> {
        let point = group.decode(theirs).map_err(refused)?;
        let private = Scalar::from_bytes(&self.secret(group)?).map_err(refused)?;
        let public = group.multiply(generator, &private).map_err(refused)?;
        let shared = group.multiply(&point, &private).map_err(refused)?;
        Ok(Agreed {
            ours: group.encode(&public).map_err(refused)?,
            theirs: theirs.to_vec(),
            secret: group.shared_secret(shared).map_err(refused)?.to_vec(),
        })
    }

    fn authenticate(
        &mut self,
        pace: Pace,
        group: &Group,
        agreed: &Agreed,
        proof: &[u8],
        token: &[u8],
    ) -> Result<Vec<u8>, StatusWord> {
        let cipher = pace.cipher;
        let broken = |_| NO_DIAGNOSIS;
        let encryption = derive_key(&agreed.secret, ENCRYPTION, cipher);
        let authentication = derive_key(&agreed.secret, MESSAGE_AUTHENTICATION, cipher);
        let expect = |key: &[u8]| {
            let protocol = security_infos::pace_oid(pace).map_err(|_| NO_DIAGNOSIS)?;
            let tag = if group.is_curve() { 0x86 } else { 0x84 };
            let input = object(0x7F49, &[&oid(protocol), &object(tag, &[key])]);
            cipher.mac(&authentication, &input).map_err(broken)
        };
        if token != expect(&agreed.ours)? {
            return Err(self.tries.failed());
        }
        self.tries.passed();
        let mut answer = object(0x86, &[&expect(&agreed.theirs)?]);
        if pace.mapping == Mapping::ChipAuthentication {
            let block = cipher.block_length();
            let iv = cipher
                .encrypt_cbc(&encryption, &vec![0; block], &vec![0xFF; block])
                .map_err(broken)?;
            let data = cipher
                .encrypt_cbc(&encryption, &iv, &pad(proof, block))
                .map_err(broken)?;
            answer.extend(object(0x8A, &[&data]));
        }
        let messaging = SecureMessaging::new(cipher, &encryption, &authentication, &[]);
        self.session.next_messaging = Some(messaging.map_err(broken)?);
        self.session.access = true;
        Ok(answer)
    }

    /// A private key of the group.
    fn secret(&mut self, group: &Group) -> Result<Vec<u8>, StatusWord> {
        let random = &mut self.random;
        random_secret(group, random.as_mut()).map_err(|_| NO_DIAGNOSIS)
    }
}

struct Mapped {
    ours: Vec<u8>,
    generator: Element,
    proof: Vec<u8>,
}

/// With a first byte of zero it is below the order, whichever group.
fn random_secret(group: &Group, random: &mut dyn RandomSource) -> Result<Vec<u8>, SpecimenError> {
    let mut secret = random.bytes(group.scalar_bytes())?;
    if let Some(first) = secret.first_mut() {
        *first = 0;
    }
    if let Some(last) = secret.last_mut() {
        *last |= 1;
    }
    Ok(secret)
}

/// What the reader sent is no element of the group, or leads nowhere.
fn refused(_: GroupError) -> StatusWord {
    StatusWord::WRONG_DATA
}
