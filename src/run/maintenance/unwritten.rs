//! What is carried out elsewhere.

use std::sync::Arc;

use crate::maintenance::{Answer, Refusal};
use crate::run::asked::Asked;
use crate::run::world::Inner;
use crate::session::event::Failure;

impl Inner {
    pub(super) async fn read_technicians_card(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn prove_technician(
        self: &Arc<Self>,
        _pin: exchange::Secret,
    ) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn close_work_order(
        self: &Arc<Self>,
        _done: Vec<(exchange::work_order::Action, exchange::UnixMillis)>,
    ) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn examine_overview(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn examine_configuration(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn examine_provisioning(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn examine_time(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn examine_update(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn examine_wipe(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn examine_report(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn restart_kiosk(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn save_setting(
        self: &Arc<Self>,
        _key: String,
        _value: Option<String>,
    ) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn provision(
        self: &Arc<Self>,
        _asked: &Asked,
        _token: Option<exchange::Secret>,
    ) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn set_time(
        self: &Arc<Self>,
        _date: String,
        _time: String,
    ) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn ask_for_update(
        self: &Arc<Self>,
        _asked: &Asked,
    ) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn install_from_drive(
        self: &Arc<Self>,
        _asked: &Asked,
    ) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn ask_wipe(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn wipe(self: &Arc<Self>, _asked: &Asked) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn report_to_drive(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn report_to_office(self: &Arc<Self>) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }
}
