//! The kinds of requests: who works on them, for how long at most, and which
//! replies they may get.

use std::time::Duration;

use faults::Fault;

use super::command::Request;
use super::config::SessionConfig;
use super::event::Reply;
use super::view::BusyWith;

/// A [`Request`] without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Begin,
    LookUpPhone,
    SendCode,
    CheckCode,
    ListCertificates,
    Revoke,
    ReadCard,
    ReadDocument,
    CaptureSelfie,
    Record,
    CaptureDocument,
    LoadDocumentFile,
    Seal,
    FindStorages,
    ListFolder,
    FindPendingKey,
    FindCertifiedKeys,
    OpenCertifiedKey,
    LookAtToken,
    TryTokenPin,
    ChangeTokenPin,
    UnblockToken,
    ClearToken,
    Submit,
    Obtain,
    OpenCollect,
    InstallCollected,
    TrySignature,
    Maintain,
}

impl Asked {
    pub fn of(request: &Request) -> Self {
        match request {
            Request::Begin => Asked::Begin,
            Request::LookUpPhone { .. } => Asked::LookUpPhone,
            Request::SendCode { .. } | Request::SendHolderCode { .. } => Asked::SendCode,
            Request::ListCertificates { .. } => Asked::ListCertificates,
            Request::Revoke { .. } => Asked::Revoke,
            Request::CheckCode { .. } => Asked::CheckCode,
            Request::ReadCard => Asked::ReadCard,
            Request::ReadDocument { .. } => Asked::ReadDocument,
            Request::CaptureSelfie => Asked::CaptureSelfie,
            Request::Record { .. } => Asked::Record,
            Request::CaptureDocument => Asked::CaptureDocument,
            Request::LoadDocumentFile { .. } => Asked::LoadDocumentFile,
            Request::SealSelfie { .. }
            | Request::SealDocumentPhoto { .. }
            | Request::SealAccountPin { .. } => Asked::Seal,
            Request::FindStorages => Asked::FindStorages,
            Request::ListFolder { .. } => Asked::ListFolder,
            Request::FindPendingKey { .. } => Asked::FindPendingKey,
            Request::FindCertifiedKeys => Asked::FindCertifiedKeys,
            Request::OpenCertifiedKey { .. } => Asked::OpenCertifiedKey,
            Request::LookAtToken { .. } => Asked::LookAtToken,
            Request::TryTokenPin { .. } => Asked::TryTokenPin,
            Request::ChangeTokenPin { .. } => Asked::ChangeTokenPin,
            Request::UnblockToken { .. } => Asked::UnblockToken,
            Request::ClearToken { .. } => Asked::ClearToken,
            Request::Submit { .. }
            | Request::SubmitKeyless { .. }
            | Request::SubmitRenewal { .. } => Asked::Submit,
            Request::Obtain { .. } => Asked::Obtain,
            Request::OpenCollect { .. } => Asked::OpenCollect,
            Request::InstallCollected { .. } | Request::MakeCollected { .. } => {
                Asked::InstallCollected
            }
            Request::TrySignature { .. } => Asked::TrySignature,
            Request::Maintain(_) => Asked::Maintain,
        }
    }

    pub fn busy_with(self) -> BusyWith {
        match self {
            Asked::Begin | Asked::Seal => BusyWith::Sealing,
            Asked::LookUpPhone
            | Asked::SendCode
            | Asked::CheckCode
            | Asked::ListCertificates
            | Asked::Revoke
            | Asked::Obtain
            | Asked::OpenCollect => BusyWith::Office,
            Asked::ReadCard | Asked::ReadDocument => BusyWith::Card,
            Asked::CaptureSelfie | Asked::Record | Asked::CaptureDocument => BusyWith::Camera,
            Asked::LoadDocumentFile | Asked::ListFolder => BusyWith::Drive,
            Asked::FindStorages
            | Asked::FindPendingKey
            | Asked::FindCertifiedKeys
            | Asked::OpenCertifiedKey => BusyWith::Storage,
            Asked::LookAtToken
            | Asked::TryTokenPin
            | Asked::ChangeTokenPin
            | Asked::UnblockToken
            | Asked::ClearToken => BusyWith::Token,
            Asked::Submit | Asked::InstallCollected => BusyWith::Key,
            Asked::TrySignature => BusyWith::Signature,
            // No step of a citizen asks it.
            Asked::Maintain => BusyWith::Office,
        }
    }

    /// Whether the step's buttons rest until the reply. The others run beside
    /// what the person does.
    pub fn blocks(self) -> bool {
        !matches!(
            self,
            Asked::Begin | Asked::ReadCard | Asked::ReadDocument | Asked::TrySignature
        )
    }

