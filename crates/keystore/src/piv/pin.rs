//! PIN and PUK: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER (SP 800-73-4, part 2,
//! sections 3.2.1 to 3.2.3).

use apdu::{CardChannel, Command, StatusWord};
use exchange::Secret;
use zeroize::Zeroizing;

use super::application::Application;
use crate::{PinStatus, PrivateKeyError, StorageError};

pub const PIN: u8 = 0x80;
pub const PUK: u8 = 0x81;

const VERIFY: u8 = 0x20;
const CHANGE: u8 = 0x24;
const RESET_RETRY_COUNTER: u8 = 0x2C;

/// Bytes of both on the card; a shorter PIN is filled up with FF.
pub const LENGTH: usize = 8;

const DEFAULT_PIN: &str = "123456";
const DEFAULT_PUK: &str = "12345678";

/// Whether it is the PIN that every token of this kind comes with.
pub fn is_default(pin: &Secret) -> bool {
    *pin == Secret::from(DEFAULT_PIN)
}

pub fn default_puk() -> Secret {
    Secret::from(DEFAULT_PUK)
}

/// Six to eight digits (part 1, section 4.3.2), and not the default.
pub fn check_new(pin: &Secret) -> Result<(), StorageError> {
    let text = pin.expose();
    let fits = (6..=LENGTH).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    match fits && !is_default(pin) {
        true => Ok(()),
        false => Err(StorageError::TokenPinRule),
    }
}

/// Eight random digits, which can be written down.
pub fn random_puk() -> Result<Secret, StorageError> {
    let mut puk = Secret::new();
    while puk.len() < LENGTH {
        let mut byte = Zeroizing::new([0_u8]);
        getrandom::fill(&mut *byte).map_err(|_| StorageError::Key(PrivateKeyError::Generation))?;
        // 250 to 255 would favour some digits.
        if byte[0] < 250 {
            puk.push(char::from(b'0' + byte[0] % 10));
        }
    }
    Ok(puk)
}

/// None: too long, or empty, so it cannot be what the card holds.
fn padded(secret: &Secret) -> Option<Zeroizing<[u8; LENGTH]>> {
    let text = secret.expose().as_bytes();
    let mut bytes = Zeroizing::new([0xFF; LENGTH]);
    bytes.get_mut(..text.len())?.copy_from_slice(text);
    (!text.is_empty()).then_some(bytes)
}

fn pair(first: &Secret, second: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    let mut data = Zeroizing::new(Vec::with_capacity(2 * LENGTH));
    data.extend_from_slice(&*padded(first)?);
    data.extend_from_slice(&*padded(second)?);
    Some(data)
}

/// How a card took a PIN or PUK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Yes,
    /// Tries left where it told.
    Wrong(Option<u8>),
    Blocked,
    /// Not a form that it accepts at all; no try is counted.
    Form,
}

impl Taken {
    fn of(status: StatusWord) -> Result<Taken, StorageError> {
        match status {
            StatusWord::OK => Ok(Taken::Yes),
            StatusWord::AUTHENTICATION_BLOCKED => Ok(Taken::Blocked),
            StatusWord::WRONG_DATA | StatusWord::WRONG_LENGTH => Ok(Taken::Form),
            StatusWord::VERIFICATION_FAILED => Ok(Taken::Wrong(None)),
            status => match status.tries_left() {
                Some(0) => Ok(Taken::Blocked),
                Some(left) => Ok(Taken::Wrong(Some(left))),
                None => Err(StorageError::TokenFailed),
            },
        }
    }
}

impl<C: CardChannel> Application<C> {
    /// Costs no try. Some cards tell nothing while the PIN is verified.
    pub fn pin_tries_left(&mut self) -> Result<Option<u8>, StorageError> {
        let answer = self.transmit(&Command::new(VERIFY, 0, PIN, &[], None))?;
        Ok(match answer.status {
            StatusWord::AUTHENTICATION_BLOCKED => Some(0),
            status => status.tries_left(),
        })
    }

    /// PIN or PUK without a try: GET METADATA, for the PIN else an empty VERIFY.
    pub fn pin_status(&mut self, reference: u8) -> Result<PinStatus, StorageError> {
        let mut status = self.metadata(reference)?.pin();
        if reference == PIN && status.tries_left.is_none() {
            status.tries_left = self.pin_tries_left()?;
        }
        Ok(status)
    }

