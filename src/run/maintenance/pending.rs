//! Work on devices, network, queue, storage and journal.

use std::sync::Arc;

use crate::maintenance::{Answer, Refusal};
use crate::run::asked::Asked;
use crate::run::world::Inner;
use crate::session::event::Failure;

impl Inner {
    pub(super) async fn test_device(
        self: &Arc<Self>,
        _asked: &Asked,
        _device: crate::maintenance::Device,
    ) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn examine_network(
        self: &Arc<Self>,
        _asked: &Asked,
    ) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn examine_queue(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn examine_storage(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn examine_logs(
        self: &Arc<Self>,
        _warnings_only: bool,
    ) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn retry_uploads(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn export_queue(self: &Arc<Self>, _asked: &Asked) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn export_logs(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn restart_card_service(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn save_network(
        self: &Arc<Self>,
        _address: String,
        _gateway: String,
        _name_servers: String,
    ) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }
}