    /// Whether, once failed, the primary action repeats it. The others are
    /// repeated by the step's own action (take the picture, check the code).
    pub fn retried_by_primary(self) -> bool {
        matches!(
            self,
            Asked::Begin
                | Asked::LookUpPhone
                | Asked::SendCode
                | Asked::FindStorages
                | Asked::FindPendingKey
                | Asked::FindCertifiedKeys
                | Asked::OpenCollect
        )
    }

    /// After so long without a reply the request is abandoned. Generous: whoever
    /// works on it has tighter limits of its own and says more exactly what failed.
    pub fn limit(self, config: &SessionConfig, recording: Duration) -> Duration {
        let seconds = match self {
            Asked::Begin | Asked::Seal => 60,
            Asked::LookUpPhone
            | Asked::SendCode
            | Asked::CheckCode
            | Asked::ListCertificates
            | Asked::OpenCollect => 45,
            Asked::ReadCard | Asked::ReadDocument => 60,
            Asked::CaptureSelfie | Asked::CaptureDocument => 30,
            Asked::Record => return recording + Duration::from_secs(60),
            Asked::LoadDocumentFile | Asked::Revoke => 90,
            Asked::FindStorages | Asked::ListFolder => 60,
            Asked::LookAtToken
            | Asked::TryTokenPin
            | Asked::ChangeTokenPin
            | Asked::UnblockToken
            | Asked::ClearToken
            | Asked::TrySignature
            | Asked::Maintain => 60,
            Asked::FindPendingKey | Asked::FindCertifiedKeys => 120,
            Asked::OpenCertifiedKey => 60,
            Asked::Submit => 180,
            Asked::Obtain | Asked::InstallCollected => return config.wait_limit,
        };
        Duration::from_secs(seconds)
    }

    /// What to tell when no reply came within the limit.
    pub fn silent(self) -> Fault {
        match self.busy_with() {
            _ if self == Asked::InstallCollected => Fault::AuthorityFailed,
            BusyWith::Office => Fault::OfficeUnreachable,
            BusyWith::Camera => Fault::CameraFrozen,
            BusyWith::Card => Fault::CardSilent,
            BusyWith::Drive | BusyWith::Storage => Fault::UsbFailed,
            BusyWith::Sealing => Fault::SealingImpossible,
            BusyWith::Key => Fault::KeyGenerationFailed,
            BusyWith::Token => Fault::TokenFailed,
            BusyWith::Signature => Fault::KeyTestFailed,
        }
    }

    /// Whether this reply answers this kind of request.
    pub fn admits(self, reply: &Reply) -> bool {
        match reply {
            Reply::Failed(_) => true,
            Reply::Begun { .. } => self == Asked::Begin,
            Reply::PhoneFound { .. } => self == Asked::LookUpPhone,
            Reply::CodeSent { .. } => self == Asked::SendCode,
            Reply::CodesFrozen { .. } => matches!(
                self,
                Asked::SendCode | Asked::CheckCode | Asked::ListCertificates
            ),
            Reply::Certificates(_) | Reply::HolderRefused => self == Asked::ListCertificates,
            Reply::Revocation(_) => self == Asked::Revoke,
            Reply::CodeRight { .. } | Reply::CodeWrong { .. } | Reply::CodeExpired => {
                self == Asked::CheckCode
            }
            Reply::CardSeen { .. } => self == Asked::ReadCard,
            Reply::DocumentRead(_) | Reply::DocumentRefused(_) => self == Asked::ReadDocument,
            Reply::Picture { .. } => matches!(
                self,
                Asked::CaptureSelfie | Asked::CaptureDocument | Asked::LoadDocumentFile
            ),
            Reply::Recorded { .. } | Reply::RecordingFailed => self == Asked::Record,
            Reply::Sealed => self == Asked::Seal,
            Reply::Storages(_) => self == Asked::FindStorages,
            Reply::Folder(_) => self == Asked::ListFolder,
            Reply::PendingKey(_) => self == Asked::FindPendingKey,
            Reply::CertifiedKeys(_) => self == Asked::FindCertifiedKeys,
            Reply::KeyOpened(_) => self == Asked::OpenCertifiedKey,
            Reply::TokenSeen(_) => self == Asked::LookAtToken,
            Reply::PinRight => self == Asked::TryTokenPin,
            Reply::PinSet { .. } => matches!(self, Asked::ChangeTokenPin | Asked::UnblockToken),
            Reply::TokenCleared => self == Asked::ClearToken,
            Reply::Saved => self == Asked::Submit,
            Reply::Installed(_) => matches!(self, Asked::Obtain | Asked::InstallCollected),
            Reply::ComeBack(_) => self == Asked::Obtain,
            Reply::CollectOpened(_) => self == Asked::OpenCollect,
            Reply::SignatureTried { .. } => self == Asked::TrySignature,
            Reply::Maintenance(_) => self == Asked::Maintain,
        }
    }
}
