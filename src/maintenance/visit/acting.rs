//! What the technician lets the kiosk do, and leaving.

use super::*;

impl Maintenance {
    pub(super) fn perform(&mut self, act: Act) {
        let text = |field| self.fields.text(field).to_owned();
        let deed = match act {
            Act::TestAll => {
                self.go(Page::Devices);
                self.test(Device::ALL);
                return;
            }
            Act::LookAgain => {
                self.rows.clear();
                self.examine();
                return;
            }
            Act::FilterLogs => {
                self.warnings_only = !self.warnings_only;
                self.rows.clear();
                self.examine();
                return;
            }
            Act::EditNetwork => {
                self.go(Page::NetworkSettings);
                return;
            }
            Act::Leave => {
                self.leave();
                return;
            }
            Act::RetryUploads => Deed::RetryUploads,
            Act::ExportQueue => Deed::ExportQueue,
            Act::ExportLogs => Deed::ExportLogs,
            Act::RestartCardService => Deed::RestartCardService,
            Act::RestartKiosk => Deed::RestartKiosk,
            Act::SaveNetwork => Deed::SaveNetwork {
                address: text(Field::NetworkAddress),
                gateway: text(Field::NetworkGateway),
                name_servers: text(Field::NameServers),
            },
            Act::AutomaticNetwork => Deed::SaveNetwork {
                address: String::new(),
                gateway: String::new(),
                name_servers: String::new(),
            },
            Act::SaveSetting | Act::ClearSetting => {
                let Some(key) = self.setting.clone() else {
                    return;
                };
                let value = (act == Act::SaveSetting).then(|| text(Field::SettingValue));
                Deed::SaveSetting { key, value }
            }
            Act::Provision => {
                let token = self.fields.get(Field::ProvisioningToken);
                let Some(token) = token.filter(|token| token.len() > 0) else {
                    self.outcome = Some(Outcome::Refused(Refusal::NoToken));
                    return;
                };
                Deed::Provision {
                    token: Some(token.secret().clone()),
                }
            }
            Act::ProvisionFromDrive => Deed::Provision { token: None },
            Act::SetTime => Deed::SetTime {
                date: text(Field::ClockDate),
                time: text(Field::ClockTime),
            },
            Act::AskForUpdate => Deed::AskForUpdate,
            Act::InstallFromDrive => Deed::InstallFromDrive,
            Act::AskWipe => Deed::AskWipe,
            Act::Wipe => Deed::Wipe,
            Act::ReportToDrive => Deed::ReportToDrive,
            Act::ReportToOffice => Deed::ReportToOffice,
        };
        self.ask(Ask::Do(deed), Some(act));
    }

    pub(super) fn toggle(&mut self, action: Action) {
        let before = self.done.len();
        self.done.retain(|(done, _)| *done != action);
        if self.done.len() == before {
            self.note(action);
        }
    }

    pub(super) fn note(&mut self, action: Action) {
        if !self.done.iter().any(|(done, _)| *done == action) {
            self.done.push((action, self.now.wall));
        }
    }

    /// The work order is written first; an installer has none.
    pub(super) fn leave(&mut self) {
        self.stop_preview();
        self.testing.stop();
        match self.who {
            Some(Who::Technician { .. }) if self.entered => {
                self.leaving = true;
                let done = self.done.clone();
                self.ask(Ask::Close { done }, Some(Act::Leave));
            }
            _ => self.end(),
        }
    }

    pub(super) fn end(&mut self) {
        self.abandon();
        self.stop_preview();
        self.fields.clear();
        self.over = true;
    }
}
