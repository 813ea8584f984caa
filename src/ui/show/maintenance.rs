//! Maintenance mode's view, as the lists and records of its screens.

use std::rc::Rc;

use exchange::Language;
use faults::Fault;
use slint::{ComponentHandle as _, ModelRc, VecModel};

use super::data::kebab;
use super::{data, sync};
use crate::maintenance::{
    Act, COLOURS, Device, Layer, Light, MaintenanceView, Outcome, Page, Row, TestView, Value, Who,
};
use crate::session::view::{Screen, View};
use crate::ui::format;
use crate::ui::generated as screen;
use crate::ui::generated::{KioskWindow, Maintenance};
use crate::ui::names::Named as _;

/// The lists that maintenance mode's screens are drawn from.
pub(super) struct Lists {
    rows: Rc<VecModel<screen::RowData>>,
    doors: Rc<VecModel<screen::DoorData>>,
    acts: Rc<VecModel<screen::ActData>>,
    tests: Rc<VecModel<screen::TestData>>,
    touched: Rc<VecModel<bool>>,
    done: Rc<VecModel<screen::DoneData>>,
}

impl Lists {
    pub fn new(window: &KioskWindow) -> Self {
        let lists = Self {
            rows: Rc::default(),
            doors: Rc::default(),
            acts: Rc::default(),
            tests: Rc::default(),
            touched: Rc::default(),
            done: Rc::default(),
        };
        let maintenance = window.global::<Maintenance>();
        maintenance.set_rows(ModelRc::from(lists.rows.clone()));
        maintenance.set_doors(ModelRc::from(lists.doors.clone()));
        maintenance.set_acts(ModelRc::from(lists.acts.clone()));
        maintenance.set_tests(ModelRc::from(lists.tests.clone()));
        maintenance.set_touched(ModelRc::from(lists.touched.clone()));
        maintenance.set_done(ModelRc::from(lists.done.clone()));
        lists
    }

    pub fn show(&self, window: &KioskWindow, view: &View) {
        let maintenance = window.global::<Maintenance>();
        match &view.screen {
            Screen::Maintenance(shown) => self.page(&maintenance, shown, view.language),
            Screen::OutOfService { faults } => {
                maintenance.set_may_set_up(faults.contains(&Fault::NotProvisioned));
            }
            _ => {}
        }
    }

    fn page(&self, maintenance: &Maintenance<'_>, view: &MaintenanceView, language: Language) {
        maintenance.set_page(view.page.name());
        let (technician, valid_until) = match &view.who {
            Who::Technician { name, valid_until } => {
                (name.as_str(), format::day(*valid_until, language))
            }
            Who::Installer => ("", String::new()),
        };
        maintenance.set_technician(technician.into());
        maintenance.set_valid_until(valid_until.into());
        maintenance.set_primary(view.primary.map_or(screen::ActName::None, |act| act.name()));
        let (done, refused) = match view.outcome {
            Some(Outcome::Done(act)) => (act.name(), screen::RefusalName::None),
            Some(Outcome::Refused(why)) => (screen::ActName::None, why.name()),
            None => (screen::ActName::None, screen::RefusalName::None),
        };
        maintenance.set_done_act(done);
        maintenance.set_refusal(refused);
        maintenance.set_percent(view.percent.map_or(-1, i32::from));
        maintenance.set_working(view.working);
        maintenance.set_wipe_asked(view.acts.contains(&Act::Wipe));
        maintenance.set_lit(view.rows.iter().any(|row| row.light != Light::None));
        maintenance.set_test(running_data(view.test.as_ref()));
        let touched = view.test.as_ref().map(|test| test.touched.clone());
        sync(&self.touched, touched.unwrap_or_default());
        self.list(view, language);
    }

    fn list(&self, view: &MaintenanceView, language: Language) {
        let rows = view.rows.iter().enumerate();
        let opens = |at: usize| view.opens.get(at).copied().flatten();
        let rows = rows.map(|(at, row)| row_data(row, opens(at), language));
        sync(&self.rows, rows.collect());
        let doors = view.doors.iter().map(|&page| screen::DoorData {
            page: page.name(),
            identity: identity("door", page),
        });
        sync(&self.doors, doors.collect());
        let acts = view.acts.iter().map(|&act| screen::ActData {
            act: act.name(),
            identity: identity("act", act),
        });
        sync(&self.acts, acts.collect());
        let tests = view.tests.iter().map(|&(device, light)| screen::TestData {
            device: device.name(),
            light: light.name(),
            identity: identity("test", device),
        });
        sync(&self.tests, tests.collect());
        let done = view.done.iter().map(|&(action, done)| screen::DoneData {
            action: action.name(),
            done,
            identity: identity("done", action),
        });
        sync(&self.done, done.collect());
    }
}

