//! Making a key pair and signing with it: GENERATE ASYMMETRIC KEY PAIR and GENERAL
//! AUTHENTICATE (SP 800-73-4, part 2, sections 3.3.2 and 3.2.4, appendix A.4).

use apdu::{CardChannel, Command, StatusWord};
use exchange::KeyAlgorithm;
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey, EcPoint},
    error::ErrorStack,
    nid::Nid,
    pkey::PKey,
    rsa::Rsa,
    sha::sha256,
};

use super::{
    application::Application,
    general_authenticate::{CHALLENGE, RESPONSE},
    object::NO_SPACE,
    slot::SlotId,
    tlv,
};
use crate::{PrivateKeyError, PublicKey, StorageError};

const GENERATE: u8 = 0x47;
const CONTROL_REFERENCE: u16 = 0xAC;
const MECHANISM: u16 = 0x80;
const PUBLIC_KEY: u16 = 0x7F49;
const MODULUS: u16 = 0x81;
const EXPONENT: u16 = 0x82;
const POINT: u16 = 0x86;

/// DigestInfo of SHA-256 up to the digest (RFC 8017, section 9.2, note 1).
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];
const RSA_LENGTH: usize = 256;

/// SP 800-78-4, table 6-2.
pub fn identifier(algorithm: KeyAlgorithm) -> u8 {
    match algorithm {
        KeyAlgorithm::Rsa2048 => 0x07,
        KeyAlgorithm::EcdsaP256 => 0x11,
    }
}

/// What the card signs: the whole EMSA-PKCS1-v1_5 block (RFC 8017, section 9.2), as the
/// card does the bare RSA only, or the digest.
fn to_be_signed(algorithm: KeyAlgorithm, message: &[u8]) -> Vec<u8> {
    let digest = sha256(message);
    match algorithm {
        KeyAlgorithm::EcdsaP256 => digest.to_vec(),
        KeyAlgorithm::Rsa2048 => {
            let padding = RSA_LENGTH - 3 - DIGEST_INFO.len() - digest.len();
            let mut block = vec![0x00, 0x01];
            block.resize(2 + padding, 0xFF);
            block.push(0x00);
            block.extend(DIGEST_INFO);
            block.extend(digest);
            block
        }
    }
}

/// Algorithm and challenge for each kind of key that a card can hold (SP 800-78-4, table
/// 6-2): whatever is there signs one of them.
pub fn trials(message: &[u8]) -> [(u8, Vec<u8>); 3] {
    const P384: u8 = 0x14;
    const P384_LENGTH: usize = 48;
    let mut longer = sha256(message).to_vec();
    longer.resize(P384_LENGTH, 0);
    let ours = |algorithm| (identifier(algorithm), to_be_signed(algorithm, message));
    [
        ours(KeyAlgorithm::EcdsaP256),
        (P384, longer),
        ours(KeyAlgorithm::Rsa2048),
    ]
}

/// Reads what is inside tag 7F49.
fn public_key(algorithm: KeyAlgorithm, template: &[u8]) -> Option<PublicKey> {
    let der = match algorithm {
        KeyAlgorithm::Rsa2048 => {
            let (n, e) = (
                tlv::find(template, MODULUS)?,
                tlv::find(template, EXPONENT)?,
            );
            // A hostile card shall not keep OpenSSL busy.
            (n.len() <= RSA_LENGTH + 1 && e.len() <= 8).then_some(())?;
            rsa_der(n, e).ok()?
        }
        KeyAlgorithm::EcdsaP256 => point_der(tlv::find(template, POINT)?).ok()?,
    };
    let key = PublicKey::from_der(&der).ok()?;
    (key.algorithm() == algorithm).then_some(key)
}

fn rsa_der(n: &[u8], e: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let rsa = Rsa::from_public_components(BigNum::from_slice(n)?, BigNum::from_slice(e)?)?;
    PKey::from_rsa(rsa)?.public_key_to_der()
}

fn point_der(point: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let point = EcPoint::from_bytes(&group, point, &mut *BigNumContext::new()?)?;
    PKey::from_ec_key(EcKey::from_public_key(&group, &point)?)?.public_key_to_der()
}

