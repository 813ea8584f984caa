//! What maintenance mode asks the world, and what it is answered.

use exchange::work_order::Action;
use exchange::{Secret, UnixMillis};

use super::names::{Device, Hint, Page, Refusal};
use super::row::Row;

/// Each with the answers it may get; any may get [`Answer::Refused`], and a fault as
/// [`crate::session::event::Reply::Failed`].
#[derive(Debug, Clone)]
pub enum Ask {
    /// Whose card it is that was put in. -> `Card`
    ReadCard,
    /// The card's key proves that its holder is here; then the work order begins.
    /// -> `Proven`, `PinWrong`
    Prove { pin: Secret },
    /// The facts of one page. -> `Rows`; progress `Row`
    Examine { page: Page, warnings_only: bool },
    /// Tests one device, waiting for card, token or drive as it needs.
    /// -> `Rows`; progress `Row`, `Hint`
    Test(Device),
    /// Carries out. -> `Rows`; progress `Row`, `Percent`
    Do(Deed),
    /// Signs the work order and keeps it until the office has it. -> `Rows`
    Close { done: Vec<(Action, UnixMillis)> },
}

/// Of what the technician lets the kiosk do, that which is done by the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    RetryUploads,
    ExportQueue,
    ExportLogs,
    RestartCardService,
    RestartKiosk,
    /// All empty: by DHCP.
    SaveNetwork {
        address: String,
        gateway: String,
        name_servers: String,
    },
    /// None: the layer below counts.
    SaveSetting {
        key: String,
        value: Option<String>,
    },
    /// None: the token lies on the drive.
    Provision {
        token: Option<Secret>,
    },
    /// As typed, in the kiosk's time: `2026-11-28`, `15:50`.
    SetTime {
        date: String,
        time: String,
    },
    AskForUpdate,
    InstallFromDrive,
    AskWipe,
    Wipe,
    ReportToDrive,
    ReportToOffice,
}

#[derive(Clone, PartialEq)]
pub enum Answer {
    Card(CardSeen),
    Proven,
    PinWrong {
        /// None: the card does not say.
        tries_left: Option<u8>,
    },
    /// The whole table, in place of what was there.
    Rows(Vec<Row>),
    Refused(Refusal),
}

/// Whose card was put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardSeen {
    Technician {
        name: String,
        valid_until: UnixMillis,
        tries_left: Option<u8>,
        longest_pin: u8,
    },
    /// A technician's of this office, not let in.
    Refused(Refusal),
    /// A citizen's token, another office's card, anything else.
    Strange,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    Row(Row),
    Hint(Hint),
    /// 0 to 100.
    Percent(u8),
}

/// The name of the answer.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Answer::Card(_) => "Card",
            Answer::Proven => "Proven",
            Answer::PinWrong { .. } => "PinWrong",
            Answer::Rows(_) => "Rows",
            Answer::Refused(refusal) => return write!(f, "Refused({refusal:?})"),
        })
    }
}