/// `door-network-settings`
fn identity(of: &str, name: impl std::fmt::Debug) -> slint::SharedString {
    slint::format!("{of}-{}", kebab(&format!("{name:?}")))
}

/// Signs that stand beside a name in about two lines.
const LONG: usize = 26;

fn row_data(row: &Row, opens: Option<Page>, language: Language) -> screen::RowData {
    let mut data = screen::RowData {
        name: row.name.name(),
        light: row.light.name(),
        word: screen::WordName::None,
        layer: screen::LayerName::None,
        fault: row
            .fault
            .map_or_else(Default::default, |fault| fault_data(fault, language)),
        opens: opens.is_some(),
        edits: opens == Some(Page::Setting),
        ..Default::default()
    };
    data.text = match &row.value {
        Value::None => String::new(),
        Value::Text(text) => text.clone(),
        Value::Word(word) => {
            data.word = word.name();
            String::new()
        }
        Value::Count(count) => format::count(*count),
        Value::Bytes(count) => format::bytes(*count, language),
        Value::Millis(count) => format::millis(*count, language),
        Value::Seconds(count) => format::seconds(*count, language),
        Value::Percent(share) => format::percent(*share, language),
        Value::Rate(times_ten) => format::rate(*times_ten, language),
        Value::Moment(moment) => format::moment(*moment, language),
        Value::Setting {
            key,
            value,
            layer,
            editable: _,
        } => {
            data.key = key.into();
            data.layer = Layer::name(*layer);
            value.clone()
        }
        Value::Line { at, warning, text } => {
            data.at = format::moment(*at, language).into();
            if *warning {
                data.light = Light::Warning.name();
            }
            text.clone()
        }
    }
    .into();
    data.long = data.text.chars().count() > LONG;
    data
}

fn running_data(test: Option<&TestView>) -> screen::RunningData {
    let Some(test) = test else {
        return screen::RunningData::default();
    };
    let colour = test.colour.and_then(|at| COLOURS.get(at)).copied();
    let [red, green, blue] = colour.unwrap_or_default();
    screen::RunningData {
        running: true,
        device: Device::name(test.device),
        hint: test.hint.map_or(screen::HintName::None, |hint| hint.name()),
        asks: test.asks,
        columns: test.columns.into(),
        coloured: colour.is_some(),
        colour: slint::Color::from_rgb_u8(red, green, blue),
        at: test.colour.map_or(0, |at| at as i32 + 1),
        colours: COLOURS.len() as i32,
    }
}

/// What a technician is told: of the remedy their part, where it has one.
pub(super) fn fault_data(fault: Fault, language: Language) -> screen::FaultData {
    let told = data::fault_data(fault, language);
    screen::FaultData {
        remedy: technicians_part(&told.remedy, language).into(),
        ..told
    }
}

/// The table says first what a citizen can do.
fn technicians_part(remedy: &str, language: Language) -> String {
    let address = match language {
        Language::Kk => "Техник: ",
        Language::Ru => "Технику: ",
        Language::En => "Technician: ",
    };
    let Some((_, part)) = remedy.split_once(address) else {
        return remedy.to_owned();
    };
    let mut signs = part.chars();
    let first = signs.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(signs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_technician_reads_what_a_technician_does() {
        let told = |language| fault_data(Fault::CameraMissing, language).remedy;
        assert_eq!(told(Language::En), "Check the camera's cable and power.");
        assert_eq!(told(Language::Ru), "Проверьте кабель и питание камеры.");
        assert_eq!(
            told(Language::Kk),
            "Камераның кабелі мен қуатын тексеріңіз."
        );
    }

    #[test]
    fn a_remedy_for_everybody_is_left_whole() {
        let whole = Fault::QueueFull.text(faults::Language::En).remedy;
        assert_eq!(fault_data(Fault::QueueFull, Language::En).remedy, whole);
    }

    #[test]
    fn a_journal_warning_is_lit() {
        let row = Row::new(
            crate::maintenance::RowName::LogLine,
            Light::None,
            Value::Line {
                at: exchange::UnixMillis(1_803_841_199_000),
                warning: true,
                text: "uploads: no route to host".into(),
            },
        );
        let data = row_data(&row, None, Language::Ru);
        assert_eq!(data.light, screen::LightName::Warning);
        assert_eq!(data.at, "28.02.2027 23:59:59");
        assert_eq!(data.text, "uploads: no route to host");
    }
}
