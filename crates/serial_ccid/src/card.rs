//! A powered card: its answer to reset, T=1, and APDUs.

use std::borrow::BorrowMut;
use std::time::{Duration, Instant};

use apdu::{Atr, AtrError, CardChannel, ChannelError};
use zeroize::Zeroizing;

use crate::block_protocol::{BlockFault, BlockLine, BlockProtocol};
use crate::line::Line;
use crate::message::{Answer, Command, Outcome, SlotStatus, Voltage};
use crate::parameters::{BlockParameters, Unsuitable};
use crate::reader::{SerialReader, channel_error};
use crate::slot_error::SlotError;

/// Beyond the silence that is borne: an answer to reset comes slowly from some cards.
const RESET: Duration = Duration::from_secs(3);

/// Class A first: every card but a few takes it, and none is harmed (ISO 7816-3, 6.2.1).
const VOLTAGES: [Voltage; 3] = [Voltage::Five, Voltage::Three, Voltage::OnePointEight];

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    #[error("there is no card in the reader")]
    NoCard,
    /// Put in the wrong way round, or no chip card.
    #[error("the card does not answer to reset: {0}")]
    Mute(SlotError),
    #[error("the answer to reset: {0}")]
    Atr(#[from] AtrError),
    #[error("the card does not speak T=1")]
    Protocol,
    #[error("the card asks for T=1 with a redundancy code")]
    RedundancyCode,
    #[error("the reader does not do as asked: {0}")]
    Refused(SlotError),
    #[error(transparent)]
    Channel(#[from] ChannelError),
}

/// A card that is powered as long as this lives.
pub struct SerialCard<R: BorrowMut<SerialReader>> {
    reader: R,
    atr: Atr,
    protocol: BlockProtocol,
    block_waiting_time: Duration,
    /// Cards pulled from the reader before this one was powered.
    removals: u32,
    /// Why nothing more can be said to it.
    ended: Option<ChannelError>,
}

impl<R: BorrowMut<SerialReader>> SerialCard<R> {
    pub(crate) fn connect(mut reader: R) -> Result<SerialCard<R>, ConnectError> {
        let line = reader.borrow_mut().line();
        let deadline = Instant::now() + line.timing.longest;
        let powered = match (PowerUp { line, deadline }).run() {
            Ok(powered) => powered,
            Err(error) => {
                if !matches!(error, ConnectError::NoCard | ConnectError::Channel(_)) {
                    power_off(line);
                }
                return Err(error);
            }
        };
        let mut card = SerialCard {
            removals: powered.removals,
            atr: powered.atr,
            protocol: BlockProtocol::new(powered.parameters.information_size),
            block_waiting_time: powered.parameters.block_waiting_time(powered.speed),
            ended: None,
            reader,
        };
        card.by_blocks(|protocol, line| protocol.announce_information_size(line))?;
        Ok(card)
    }

    pub fn atr(&self) -> &Atr {
        &self.atr
    }

    /// Most bytes of an APDU that go to the card in one block. Command chaining
    /// (ISO 7816-4, 5.3.3) by commands of this length costs half as many blocks as by
    /// longer ones.
    pub fn information_size(&self) -> usize {
        self.protocol.information_size()
    }

    pub fn reader(&self) -> &SerialReader {
        self.reader.borrow()
    }

    fn by_blocks<T>(
        &mut self,
        exchange: impl FnOnce(&mut BlockProtocol, &mut CardLine) -> Result<T, ChannelError>,
    ) -> Result<T, ChannelError> {
        if let Some(ended) = self.ended {
            return Err(ended);
        }
        let line = self.reader.borrow_mut().line();
        let deadline = Instant::now() + line.timing.longest;
        let mut line = CardLine {
            patience: line.timing.silence,
            block_waiting_time: self.block_waiting_time,
            removals: self.removals,
            line,
            deadline,
        };
        let done = exchange(&mut self.protocol, &mut line);
        // A failed transport may recover: the next command begins with resynchronisation.
        if let Err(error) = done
            && error != ChannelError::Failed
        {
            self.ended = Some(error);
        }
        done
    }
}

impl<R: BorrowMut<SerialReader>> CardChannel for SerialCard<R> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let mut answer = self.by_blocks(|protocol, line| protocol.transmit(line, command))?;
        match answer.len() {
            0 | 1 => Err(ChannelError::Failed),
            _ => Ok(std::mem::take(&mut answer)),
        }
    }
}

impl<R: BorrowMut<SerialReader>> Drop for SerialCard<R> {
    fn drop(&mut self) {
        let line = self.reader.borrow_mut().line();
        if !matches!(self.ended, Some(ChannelError::ReaderGone)) {
            power_off(line);
        }
    }
}

/// A card that is not there any more needs no power.
fn power_off(line: &mut Line) {
    let silence = line.timing.silence;
    let _ = line.exchange(&Command::IccPowerOff, silence, Instant::now() + silence);
}

/// A card that has agreed to T=1.
struct Powered {
    atr: Atr,
    parameters: BlockParameters,
    /// Fi and Di that hold, coded as in TA1.
    speed: u8,
    removals: u32,
}

/// From no power to T=1 with agreed parameters.
struct PowerUp<'a> {
    line: &'a mut Line,
    deadline: Instant,
}

