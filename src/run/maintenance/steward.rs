//! What only root may do, asked of the steward; its refusals in a technician's words.

use std::path::Path;

use steward::protocol::{Answer as Told, Reason, Request};

use crate::maintenance::{Answer, Light, Refusal, Row, RowName, Word};
use crate::session::event::Failure;

use super::super::world::Inner;

impl Inner {
    /// `progress`: per cent and the program's own words.
    pub(super) async fn ask_steward(
        &self,
        request: Request,
        progress: impl FnMut(u8, &str),
    ) -> Result<Told, Refusal> {
        let socket: &Path = &self.config.steward;
        match steward::client::ask(socket, &request, progress).await {
            Ok(Told::Refused(refused)) => {
                tracing::warn!(%refused, verb = request.verb(), "the steward refuses");
                Err(in_words(refused.reason, &request))
            }
            Ok(told) => Ok(told),
            Err(e) => {
                tracing::error!(verb = request.verb(), "{e}");
                Err(Refusal::StewardUnreachable)
            }
        }
    }

    pub(super) async fn restart_card_service(&self) -> Result<Answer, Failure> {
        Ok(
            match self
                .ask_steward(Request::RestartCardService {}, |_, _| ())
                .await
            {
                Ok(_) => Answer::Rows(vec![Row::word(
                    RowName::Reader,
                    Light::None,
                    Word::Restarted,
                )]),
                Err(refusal) => Answer::Refused(refusal),
            },
        )
    }
}

fn in_words(reason: Reason, request: &Request) -> Refusal {
    let installs = matches!(
        request,
        Request::InstallUpdate { .. } | Request::InstallOffered { .. }
    );
    match reason {
        // Its signature, most likely.
        Reason::ProgramFailed if installs => Refusal::BundleRefused,
        Reason::Older => Refusal::BundleRefused,
        Reason::Busy => Refusal::Busy,
        Reason::NoSuchDrive => Refusal::NoDrive,
        Reason::DriveFailed => Refusal::DriveFailed,
        Reason::NoBundle => Refusal::NoBundle,
        Reason::SeveralBundles => Refusal::SeveralBundles,
        Reason::BundleTooLarge | Reason::NoSpace => Refusal::NoSpace,
        Reason::NotConfirmed => Refusal::NotConfirmedInTime,
        Reason::NotAllowed | Reason::OfficeKnown => Refusal::NotPossibleHere,
        Reason::BadRequest if matches!(request, Request::AdoptOffice { .. }) => Refusal::BadAddress,
        Reason::BadRequest if matches!(request, Request::SetLocal { .. }) => Refusal::BadValue,
        Reason::BadRequest | Reason::ProgramFailed | Reason::DeadlinePassed | Reason::Storage => {
            Refusal::Failed
        }
    }
}
