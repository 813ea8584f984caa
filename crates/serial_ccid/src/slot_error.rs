//! Why a reader did not do what it was asked to.

use apdu::ChannelError;

/// The slot error register (USB CCID 1.1, table 6.2-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    #[error("the command was aborted")]
    CommandAborted,
    #[error("the card does not answer")]
    IccMute,
    #[error("parity error between reader and card")]
    TransferParity,
    #[error("overrun between reader and card")]
    TransferOverrun,
    #[error("the reader's hardware failed")]
    Hardware,
    #[error("the answer to reset has a wrong TS")]
    BadAtrTs,
    #[error("the answer to reset has a wrong TCK")]
    BadAtrTck,
    #[error("the reader does not speak the card's protocol")]
    ProtocolNotSupported,
    #[error("the reader does not know the card's class")]
    ClassNotSupported,
    #[error("procedure byte conflict")]
    ProcedureByteConflict,
    #[error("the protocol is not active")]
    DeactivatedProtocol,
    #[error("the reader is busy with the card")]
    BusyWithAutoSequence,
    #[error("no PIN was entered in time")]
    PinTimeout,
    #[error("PIN entry was cancelled")]
    PinCancelled,
    #[error("the slot is busy")]
    SlotBusy,
    #[error("the reader does not know the command")]
    CommandNotSupported,
    #[error("the reader does not take byte {0} of the message")]
    Parameter(u8),
    #[error("error {0:#04x} of this make of reader")]
    Vendor(u8),
}

impl From<u8> for SlotError {
    fn from(register: u8) -> Self {
        match register {
            0xFF => SlotError::CommandAborted,
            0xFE => SlotError::IccMute,
            0xFD => SlotError::TransferParity,
            0xFC => SlotError::TransferOverrun,
            0xFB => SlotError::Hardware,
            0xF8 => SlotError::BadAtrTs,
            0xF7 => SlotError::BadAtrTck,
            0xF6 => SlotError::ProtocolNotSupported,
            0xF5 => SlotError::ClassNotSupported,
            0xF4 => SlotError::ProcedureByteConflict,
            0xF3 => SlotError::DeactivatedProtocol,
            0xF2 => SlotError::BusyWithAutoSequence,
            0xF0 => SlotError::PinTimeout,
            0xEF => SlotError::PinCancelled,
            0xE0 => SlotError::SlotBusy,
            0 => SlotError::CommandNotSupported,
            byte @ 1..=0x7F => SlotError::Parameter(byte),
            // 81 to C0 by the standard; the gaps are reserved, and used by some.
            other => SlotError::Vendor(other),
        }
    }
}

/// With a card that is there and powered. One that does not answer may have been
/// pulled: the slot's status tells, which comes with every answer.
impl From<SlotError> for ChannelError {
    fn from(error: SlotError) -> Self {
        match error {
            // Another power-up came between.
            SlotError::DeactivatedProtocol => ChannelError::Reset,
            _ => ChannelError::Failed,
        }
    }
}