    /// # Errors
    /// [`StorageError::WrongSecret`], [`StorageError::TokenBlocked`].
    pub fn verify(&mut self, pin: &Secret) -> Result<(), StorageError> {
        let taken = match padded(pin) {
            None => Taken::Form,
            Some(data) => {
                let command = Command::new(VERIFY, 0, PIN, &*data, None);
                Taken::of(self.transmit(&command)?.status)?
            }
        };
        self.pin_result(taken)
    }

    /// The PIN no longer counts as verified. Cards that cannot do so forget it without
    /// power; so nothing is made of a refusal.
    pub fn forget_pin(&mut self) {
        let _ = self.transmit(&Command::new(VERIFY, 0xFF, PIN, &[], None));
    }

    /// # Errors
    /// As [`Application::verify`]; [`StorageError::TokenPinRule`] when the card does not
    /// take the new one.
    pub fn change_pin(&mut self, old: &Secret, new: &Secret) -> Result<(), StorageError> {
        match self.change(PIN, old, new)? {
            Taken::Form => Err(StorageError::TokenPinRule),
            taken => self.pin_result(taken),
        }
    }

    pub fn change_puk(&mut self, old: &Secret, new: &Secret) -> Result<Taken, StorageError> {
        self.change(PUK, old, new)
    }

    fn change(&mut self, reference: u8, old: &Secret, new: &Secret) -> Result<Taken, StorageError> {
        let Some(data) = pair(old, new) else {
            return Ok(Taken::Form);
        };
        Taken::of(
            self.transmit(&Command::new(CHANGE, 0, reference, &data, None))?
                .status,
        )
    }

    /// Sets a new PIN by the PUK.
    ///
    /// # Errors
    /// [`StorageError::TokenPukWrong`], [`StorageError::TokenPukBlocked`].
    pub fn reset_retry_counter(
        &mut self,
        puk: &Secret,
        new_pin: &Secret,
    ) -> Result<(), StorageError> {
        let wrong = |tries_left| Err(StorageError::TokenPukWrong { tries_left });
        // All eight bytes of a PUK count: a shorter one is a slip of the finger.
        let (Some(data), LENGTH) = (pair(puk, new_pin), puk.expose().len()) else {
            return wrong(self.metadata(PUK)?.pin().tries_left);
        };
        let command = Command::new(RESET_RETRY_COUNTER, 0, PIN, &data, None);
        match Taken::of(self.transmit(&command)?.status)? {
            Taken::Yes => Ok(()),
            Taken::Wrong(tries_left) => wrong(tries_left),
            Taken::Blocked => Err(StorageError::TokenPukBlocked),
            Taken::Form => Err(StorageError::TokenPinRule),
        }
    }

    fn pin_result(&mut self, taken: Taken) -> Result<(), StorageError> {
        let tries_left = match taken {
            Taken::Yes => return Ok(()),
            Taken::Blocked => Some(0),
            Taken::Wrong(Some(left)) => Some(left),
            Taken::Wrong(None) | Taken::Form => self.pin_tries_left()?,
        };
        match tries_left {
            Some(0) => Err(StorageError::TokenBlocked),
            tries_left => Err(StorageError::WrongSecret { tries_left }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_pin_has_six_to_eight_digits() {
        for (pin, fits) in [
            ("654321", true),
            ("87654321", true),
            ("12345", false),
            ("123456789", false),
            ("12345a", false),
            ("123456", false),
            ("", false),
        ] {
            assert_eq!(check_new(&Secret::from(pin)).is_ok(), fits, "{pin}");
        }
    }

    #[test]
    fn pins_are_filled_up() {
        let bytes = padded(&Secret::from("654321")).unwrap();
        assert_eq!(*bytes, *b"654321\xFF\xFF");
        assert!(padded(&Secret::from("123456789")).is_none());
        assert!(padded(&Secret::new()).is_none());
        assert_ne!(random_puk().unwrap(), random_puk().unwrap());
        assert_eq!(random_puk().unwrap().len(), LENGTH);
    }
}
