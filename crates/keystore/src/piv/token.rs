//! The token as something with PIN, PUK and places.

use apdu::{CardChannel, Command};
use der::Encode;
use exchange::{KeyAlgorithm, Secret, StorageType};

use super::{
    application::Application,
    certificate_object::CertificateObject,
    metadata::Metadata,
    object::CHUID,
    pin,
    session::{Session, object},
    signature::identifier,
    slot::SlotId,
    tlv,
};
use crate::{KeyId, Presented, Slot, StorageError, Token, TokenStatus};

const GET_SERIAL: u8 = 0xF8;
/// CHUID: GUID (SP 800-73-4, part 1, table 9).
const GUID: u16 = 0x34;

/// A PIV token or card in a reader. Each call selects the application anew, so that it
/// may have been pulled and put in again in between.
pub struct PivToken<C> {
    pub(super) card: Application<C>,
    pub(super) kind: StorageType,
}

impl<C: CardChannel> PivToken<C> {
    /// `kind`: what the citizen knows it as.
    pub fn new(channel: C, kind: StorageType) -> Self {
        Self {
            card: Application::new(channel),
            kind,
        }
    }

    /// Yubico's serial number in decimal, as printed on the token; else the GUID.
    fn serial(&mut self) -> Result<Option<String>, StorageError> {
        let answer = self
            .card
            .transmit(&Command::new(GET_SERIAL, 0, 0, &[], Some(256)))?;
        if let (true, Ok(number)) = (answer.status.is_ok(), answer.data[..].try_into()) {
            return Ok(Some(u32::from_be_bytes(number).to_string()));
        }
        let chuid = self.card.get_data(CHUID)?;
        let guid = chuid.as_deref().and_then(|value| tlv::find(value, GUID));
        // Without a GUID of its own a card says zero.
        let told = guid.filter(|guid| guid.len() == 16 && guid.iter().any(|&b| b != 0));
        Ok(told.map(hex::encode_upper))
    }

    /// Whether the card tells of a key, without PIN.
    fn tells_of_key(&mut self, slot: SlotId) -> Result<bool, StorageError> {
        let metadata = self.card.metadata(slot.reference())?;
        Ok(matches!(metadata, Metadata::Present(_)))
    }
}

impl<C: CardChannel> Token for PivToken<C> {
    /// A place with a key that nobody wrote a certificate for looks empty where the card
    /// does not tell of keys; [`generate`](crate::KeyStorage::generate) looks closer.
    fn status(&mut self) -> Result<TokenStatus, StorageError> {
        let properties = self.card.select()?;
        let pin = self.card.pin_status(pin::PIN)?;
        let puk = self.card.pin_status(pin::PUK)?;
        let serial = self.serial()?;
        let mut slots = Vec::new();
        for slot in SlotId::all() {
            let object = object(&mut self.card, slot)?;
            let mut content = object.content(false);
            if content != object.content(true) && self.tells_of_key(slot)? {
                content = object.content(true);
            }
            slots.push(Slot {
                name: slot.to_string(),
                content,
            });
        }
        let able = properties.algorithms;
        let algorithms = [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcdsaP256]
            .into_iter()
            .filter(|&a| able.is_empty() || able.contains(&identifier(a)))
            .collect();
        Ok(TokenStatus {
            label: properties.label.unwrap_or_else(|| "PIV".to_owned()),
            serial,
            pin,
            puk: Some(puk),
            slots,
            algorithms,
            read_only: false,
            generation_erases: false,
        })
    }

    fn verify_pin(&mut self, pin: &Secret) -> Result<(), StorageError> {
        self.card.select()?;
        Session::new(&mut self.card, pin).verify()?;
        if pin::is_default(pin) {
            return Err(StorageError::TokenPinDefault);
        }
        Ok(())
    }

    fn change_pin(&mut self, old: &Secret, new: &Secret) -> Result<Option<Secret>, StorageError> {
        pin::check_new(new)?;
        self.card.select()?;
        Session::new(&mut self.card, old).personalise(new)
    }

    fn unblock(&mut self, puk: &Secret, new_pin: &Secret) -> Result<(), StorageError> {
        pin::check_new(new_pin)?;
        self.card.select()?;
        self.card.reset_retry_counter(puk, new_pin)
    }

    fn clear(&mut self, slot: &str, pin: &Secret) -> Result<(), StorageError> {
        let slot = SlotId::named(slot).ok_or(StorageError::TokenUnknown)?;
        self.card.select()?;
        Session::new(&mut self.card, pin).void(slot)
    }

    fn present(&mut self) -> Result<Presented, StorageError> {
        self.card.select()?;
        let pin = self.card.pin_status(pin::PIN)?;
        let serial = self.serial()?;
        let mut certificates = Vec::new();
        for slot in SlotId::of_holder() {
            if let CertificateObject::Certificate(held) = object(&mut self.card, slot)? {
                let der = held.certificate.to_der();
                certificates.extend(der.ok());
            }
        }
        Ok(Presented {
            serial,
            pin,
            longest_pin: pin::LENGTH as u8,
            certificates,
        })
    }

    fn authenticate(
        &mut self,
        key: &KeyId,
        pin: &Secret,
        message: &[u8],
    ) -> Result<Vec<u8>, StorageError> {
        self.card.select()?;
        let mut session = Session::new(&mut self.card, pin);
        let (slot, held) = session.find_of_holder(key)?;
        session.sign(slot, &held.key, message)
    }
}
