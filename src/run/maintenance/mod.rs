//! What a technician asks for, carried out: a file a page, as the screens have it.

mod configuration;
mod devices;
mod entry;
mod kept;
mod logs;
mod network;
mod overview;
mod printable;
mod provisioning;
mod queue;
mod report;
mod steward;
mod storage;
mod time;
mod update;
mod wipe;
mod work_order;

use std::sync::Arc;

use crate::maintenance::{Answer, Ask, Deed, Page, Refusal, Step};
use crate::session::event::{Failure, Progress, Reply};

use super::asked::Asked;
use super::world::Inner;
pub(super) use kept::Kept;
pub(super) use work_order::close_after_start;

impl Inner {
    pub(super) async fn maintain(
        self: &Arc<Self>,
        asked: Asked,
        what: Ask,
    ) -> Result<Reply, Failure> {
        let enters = matches!(what, Ask::ReadCard | Ask::Prove { .. });
        if !enters && !self.may_be_maintained() {
            return Ok(Reply::Maintenance(Answer::Refused(
                Refusal::NotPossibleHere,
            )));
        }
        let answer = match what {
            Ask::ReadCard => self.read_technicians_card().await,
            Ask::Prove { pin } => self.prove_technician(pin).await,
            Ask::Examine {
                page,
                warnings_only,
            } => self.examine(&asked, page, warnings_only).await,
            Ask::Test(device) => self.test_device(&asked, device).await,
            Ask::Do(deed) => self.carry_out(&asked, deed).await,
            Ask::Close { done } => self.close_work_order(done).await,
        };
        answer.map(Reply::Maintenance)
    }

    async fn examine(
        self: &Arc<Self>,
        asked: &Asked,
        page: Page,
        warnings_only: bool,
    ) -> Result<Answer, Failure> {
        match page {
            Page::Overview => self.examine_overview().await,
            Page::Network => self.examine_network(asked).await,
            Page::Queue => self.examine_queue().await,
            Page::StorageHealth => self.examine_storage().await,
            Page::Logs => self.examine_logs(warnings_only).await,
            Page::Configuration => self.examine_configuration().await,
            Page::Provisioning => self.examine_provisioning().await,
            Page::Time => self.examine_time().await,
            Page::Update => self.examine_update().await,
            Page::Wipe => self.examine_wipe().await,
            Page::Report => self.examine_report().await,
            // Pages without a table.
            Page::Pin
            | Page::Refused
            | Page::Devices
            | Page::NetworkSettings
            | Page::Setting
            | Page::WorkOrder => Ok(Answer::Refused(Refusal::NotPossibleHere)),
        }
    }

    async fn carry_out(self: &Arc<Self>, asked: &Asked, deed: Deed) -> Result<Answer, Failure> {
        match deed {
            Deed::RetryUploads => self.retry_uploads().await,
            Deed::ExportQueue => self.export_queue(asked).await,
            Deed::ExportLogs => self.export_logs().await,
            Deed::RestartCardService => self.restart_card_service().await,
            Deed::RestartKiosk => self.restart_kiosk().await,
            Deed::SaveNetwork {
                address,
                gateway,
                name_servers,
            } => self.save_network(address, gateway, name_servers).await,
            Deed::SaveSetting { key, value } => self.save_setting(key, value).await,
            Deed::Provision { token } => self.provision(asked, token).await,
            Deed::SetTime { date, time } => self.set_time(date, time).await,
            Deed::AskForUpdate => self.ask_for_update().await,
            Deed::InstallFromDrive => self.install_from_drive(asked).await,
            Deed::AskWipe => self.ask_wipe().await,
            Deed::Wipe => self.wipe().await,
            Deed::ReportToDrive => self.report_to_drive().await,
            Deed::ReportToOffice => self.report_to_office().await,
        }
    }
}

/// How far the work on a technician's request is.
pub(super) fn step(asked: &Asked, step: Step) {
    asked.progress(Progress::Maintenance(step));
}