impl PowerUp<'_> {
    fn run(&mut self) -> Result<Powered, ConnectError> {
        let status = self.exchange(&Command::GetSlotStatus)?;
        if status.slot == SlotStatus::Absent {
            return Err(ConnectError::NoCard);
        }
        let removals = self.line.removals;
        let (mut atr, mut parameters) = self.reset()?;
        let mut selected = false;
        if let Some(selection) = parameters.selection() {
            selected = self.select(&selection)?;
            if !selected {
                if !parameters.first_offered {
                    return Err(ConnectError::Protocol);
                }
                // A card that refused takes nothing more before it is reset (9.2).
                self.exchange(&Command::IccPowerOff)?;
                (atr, parameters) = self.reset()?;
            }
        }
        let speed = parameters.speed(selected);
        self.set_parameters(&parameters, speed)?;
        Ok(Powered {
            atr,
            parameters,
            speed,
            removals,
        })
    }

    fn reset(&mut self) -> Result<(Atr, BlockParameters), ConnectError> {
        let mut refused = SlotError::IccMute;
        for voltage in VOLTAGES {
            let answer = self.exchange(&Command::IccPowerOn(voltage))?;
            match answer.outcome {
                Outcome::Failed(error) => {
                    refused = error;
                    self.exchange(&Command::IccPowerOff)?;
                }
                Outcome::Done | Outcome::TimeExtension(_) => {
                    let atr = Atr::parse(&answer.data)?;
                    let parameters =
                        BlockParameters::of(&atr).map_err(|unsuitable| match unsuitable {
                            Unsuitable::NotOffered => ConnectError::Protocol,
                            Unsuitable::RedundancyCode => ConnectError::RedundancyCode,
                        })?;
                    return Ok((atr, parameters));
                }
            }
        }
        Err(ConnectError::Mute(refused))
    }

    /// Protocol and parameters selection (9.3): agreed when the card says the same.
    fn select(&mut self, request: &[u8]) -> Result<bool, ConnectError> {
        let answer = self.exchange(&Command::XfrBlock {
            waiting: 0,
            block: request,
        })?;
        Ok(answer.outcome == Outcome::Done && *answer.data == request)
    }

    /// Tells the reader what was agreed.
    fn set_parameters(
        &mut self,
        parameters: &BlockParameters,
        speed: u8,
    ) -> Result<(), ConnectError> {
        let command = Command::SetParameters(parameters.structure(speed));
        match self.exchange(&command)?.outcome {
            Outcome::Failed(SlotError::CommandNotSupported) => {}
            Outcome::Failed(error) => return Err(ConnectError::Refused(error)),
            Outcome::Done | Outcome::TimeExtension(_) => return Ok(()),
        }
        // It sets them by itself, from the answer to reset: for T=1?
        let answer = self.exchange(&Command::GetParameters)?;
        match answer.outcome {
            Outcome::Failed(error) => Err(ConnectError::Refused(error)),
            _ if answer.specific != 1 => Err(ConnectError::Protocol),
            _ => Ok(()),
        }
    }

    fn exchange(&mut self, command: &Command) -> Result<Answer, ConnectError> {
        let patience = self.line.timing.silence
            + match command {
                Command::IccPowerOn(_) => RESET,
                _ => Duration::ZERO,
            };
        let answer = self
            .line
            .exchange(command, patience, self.deadline)
            .map_err(channel_error)?;
        let pulled = answer.slot == SlotStatus::Absent;
        if pulled && !matches!(command, Command::GetSlotStatus) {
            return Err(ChannelError::Removed.into());
        }
        Ok(answer)
    }
}

/// Blocks to one card.
struct CardLine<'a> {
    line: &'a mut Line,
    patience: Duration,
    block_waiting_time: Duration,
    removals: u32,
    deadline: Instant,
}

impl BlockLine for CardLine<'_> {
    fn exchange(&mut self, block: &[u8], waiting: u8) -> Result<Zeroizing<Vec<u8>>, BlockFault> {
        let times = u32::from(waiting.max(1));
        let patience = self.patience + self.block_waiting_time.saturating_mul(times);
        let command = Command::XfrBlock { waiting, block };
        let answer = self.line.exchange(&command, patience, self.deadline);
        // Put in again, the card knows nothing of what was agreed.
        if self.line.removals != self.removals {
            return Err(BlockFault::Channel(ChannelError::Removed));
        }
        let answer = answer.map_err(|error| BlockFault::Channel(channel_error(error)))?;
        match (answer.slot, answer.outcome) {
            (SlotStatus::Absent, _) => Err(BlockFault::Channel(ChannelError::Removed)),
            (SlotStatus::Inactive, _) => Err(BlockFault::Channel(ChannelError::Reset)),
            (SlotStatus::Active, Outcome::Failed(SlotError::IccMute)) => Err(BlockFault::Mute),
            (
                SlotStatus::Active,
                Outcome::Failed(SlotError::TransferParity | SlotError::TransferOverrun),
            ) => Err(BlockFault::Damaged),
            (SlotStatus::Active, Outcome::Failed(error)) => Err(BlockFault::Channel(error.into())),
            (SlotStatus::Active, _) => Ok(answer.data),
        }
    }
}
