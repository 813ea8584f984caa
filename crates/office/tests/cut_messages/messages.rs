//! The table of messages, and where one may be cut.

use exchange::api;

use super::support::in_hand::Key;

/// In the order in which they are said. The parts are uploaded one like the other: the
/// first and the last of them are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    BeginFirst,
    AppendFirst,
    BeginLast,
    AppendLast,
    Manifest,
    Result,
    Open,
    SendCode,
    CheckCode,
    OpenProven,
    /// Only where the key is made at collection.
    MakeKey,
    Prove,
    Confirm,
}

pub const ALL: [Message; 13] = [
    Message::BeginFirst,
    Message::AppendFirst,
    Message::BeginLast,
    Message::AppendLast,
    Message::Manifest,
    Message::Result,
    Message::Open,
    Message::SendCode,
    Message::CheckCode,
    Message::OpenProven,
    Message::MakeKey,
    Message::Prove,
    Message::Confirm,
];

pub fn messages(key: Key) -> impl Iterator<Item = Message> {
    let is_said = move |m: &Message| key == Key::AtCollection || *m != Message::MakeKey;
    ALL.into_iter().filter(is_said)
}

/// Those whose cut is another matter than with a key that was there before.
pub fn cut_messages(key: Key) -> Vec<Message> {
    match key {
        Key::BeforeSending => messages(key).collect(),
        Key::AtCollection => messages(key)
            .skip_while(|m| *m != Message::OpenProven)
            .collect(),
    }
}

impl Message {
    /// Method and path, the variable parts of it left out.
    pub fn route(self) -> (&'static str, &'static str) {
        match self {
            Self::BeginFirst | Self::BeginLast => ("POST", api::UPLOADS),
            Self::AppendFirst | Self::AppendLast => ("PATCH", api::UPLOADS),
            Self::Manifest => ("PUT", api::MANIFEST_SUFFIX),
            Self::Result => ("GET", api::RESULT_SUFFIX),
            Self::Open | Self::OpenProven => ("POST", api::COLLECT_OPEN),
            Self::SendCode => ("POST", api::PHONE_CODE),
            Self::CheckCode => ("POST", api::PHONE_CHECK),
            Self::MakeKey => ("POST", api::COLLECT_KEY),
            Self::Prove => ("POST", api::COLLECT_PROVE),
            Self::Confirm => ("POST", api::COLLECT_CONFIRM),
        }
    }

    /// The kiosk has no receipt yet, and so still has everything in its queue.
    pub fn is_upload(self) -> bool {
        match self {
            Self::BeginFirst
            | Self::AppendFirst
            | Self::BeginLast
            | Self::AppendLast
            | Self::Manifest => true,
            Self::Result
            | Self::Open
            | Self::SendCode
            | Self::CheckCode
            | Self::OpenProven
            | Self::MakeKey
            | Self::Prove
            | Self::Confirm => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Before,
    /// Sent and not answered: it may have been carried out, or not.
    UnderWay,
    /// Answered, and the answer is lost.
    After,
}

pub const MOMENTS: [Moment; 3] = [Moment::Before, Moment::UnderWay, Moment::After];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Office,
    Kiosk,
}

#[derive(Clone, Copy, Debug)]
pub struct Cut {
    pub who: Who,
    pub message: Message,
    pub moment: Moment,
}
