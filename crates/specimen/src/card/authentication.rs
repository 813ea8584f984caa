//! Chip and active authentication, the chip's side (ICAO 9303-11, 6.1 and 6.2).

use chip::StatusWord;
use chip::cipher::Cipher;
use chip::key_derivation::{ENCRYPTION, MESSAGE_AUTHENTICATION, derive_key};
use chip::secure_messaging::SecureMessaging;
use chip::tlv;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcKey, EcPoint};
use openssl::pkey::Private;

use super::{NO_DIAGNOSIS, SpecimenChip};
use crate::asn1::{object, padded};
use crate::config::ChipKey;
use crate::{SpecimenError, security_infos};

/// MSE:Set AT was answered with 9000; the reader's key comes next.
pub struct ChipAuthentication(ChipKey);

impl SpecimenChip {
    /// INTERNAL AUTHENTICATE: the challenge signed with the private key of DG15.
    pub(super) fn internal_authenticate(&mut self, data: &[u8]) -> Result<Vec<u8>, StatusWord> {
        if !self.has_access() || !self.session.selection.in_application() {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        let key = self.specimen.active_key.as_ref();
        let key = key.ok_or(StatusWord::INSTRUCTION_NOT_SUPPORTED)?;
        if data.len() != 8 {
            return Err(StatusWord::WRONG_LENGTH);
        }
        key.answer(data, self.random.as_mut())
            .map_err(|_| NO_DIAGNOSIS)
    }

    /// MSE:Set AT, the way of AES (and of 3DES where the reader wants it).
    pub(super) fn select_chip_authentication(
        &mut self,
        data: &[u8],
    ) -> Result<StatusWord, StatusWord> {
        let key = self.chip_key_config()?;
        let protocol = security_infos::chip_authentication_oid(key).map_err(|_| NO_DIAGNOSIS)?;
        let named = tlv::first(data, 0x80).map_err(|_| StatusWord::WRONG_DATA)?;
        if named != Some(protocol.as_bytes()) {
            return Err(StatusWord::WRONG_DATA);
        }
        self.session.chip_authentication = Some(ChipAuthentication(key));
        Ok(StatusWord::OK)
    }

    /// MSE:Set KAT, for 3DES alone: the reader's key comes with it.
    pub(super) fn set_key_agreement(&mut self, data: &[u8]) -> Result<StatusWord, StatusWord> {
        let key = self.chip_key_config()?;
        if key.cipher != Cipher::TripleDes {
            return Err(StatusWord::FUNCTION_NOT_SUPPORTED);
        }
        let theirs = tlv::first(data, 0x91).map_err(|_| StatusWord::WRONG_DATA)?;
        self.restart(key, theirs.ok_or(StatusWord::WRONG_DATA)?)?;
        Ok(StatusWord::OK)
    }

    /// GENERAL AUTHENTICATE: an empty DO7C, still under the keys of before.
    pub(super) fn agree_on_chip_key(
        &mut self,
        selected: ChipAuthentication,
        data: &[u8],
    ) -> Result<Vec<u8>, StatusWord> {
        let inner = tlv::only(data, 0x7C).map_err(|_| StatusWord::WRONG_DATA)?;
        let theirs = tlv::first(inner, 0x80).map_err(|_| StatusWord::WRONG_DATA)?;
        self.restart(selected.0, theirs.ok_or(StatusWord::WRONG_DATA)?)?;
        Ok(object(0x7C, &[]))
    }

    fn chip_key_config(&self) -> Result<ChipKey, StatusWord> {
        if self.session.messaging.is_none() && !self.has_access() {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        let key = self.specimen.config.chip_authentication;
        key.ok_or(StatusWord::FUNCTION_NOT_SUPPORTED)
    }

    /// New keys for secure messaging, counted from zero, after the answer.
    fn restart(&mut self, key: ChipKey, theirs: &[u8]) -> Result<(), StatusWord> {
        let pair = self.specimen.chip_key.as_ref().ok_or(NO_DIAGNOSIS)?;
        let secret = agreed(pair, theirs).map_err(|_| StatusWord::WRONG_DATA)?;
        let derive = |counter| derive_key(&secret, counter, key.cipher);
        let messaging = SecureMessaging::new(
            key.cipher,
            &derive(ENCRYPTION),
            &derive(MESSAGE_AUTHENTICATION),
            &[],
        );
        self.session.next_messaging = Some(messaging.map_err(|_| NO_DIAGNOSIS)?);
        Ok(())
    }
}

/// The x-coordinate (TR-03111, 4.3.1). OpenSSL takes no point that is not on the curve.
fn agreed(pair: &EcKey<Private>, theirs: &[u8]) -> Result<Vec<u8>, SpecimenError> {
    let group = pair.group();
    let mut context = BigNumContext::new()?;
    let theirs = EcPoint::from_bytes(group, theirs, &mut context)?;
    let mut shared = EcPoint::new(group)?;
    shared.mul2(group, &theirs, pair.private_key(), &mut context)?;
    let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
    shared.affine_coordinates(group, &mut x, &mut y, &mut context)?;
    let length = group.degree().div_ceil(8) as usize;
    Ok(padded(&x, length)?)
}
