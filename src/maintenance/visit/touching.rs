//! Touches: fields, doors, rows.

use super::*;

impl Maintenance {
    pub(super) fn touch(&mut self, touch: Touch) {
        if matches!(touch, Touch::CapsLock(_)) || self.leaving {
            return;
        }
        self.last_sign = self.now.boottime;
        if matches!(self.dialog, Some(Opened::Idle(_))) {
            // Whatever was touched: the person is here.
            self.dialog = None;
            return;
        }
        match touch {
            Touch::ChooseLanguage(language) => {
                self.settings.language = language;
            }
            Touch::SetTextSize(size) => self.settings.text_size = size,
            Touch::SetHighContrast(on) => self.settings.high_contrast = on,
            Touch::Layout(layout) => self.layout = layout,
            Touch::Help => self.dialog = Some(Opened::Help),
            Touch::DismissDialog | Touch::StillHere => self.dialog = None,
            Touch::Cancel | Touch::ConfirmCancel if !self.entered => self.end(),
            Touch::Cancel | Touch::ConfirmCancel => self.go(Page::WorkOrder),
            Touch::Back => self.back(),
            Touch::Next => self.next(),
            Touch::Maintain(what) if self.entered => self.carry_out(what),
            touch => match self.fields.touch(&touch, self.now.boottime) {
                Typed::Done => self.next(),
                Typed::Moved | Typed::Changed(_) => self.outcome = None,
                Typed::No => {}
            },
        }
    }

    pub(super) fn back(&mut self) {
        if !self.entered {
            self.end();
        } else if self.page == Page::WorkOrder {
            self.go(Page::Overview);
        } else {
            self.go(pages::above(self.page));
        }
    }

    /// The primary action of a page: the PIN, or what its fields are for.
    pub(super) fn next(&mut self) {
        if !self.entered {
            let pin = self.fields.get(Field::TechnicianPin);
            if let Some(pin) = pin.filter(|pin| pin.len() > 0)
                && self.open.is_none()
            {
                let pin = pin.secret().clone();
                self.ask(Ask::Prove { pin }, None);
            }
            return;
        }
        if let Some(act) = self.primary()
            && self.may(act)
        {
            self.perform(act);
        }
    }

    pub(super) fn primary(&self) -> Option<Act> {
        Some(match self.page {
            Page::NetworkSettings => Act::SaveNetwork,
            Page::Setting => Act::SaveSetting,
            Page::Provisioning => Act::Provision,
            Page::Time => Act::SetTime,
            Page::WorkOrder => Act::Leave,
            _ => return None,
        })
    }

    pub(super) fn carry_out(&mut self, what: Do) {
        match what {
            Do::SetUp => {}
            Do::Open(page) => self.open_page(page),
            Do::Row(index) => self.touch_row(index),
            Do::Act(act) if self.may(act) => self.perform(act),
            Do::Act(_) => {}
            Do::Test(device) if self.page == Page::Devices => self.test(&[device]),
            Do::Test(_) => {}
            Do::SkipTest if self.testing.running().is_some() => {
                self.abandon();
                self.stop_preview();
                self.testing.close(true);
                self.go_on_testing();
            }
            Do::SkipTest => {}
            Do::Judge(right) => {
                if self.testing.judge(right) {
                    self.next_test();
                }
            }
            Do::Cell(cell) => {
                if self.testing.touch(cell) {
                    self.next_test();
                }
            }
            Do::Toggle(action) if self.page == Page::WorkOrder => self.toggle(action),
            Do::Toggle(_) => {}
        }
    }

    pub(super) fn may(&self, act: Act) -> bool {
        let Some(who) = &self.who else { return false };
        let offered = pages::acts(who, self.page).contains(&act)
            || (act == Act::Wipe && self.page == Page::Wipe && self.wipe_asked);
        // A wipe or an update is not interrupted by a second touch.
        offered && (self.open.is_none() || matches!(act, Act::LookAgain))
    }

    pub(super) fn open_page(&mut self, page: Page) {
        let may = self
            .who
            .as_ref()
            .is_some_and(|who| pages::may_open(who, page));
        // What has no way there by itself is reached from its own page only.
        let apart = matches!(page, Page::NetworkSettings | Page::Setting);
        if may && !apart {
            self.go(page);
        }
    }

    pub(super) fn touch_row(&mut self, index: usize) {
        let Some(row) = self.rows.get(index) else {
            return;
        };
        match (&row.value, self.page) {
            (
                Value::Setting {
                    key,
                    value,
                    editable: true,
                    ..
                },
                Page::Configuration,
            ) => {
                let (key, value) = (key.clone(), value.clone());
                let row = row.clone();
                self.go(Page::Setting);
                self.rows = vec![row];
                if let Some(field) = self.fields.get_mut(Field::SettingValue) {
                    field.set(&value);
                }
                self.setting = Some(key);
            }
            _ => {
                if let Some(page) = self.opens(row) {
                    self.open_page(page);
                }
            }
        }
    }

    pub(super) fn opens(&self, row: &Row) -> Option<Page> {
        let editable = matches!(row.value, Value::Setting { editable: true, .. });
        match self.page {
            Page::Overview => {
                let page = pages::behind(row.name)?;
                let who = self.who.as_ref()?;
                pages::may_open(who, page).then_some(page)
            }
            Page::Configuration if editable => Some(Page::Setting),
            _ => None,
        }
    }

    /// Shows a page and asks for its facts.
    pub(super) fn go(&mut self, page: Page) {
        self.abandon();
        self.stop_preview();
        self.testing.stop();
        self.page = page;
        self.rows.clear();
        self.wipe_asked = false;
        self.outcome = None;
        self.fault = None;
        self.percent = None;
        self.fields = Fields::from_entries(
            pages::fields(page)
                .iter()
                .map(|field| Entry::new(*field))
                .collect(),
        );
        if pages::is_examined(page) {
            self.examine();
        }
    }

    pub(super) fn examine(&mut self) {
        let what = Ask::Examine {
            page: self.page,
            warnings_only: self.warnings_only,
        };
        self.ask(what, None);
    }
}
