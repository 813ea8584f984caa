//! What a kiosk tells of itself and the office keeps.

use crate::{KioskId, Statement};

/// Signed by the kiosk's device key, counted by the kiosk from 1 for each kind, and sent
/// until the office has it. The same signed bytes again are no second one; the same
/// number around other bytes is refused ([`crate::api::ApiError::Conflict`]).
pub trait KioskStatement: Statement {
    fn kiosk(&self) -> &KioskId;
    fn number(&self) -> u64;
}
