//! The visit as it stands on the screen.

use super::*;
use crate::session::view::KeyboardKind;

impl Maintenance {
    /// None as long as the card is looked at.
    pub fn view(&self, now: Now) -> Option<View> {
        if self.over || !self.is_showing() {
            return None;
        }
        let boottime = now.boottime.max(self.now.boottime);
        Some(View {
            language: self.settings.language,
            text_size: self.settings.text_size,
            high_contrast: self.settings.high_contrast,
            offline: !self.link_up,
            position: None,
            can_go_back: !self.leaving,
            can_cancel: !self.leaving && self.page != Page::WorkOrder,
            primary: self.primary_view(),
            keyboard: Keyboard {
                kind: self.keyboard(),
                layout: self.layout,
                discreet: self.page == Page::Pin,
            },
            busy: None,
            fault: self.fault,
            dialog: match self.dialog {
                None => None,
                Some(Opened::Help) => Some(Dialog::Help),
                Some(Opened::Idle(until)) => {
                    let left = until.saturating_sub(boottime).as_secs_f32().ceil();
                    Some(Dialog::IdleWarning {
                        seconds_left: left as u16,
                    })
                }
            },
            screen: Screen::Maintenance(Box::new(self.maintenance_view(boottime))),
        })
    }

    /// While something is carried out there is more to read than to type: the words that two
    /// people compare, for one. What came of it is read, too, before a field is touched again.
    pub(super) fn keyboard(&self) -> KeyboardKind {
        let carried_out = |open: &Open| matches!(open.what, Ask::Do(_));
        let reads = self.entered && self.outcome.is_some();
        let waits = self.open.as_ref().is_some_and(carried_out);
        if self.fields.is_empty() || reads || waits {
            KeyboardKind::None
        } else {
            pages::keyboard(self.page)
        }
    }

    pub(super) fn primary_view(&self) -> Option<Primary> {
        let enabled = self.open.is_none();
        if self.page == Page::Pin {
            return Some(Primary {
                label: PrimaryLabel::Confirm,
                enabled: enabled && self.fields.all_filled(),
            });
        }
        self.primary().map(|act| Primary {
            label: match act {
                Act::Leave => PrimaryLabel::Finish,
                _ => PrimaryLabel::Confirm,
            },
            enabled,
        })
    }

    pub(super) fn maintenance_view(&self, now: Duration) -> MaintenanceView {
        let who = self.who.clone().unwrap_or(Who::Installer);
        let mut acts: Vec<Act> = Vec::new();
        if self.entered {
            acts.extend(pages::acts(&who, self.page));
            if self.wipe_asked {
                acts.push(Act::Wipe);
            }
            // The primary action stands in the bar.
            acts.retain(|act| Some(*act) != self.primary());
        }
        MaintenanceView {
            page: self.page,
            opens: self.rows.iter().map(|row| self.opens(row)).collect(),
            rows: self.rows.clone(),
            doors: if self.entered {
                pages::doors(&who, self.page)
            } else {
                Vec::new()
            },
            acts,
            primary: self.primary().filter(|_| self.entered),
            fields: self.fields.views(now),
            outcome: self.outcome,
            tests: if self.page == Page::Devices {
                self.testing.lights()
            } else {
                Vec::new()
            },
            test: self.testing.view(),
            done: if self.page == Page::WorkOrder && who != Who::Installer {
                let was = |action: &Action| self.done.iter().any(|(done, _)| done == action);
                Action::ALL.iter().map(|a| (*a, was(a))).collect()
            } else {
                Vec::new()
            },
            percent: self.percent,
            working: self.open.is_some(),
            who,
        }
    }
}
