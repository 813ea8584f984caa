//! Which work answers which request.

use std::sync::Arc;

use exchange::PartName;

use crate::session::command::{PreviewFor, Request};
use crate::session::event::{Failure, Reply};

use super::asked::{Asked, failure};
use super::world::Inner;

impl Inner {
    pub(super) async fn answer(
        self: Arc<Self>,
        asked: Asked,
        what: Request,
    ) -> Result<Reply, Failure> {
        match what {
            Request::Begin => self.begin(),
            Request::LookUpPhone { submission, iin } => self.look_up_phone(submission, iin).await,
            Request::SendCode {
                purpose,
                submission,
                iin,
            } => self.send_code(purpose, submission, iin).await,
            Request::CheckCode {
                purpose,
                submission,
                code,
            } => self.check_code(purpose, submission, code).await,
            Request::SendHolderCode { visit, iin } => self.send_holder_code(visit, iin).await,
            Request::ListCertificates { visit, code } => self.list_certificates(visit, code).await,
            Request::Revoke {
                visit,
                certificate,
                reason,
            } => self.revoke(visit, certificate, reason).await,
            Request::ReadCard => match self.reader().read().await {
                Ok(card) => Ok(Reply::CardSeen {
                    atr: card.atr,
                    emrtd: card.emrtd,
                }),
                Err(fault) => Err(failure(fault, "reading a card")),
            },
            Request::ReadDocument { submission, key } => {
                self.read_document(asked, submission, key).await
            }
            Request::CaptureSelfie => self.capture(PreviewFor::Face).await,
            Request::CaptureDocument => self.capture(PreviewFor::Document).await,
            Request::Record {
                submission,
                prompts,
                seconds_each,
            } => self.record(asked, submission, prompts, seconds_each).await,
            Request::LoadDocumentFile { drive, path } => self.load_document_file(drive, path).await,
            Request::SealSelfie { submission, media } => {
                self.seal_picture(submission, PartName::Selfie, media).await
            }
            Request::SealDocumentPhoto { submission, media } => {
                self.seal_picture(submission, PartName::DocumentPhoto, media)
                    .await
            }
            Request::SealAccountPin { submission, pin } => {
                self.seal_account_pin(submission, pin).await
            }
            Request::FindStorages => self.find_storages().await,
            Request::ListFolder {
                drive,
                path,
                pictures,
            } => self.list_folder(drive, path, pictures).await,
            Request::FindPendingKey {
                subject_key_identifier,
            } => self.find_pending_key(subject_key_identifier).await,
            Request::Submit {
                submission,
                form,
                location,
                algorithm,
                password,
            } => {
                self.submit(asked, submission, form, location, algorithm, password)
                    .await
            }
            Request::Obtain {
                submission,
                location,
                password,
                wait,
            } => {
                self.obtain(asked, submission, location, password, wait)
                    .await
            }
            Request::FindCertifiedKeys => self.find_certified_keys().await,
            Request::OpenCertifiedKey { key, password } => {
                self.open_certified_key(key, password).await
            }
            Request::SubmitKeyless { submission, form } => {
                self.submit_keyless(asked, submission, form).await
            }
            Request::MakeCollected {
                submission,
                location,
                password,
            } => {
                self.make_collected(asked, submission, location, password)
                    .await
            }
            Request::SubmitRenewal {
                submission,
                form,
                old,
                old_password,
                location,
                algorithm,
                password,
            } => {
                self.submit_renewal(
                    asked,
                    submission,
                    form,
                    old,
                    old_password,
                    location,
                    algorithm,
                    password,
                )
                .await
            }
            Request::Maintain(what) => self.maintain(asked, *what).await,
            Request::LookAtToken { kind } => self.look_at_token(kind).await,
            Request::TryTokenPin { kind, pin } => self.try_token_pin(kind, pin).await,
            Request::ChangeTokenPin { kind, old, new } => {
                self.change_token_pin(kind, old, new).await
            }
            Request::UnblockToken { kind, puk, new_pin } => {
                self.unblock_token(kind, puk, new_pin).await
            }
            Request::ClearToken { kind, slot, pin } => self.clear_token(kind, slot, pin).await,
            Request::TrySignature { location, password } => {
                self.try_signature(location, password).await
            }
            Request::OpenCollect { receipt_code } => self.open_collect(receipt_code).await,
            Request::InstallCollected {
                submission,
                location,
                password,
                ..
            } => {
                self.install_collected(asked, submission, location, password)
                    .await
            }
        }
    }
}
