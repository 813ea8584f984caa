//! Who the card says is there, and the proof by its key.

use std::sync::Arc;

use exchange::{Digest, Secret, Technician, TechnicianError, technician};
use keystore::{Presented, PublicKey, StorageError, Token};

use crate::maintenance::{Answer, CardSeen, Refusal};
use crate::run::asked::blocking;
use crate::run::world::Inner;
use crate::session::event::Failure;

use super::kept::Shown;

impl Inner {
    pub(super) async fn read_technicians_card(self: &Arc<Self>) -> Result<Answer, Failure> {
        let world = self.clone();
        blocking(move || Ok(Answer::Card(world.look_at_card()))).await
    }

    fn look_at_card(&self) -> CardSeen {
        self.kept().shown = None;
        let presented = match self.with_card(|card| card.present()) {
            Ok(presented) => presented,
            Err(e) => {
                tracing::info!("what was put in is no technician's card: {e}");
                return CardSeen::Strange;
            }
        };
        let mut seen = CardSeen::Strange;
        for certificate in &presented.certificates {
            match self.admit(certificate) {
                Ok(technician) => return self.shown(presented.clone(), technician),
                Err(error) => {
                    if let Some(refusal) = refused(error) {
                        tracing::warn!("a technician's card is refused: {error}");
                        seen = CardSeen::Refused(refusal);
                    }
                }
            }
        }
        seen
    }

    fn shown(&self, presented: Presented, technician: Technician) -> CardSeen {
        let seen = CardSeen::Technician {
            name: technician.name.clone(),
            valid_until: technician.not_after,
            tries_left: presented.pin.tries_left,
            longest_pin: presented.longest_pin,
        };
        self.kept().shown = Some(Shown {
            presented,
            technician,
        });
        seen
    }

    /// The PIN is tried once, whatever comes of it.
    pub(super) async fn prove_technician(self: &Arc<Self>, pin: Secret) -> Result<Answer, Failure> {
        let world = self.clone();
        let proven = blocking(move || Ok(world.prove(&pin))).await?;
        let technician = match proven {
            Ok(technician) => technician,
            Err(answer) => return Ok(answer),
        };
        tracing::info!(serial = %technician.serial, "a technician is let in");
        self.open_work_order(technician.serial).await;
        Ok(Answer::Proven)
    }

    fn prove(&self, pin: &Secret) -> Result<Technician, Answer> {
        let refuse = |refusal| Answer::Refused(refusal);
        let Some(shown) = self.kept().shown.clone() else {
            return Err(refuse(Refusal::CardFailed));
        };
        let technician = shown.technician;
        // Whom the office ended since, too.
        let still = shown.presented.certificates.iter().any(|certificate| {
            let admitted = self.admit(certificate);
            admitted.is_ok_and(|again| again.serial == technician.serial)
        });
        let kiosk = self.kiosk_id();
        let key = PublicKey::from_der(&technician.public_key).ok();
        let (true, Some(kiosk), Some(key)) = (still, kiosk, key) else {
            return Err(refuse(Refusal::KeyRefused));
        };
        let mut nonce = Digest([0; 32]);
        getrandom::fill(&mut nonce.0).map_err(|_| refuse(Refusal::Failed))?;
        let message = technician::presence_bytes(&kiosk, &nonce);
        let signed = self.with_card(|card| {
            let now = card.present()?;
            if !is_same(&now, &shown.presented) {
                return Err(StorageError::NoKey);
            }
            card.authenticate(&key.id(), pin, &message)
        });
        let signature = signed.map_err(|error| {
            tracing::warn!("a technician was not let in: {error}");
            unproven(&error)
        })?;
        if !key.verifies(&message, &signature) {
            tracing::error!("a technician's card signed with another key");
            return Err(refuse(Refusal::KeyRefused));
        }
        let mut kept = self.kept();
        // A visit that was left while the card thought is over.
        let shown_still = kept.shown.take();
        if !shown_still.is_some_and(|now| is_same(&now.presented, &shown.presented)) {
            return Err(refuse(Refusal::CardFailed));
        }
        kept.entered = true;
        Ok(technician)
    }

    fn with_card<T>(
        &self,
        work: impl FnOnce(&mut dyn Token) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        self.cards.with_card(self.tokens.as_deref(), work)
    }
}

fn is_same(now: &Presented, before: &Presented) -> bool {
    now.serial == before.serial && now.certificates == before.certificates
}

/// None: not of this office's technicians at all.
fn refused(error: TechnicianError) -> Option<Refusal> {
    match error {
        TechnicianError::Expired => Some(Refusal::CardExpired),
        TechnicianError::NotYet => Some(Refusal::CardNotYet),
        TechnicianError::Revoked => Some(Refusal::CardRevoked),
        TechnicianError::ListStale => Some(Refusal::ListTooOld),
        TechnicianError::Serial
        | TechnicianError::Malformed
        | TechnicianError::OtherOffice
        | TechnicianError::NotTechnician
        | TechnicianError::ListNotSigned
        | TechnicianError::ListSuperseded => None,
    }
}

fn unproven(error: &StorageError) -> Answer {
    Answer::Refused(match error {
        StorageError::WrongSecret {
            tries_left: Some(0),
        }
        | StorageError::TokenBlocked => Refusal::PinBlocked,
        StorageError::WrongSecret { tries_left } => {
            return Answer::PinWrong {
                tries_left: *tries_left,
            };
        }
        StorageError::TokenPinWrong => return Answer::PinWrong { tries_left: None },
        StorageError::TokenMissing | StorageError::TokenPulled => Refusal::CardPulled,
        StorageError::NoKey | StorageError::TestFailed => Refusal::KeyRefused,
        _ => Refusal::CardFailed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_told_nothing_and_technicians_why() {
        use TechnicianError::*;
        for strange in [Malformed, OtherOffice, NotTechnician] {
            assert_eq!(refused(strange), None);
        }
        assert_eq!(refused(Expired), Some(Refusal::CardExpired));
        assert_eq!(refused(Revoked), Some(Refusal::CardRevoked));
        assert_eq!(refused(ListStale), Some(Refusal::ListTooOld));
    }

    #[test]
    fn tries_are_told_until_the_pin_is_blocked() {
        let wrong = |tries_left| unproven(&StorageError::WrongSecret { tries_left });
        let is_wrong =
            |answer, left| matches!(answer, Answer::PinWrong { tries_left } if tries_left == left);
        assert!(is_wrong(wrong(Some(2)), Some(2)));
        assert!(is_wrong(wrong(None), None));
        assert!(is_wrong(unproven(&StorageError::TokenPinWrong), None));
        for blocked in [wrong(Some(0)), unproven(&StorageError::TokenBlocked)] {
            assert!(matches!(blocked, Answer::Refused(Refusal::PinBlocked)));
        }
        let pulled = unproven(&StorageError::TokenPulled);
        assert!(matches!(pulled, Answer::Refused(Refusal::CardPulled)));
    }
}
