//! What PINs of tokens may be, and which faults of a token are final.

use exchange::{Iin, Secret, StorageType};
use faults::Fault;

use crate::session::account_pin::is_obvious;
use crate::session::event::Field;
use crate::session::view::FieldError;

/// Characters of a new PIN; SP 800-73-4 allows no others, and all tokens take them.
const NEW_PIN: std::ops::RangeInclusive<usize> = 6..=8;
/// Longest PIN or PUK of other tokens than PIV.
const LONGEST: usize = 32;

/// The PIN that tokens of this kind come with.
pub(super) fn factory_pin(kind: StorageType) -> Option<&'static str> {
    match kind {
        StorageType::AKKaztokenStore => Some("12345678"),
        StorageType::AKEToken72KStore
        | StorageType::AKEToken5110Store
        | StorageType::AKJaCartaStore
        | StorageType::AKAKEYStore => Some("1234567890"),
        StorageType::Piv => Some("123456"),
        StorageType::AKKZIDCardStore | StorageType::Pkcs12 => None,
    }
}

pub(super) fn has_digits_only(kind: StorageType) -> bool {
    matches!(kind, StorageType::Piv | StorageType::AKKZIDCardStore)
}

/// Characters of a PIN or PUK that must be there before the token is asked: a PIV
/// token counts one that cannot be right as a try all the same.
pub(super) fn shortest(kind: StorageType) -> usize {
    match kind {
        StorageType::Piv => *NEW_PIN.start(),
        _ => 1,
    }
}

pub(super) fn longest(kind: StorageType, field: Field) -> usize {
    match (kind, field) {
        (StorageType::Piv, _) | (_, Field::NewTokenPin | Field::NewTokenPinAgain) => *NEW_PIN.end(),
        _ => LONGEST,
    }
}

/// Why this cannot become the PIN of such a token; `old`: the one it has.
pub(super) fn wrong_with(
    new: &Secret,
    old: Option<&Secret>,
    kind: StorageType,
    iin: Option<&Iin>,
) -> Option<FieldError> {
    let of_digits = new.expose().bytes().all(|b| b.is_ascii_digit());
    if !NEW_PIN.contains(&new.len()) {
        let digits = has_digits_only(kind);
        Some(FieldError::TokenPinRule { digits })
    } else if old == Some(new) || factory_pin(kind) == Some(new.expose()) {
        Some(FieldError::PinUnchanged)
    } else if of_digits && is_obvious(new.expose(), iin, None) {
        Some(FieldError::PinObvious)
    } else {
        None
    }
}

/// Whether another storage is the only help; else the token may be looked at again.
pub(super) fn is_final(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::TokenPinBlocked
            | Fault::TokenPukBlocked
            | Fault::TokenOccupied
            | Fault::TokenFull
            | Fault::TokenReadOnly
            | Fault::TokenUnknown
            | Fault::TokenManagementKey
    )
}