impl<C: CardChannel> Application<C> {
    /// Needs the management key. Overwrites what is there.
    ///
    /// # Errors
    /// [`StorageError::TokenUnknown`] when the card cannot make such a key there.
    pub fn generate(
        &mut self,
        slot: SlotId,
        algorithm: KeyAlgorithm,
    ) -> Result<PublicKey, StorageError> {
        let mechanism = tlv::Writer::default()
            .object(MECHANISM, &[identifier(algorithm)])
            .done();
        let data = tlv::Writer::default()
            .object(CONTROL_REFERENCE, &mechanism)
            .done();
        let command = Command::new(GENERATE, 0, slot.reference(), &data, Some(256));
        let answer = self.transmit(&command)?;
        match answer.status {
            StatusWord::OK => tlv::find(&answer.data, PUBLIC_KEY)
                .and_then(|template| public_key(algorithm, template))
                .ok_or(StorageError::Key(PrivateKeyError::Generation)),
            StatusWord::SECURITY_STATUS_NOT_SATISFIED => Err(StorageError::TokenManagementKey),
            NO_SPACE => Err(StorageError::TokenFull),
            StatusWord::WRONG_DATA
            | StatusWord::FUNCTION_NOT_SUPPORTED
            | StatusWord::WRONG_PARAMETERS
            | StatusWord::REFERENCE_NOT_FOUND
            | StatusWord::INSTRUCTION_NOT_SUPPORTED => Err(StorageError::TokenUnknown),
            _ => Err(StorageError::Key(PrivateKeyError::Generation)),
        }
    }

    /// Right behind VERIFY, as the signature key asks for. None: the card did not sign,
    /// most likely because there is no such key.
    pub fn sign(
        &mut self,
        slot: SlotId,
        algorithm: KeyAlgorithm,
        message: &[u8],
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let challenge = to_be_signed(algorithm, message);
        self.respond(slot, identifier(algorithm), &challenge)
    }

    /// The private key's operation on `challenge`, as [`Application::sign`].
    pub fn respond(
        &mut self,
        slot: SlotId,
        algorithm: u8,
        challenge: &[u8],
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let inside = tlv::Writer::default()
            .object(RESPONSE, &[])
            .object(CHALLENGE, challenge)
            .done();
        let signature =
            self.general_authenticate(algorithm, slot.reference(), &inside, RESPONSE)?;
        Ok(signature.map(|signature| signature.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use openssl::rsa::Padding;
    use proptest::prelude::*;

    use super::*;

    /// What a card does with the block is a signature for everybody else.
    #[test]
    fn the_block_is_that_of_rfc_8017() {
        let rsa = Rsa::generate(2048).unwrap();
        let block = to_be_signed(KeyAlgorithm::Rsa2048, b"message");
        let mut signature = vec![0; RSA_LENGTH];
        rsa.private_encrypt(&block, &mut signature, Padding::NONE)
            .unwrap();
        let template = tlv::Writer::default()
            .object(MODULUS, &rsa.n().to_vec())
            .object(EXPONENT, &rsa.e().to_vec())
            .done();
        let key = public_key(KeyAlgorithm::Rsa2048, &template).unwrap();
        assert!(key.verifies(b"message", &signature));
        assert!(!key.verifies(b"massage", &signature));
        assert!(public_key(KeyAlgorithm::EcdsaP256, &template).is_none());
    }

    #[test]
    fn a_point_off_the_curve_is_no_key() {
        let mut point = [7; 65];
        point[0] = 4;
        let template = tlv::Writer::default().object(POINT, &point).done();
        assert!(public_key(KeyAlgorithm::EcdsaP256, &template).is_none());
    }

    proptest! {
        #[test]
        fn any_answer_is_a_key_or_none(
            modulus in prop::collection::vec(any::<u8>(), 0..300),
            exponent in prop::collection::vec(any::<u8>(), 0..12),
            point in prop::collection::vec(any::<u8>(), 0..70),
        ) {
            let template = tlv::Writer::default()
                .object(MODULUS, &modulus)
                .object(EXPONENT, &exponent)
                .object(POINT, &point)
                .done();
            let _ = public_key(KeyAlgorithm::Rsa2048, &template);
            let _ = public_key(KeyAlgorithm::EcdsaP256, &template);
        }
    }
}
