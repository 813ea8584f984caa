//! The tests of the devices, one by one.

use faults::Fault;

use super::Sample;
use super::maintenance::{lights, page, shown, testing};
use crate::maintenance::{
    Act, Device, Hint, Light, MaintenanceView, Outcome, Page, Refusal, Row, RowName, TestView,
    Value, Word,
};

pub(super) fn all() -> Vec<Sample> {
    use RowName::*;
    let reader = vec![
        Row::text(
            Reader,
            "HID Global OMNIKEY 3x21 Smart Card Reader [OMNIKEY 3x21] 00 00",
        ),
        Row::text(
            AnswerToReset,
            "3B FD 13 00 00 81 31 FE 15 80 73 C0 21 C0 57 59 75 62 69 4B 65 79 40",
        ),
        Row::word(TestCard, Light::Bad, Word::Silent).with(Fault::CardServiceDown),
        Row::new(ReadingTime, Light::Good, Value::Millis(1_312)),
    ];
    let camera = vec![
        Row::text(Camera, "HD Pro Webcam C920"),
        Row::text(FrameSize, "1280 × 720"),
        Row::new(FrameRate, Light::Good, Value::Rate(299)),
        Row::new(Brightness, Light::Good, Value::Percent(54)),
        Row::new(Contrast, Light::Good, Value::Percent(61)),
        Row::new(Sharpness, Light::Warning, Value::Percent(18)),
    ];
    let token = vec![
        Row::text(TokenKind, "PIV 5.7.1"),
        Row::new(PinTriesLeft, Light::Warning, Value::Count(1)),
        Row::new(AnswerTime, Light::Good, Value::Millis(86)),
    ];
    let drive = vec![
        Row::text(DriveLabel, "KINGSTON"),
        Row::new(FreeOnDrive, Light::Good, Value::Bytes(14_900_000_000)),
        Row::word(DriveWritten, Light::Good, Word::Yes),
    ];
    let chosen = MaintenanceView {
        outcome: Some(Outcome::Refused(Refusal::NoDrive)),
        tests: lights(Device::Panel),
        acts: vec![Act::TestAll, Act::RestartCardService],
        ..with(Vec::new())
    };
    let over = MaintenanceView {
        outcome: Some(Outcome::Done(Act::TestAll)),
        ..chosen.clone()
    };
    let judged = testing(Device::Camera, Some(Hint::JudgePicture), true);
    let panel = testing(Device::Panel, Some(Hint::JudgePanel), true);
    let touch = TestView {
        touched: (0..24).map(|at| at % 5 < 3).collect(),
        ..testing(Device::Touch, Some(Hint::TouchEveryField), false)
    };
    let coloured = |colour| TestView {
        colour: Some(colour),
        ..testing(Device::Display, Some(Hint::JudgeColour), true)
    };
    let waits = |device, hint| testing(device, Some(hint), false);
    vec![
        page("maintenance_devices", chosen),
        page("maintenance_devices_over", over),
        working(
            "maintenance_test_camera_looking",
            testing(Device::Camera, None, false),
            Vec::new(),
        ),
        asking("maintenance_test_camera", judged, camera),
        working(
            "maintenance_test_reader",
            waits(Device::Reader, Hint::TakeCardOut),
            reader,
        ),
        working(
            "maintenance_test_writer",
            waits(Device::Writer, Hint::InsertTestToken),
            token,
        ),
        working(
            "maintenance_test_drive",
            waits(Device::Drive, Hint::PullDriveOut),
            drive,
        ),
        asking("maintenance_test_panel", panel, Vec::new()),
        asking("maintenance_test_touch", touch, Vec::new()),
        asking("maintenance_test_display_red", coloured(0), Vec::new()),
        asking("maintenance_test_display_white", coloured(3), Vec::new()),
        asking("maintenance_test_display_black", coloured(4), Vec::new()),
    ]
}

fn with(rows: Vec<Row>) -> MaintenanceView {
    MaintenanceView {
        opens: vec![None; rows.len()],
        rows,
        ..shown(Page::Devices)
    }
}

/// The world is at it.
fn working(name: &'static str, test: TestView, rows: Vec<Row>) -> Sample {
    let view = MaintenanceView {
        tests: lights(test.device),
        test: Some(test),
        working: true,
        acts: vec![Act::TestAll, Act::RestartCardService],
        ..with(rows)
    };
    page(name, view)
}

/// The technician is asked.
fn asking(name: &'static str, test: TestView, rows: Vec<Row>) -> Sample {
    let view = MaintenanceView {
        tests: lights(test.device),
        test: Some(test),
        acts: vec![Act::TestAll, Act::RestartCardService],
        ..with(rows)
    };
    page(name, view)
}
