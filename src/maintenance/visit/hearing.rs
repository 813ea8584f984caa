//! What devices and world say.

use super::*;

impl Maintenance {
    pub(super) fn device(&mut self, event: &DeviceEvent) {
        match event {
            DeviceEvent::OfficeCardRemoved if !self.entered => self.end(),
            DeviceEvent::Raised(_) | DeviceEvent::Cleared(_)
                if self.page == Page::Overview && self.entered && self.open.is_none() =>
            {
                self.examine();
            }
            _ => {}
        }
    }

    pub(super) fn progress(&mut self, step: Step) {
        match step {
            Step::Row(row) => match self.rows.iter_mut().find(|r| r.name == row.name) {
                Some(old) => *old = row,
                None => self.rows.push(row),
            },
            Step::Hint(hint) => self.testing.hint(hint),
            Step::Percent(percent) => self.percent = Some(percent.min(100)),
        }
    }

    pub(super) fn reply(&mut self, reply: Reply) {
        let Some(open) = self.open.take() else { return };
        self.percent = None;
        match reply {
            Reply::Maintenance(answer) => self.answered(open, answer),
            Reply::Failed(failure) => {
                self.fault = Some(failure.fault);
                self.failed(&open, Refusal::Failed);
            }
            // Of no request of this visit.
            _ => self.failed(&open, Refusal::Failed),
        }
    }

    pub(super) fn answered(&mut self, open: Open, answer: Answer) {
        match (open.what, answer) {
            (Ask::ReadCard, Answer::Card(seen)) => self.card_seen(seen),
            (Ask::Prove { .. }, Answer::Proven) => {
                self.entered = true;
                self.go(Page::Overview);
            }
            (Ask::Prove { .. }, Answer::PinWrong { tries_left }) => {
                use crate::session::view::FieldError;
                self.fields.clear();
                let error = FieldError::TokenPinWrong { tries_left };
                self.fields.refuse(Field::TechnicianPin, error);
            }
            (Ask::Test(_), Answer::Rows(rows)) => {
                let judged = self.testing.found(&rows);
                self.rows = rows;
                if !judged {
                    self.next_test();
                }
            }
            (Ask::Close { .. }, _) => self.end(),
            (Ask::Examine { .. }, Answer::Rows(rows)) => self.rows = rows,
            (Ask::Do(deed), Answer::Rows(rows)) => self.carried_out(&deed, open.act, rows),
            (what, Answer::Refused(refusal)) => {
                let open = Open { what, ..open };
                self.failed(&open, refusal);
            }
            (what, _) => {
                let open = Open { what, ..open };
                self.failed(&open, Refusal::Failed);
            }
        }
    }

    pub(super) fn card_seen(&mut self, seen: CardSeen) {
        match seen {
            CardSeen::Technician {
                name,
                valid_until,
                tries_left,
                longest_pin,
            } => {
                self.who = Some(Who::Technician { name, valid_until });
                if tries_left == Some(0) {
                    self.refuse(Refusal::PinBlocked);
                    return;
                }
                let entry = Entry::with_length(Field::TechnicianPin, longest_pin.into());
                self.fields = Fields::from_entries(vec![entry]);
                self.last_sign = self.now.boottime;
            }
            CardSeen::Refused(refusal) => self.refuse(refusal),
            CardSeen::Strange => self.end(),
        }
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.page = Page::Refused;
        self.fields = Fields::of(&[]);
        self.outcome = Some(Outcome::Refused(refusal));
        self.last_sign = self.now.boottime;
    }

    pub(super) fn carried_out(&mut self, deed: &Deed, act: Option<Act>, rows: Vec<Row>) {
        let action = match deed {
            Deed::RestartCardService | Deed::RestartKiosk => Some(Action::Restarted),
            Deed::SaveNetwork { .. }
            | Deed::SaveSetting { .. }
            | Deed::Provision { .. }
            | Deed::SetTime { .. } => Some(Action::Configured),
            Deed::InstallFromDrive => Some(Action::Updated),
            Deed::ExportQueue => Some(Action::QueueExported),
            _ => None,
        };
        if let Some(action) = action {
            self.note(action);
        }
        match self.page {
            Page::NetworkSettings | Page::Setting => {
                let up = pages::above(self.page);
                self.go(up);
            }
            // Its tests' table stays.
            Page::Devices => {}
            _ => self.rows = rows,
        }
        self.wipe_asked = *deed == Deed::AskWipe;
        self.fields.clear();
        self.outcome = act.map(Outcome::Done);
    }

    pub(super) fn failed(&mut self, open: &Open, refusal: Refusal) {
        match open.what {
            // A card that cannot be read is nobody's.
            Ask::ReadCard => self.end(),
            Ask::Prove { .. } => {
                self.fields.clear();
                self.refuse(refusal);
            }
            // What could be written down was; nobody is kept here for the rest.
            Ask::Close { .. } => self.end(),
            Ask::Test(_) => {
                self.testing.fail();
                self.outcome = Some(Outcome::Refused(refusal));
                self.next_test();
            }
            Ask::Examine { .. } | Ask::Do(_) => {
                self.outcome = Some(Outcome::Refused(refusal));
            }
        }
    }
}
