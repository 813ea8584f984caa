//! The reader itself: opened, asked, taken, pulled.

mod support;

use std::path::Path;
use std::time::Duration;

use serial_ccid::{
    CardChannel, ChannelError, ConnectError, OpenError, ReaderSettings, SerialReader, SlotError,
    SlotStatus,
};
use support::{file_card, object, open, put_and_get, settings};
use virtual_reader::{InsertedCard, LineFault, ReaderModel, VirtualSerialReader, atr, token_atr};

/// Beyond anything here.
const LONG: Duration = Duration::from_secs(10);

#[test]
fn both_kinds_of_reader_are_found_out() {
    for model in [ReaderModel::gem_pc_twin(), ReaderModel::gem_core_sim_pro()] {
        let echo = model.echo;
        let plugged = VirtualSerialReader::plug_in(model);
        plugged.insert(file_card());
        let settings = ReaderSettings {
            card_service: None,
            ..ReaderSettings::default()
        };
        let mut reader = SerialReader::open_with(plugged.path(), &settings).unwrap();
        assert_eq!(reader.echoes(), echo);
        let firmware = reader.firmware().unwrap();
        assert_eq!(firmware.as_deref(), Some("Virtual serial reader"));
        // Nothing has power before it is asked for.
        assert_eq!(reader.slot_status(), Ok(SlotStatus::Inactive));
        let mut card = reader.connect().unwrap();
        assert_eq!(card.atr().bytes(), token_atr());
        assert_eq!(card.information_size(), 254);
        put_and_get(&mut card, &object()).unwrap();
        drop(card);
        assert_eq!(reader.slot_status(), Ok(SlotStatus::Inactive));
        assert_eq!(reader.line_counters(), Default::default());
    }
}

#[test]
fn a_card_can_own_its_reader() {
    let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    plugged.insert(file_card());
    let mut card: Box<dyn CardChannel + Send> = Box::new(open(&plugged).into_card().unwrap());
    put_and_get(card.as_mut(), &object()).unwrap();
    drop(card);
    // Closed with its owner.
    open(&plugged);
}

#[test]
fn cards_that_come_and_go_are_told_of() {
    for model in [ReaderModel::gem_pc_twin(), ReaderModel::gem_core_sim_pro()] {
        let plugged = VirtualSerialReader::plug_in(model);
        let mut reader = open(&plugged);
        assert_eq!(reader.slot_status(), Ok(SlotStatus::Absent));
        assert_eq!(reader.connect().err(), Some(ConnectError::NoCard));
        for _ in 0..2 {
            plugged.insert(file_card());
            assert_eq!(reader.wait_change(LONG), Ok(Some(SlotStatus::Inactive)));
            plugged.take_out();
            assert_eq!(reader.wait_change(LONG), Ok(Some(SlotStatus::Absent)));
        }
        assert_eq!(reader.wait_change(Duration::from_millis(50)), Ok(None));
    }
}

#[test]
fn a_change_during_a_command_is_told_afterwards() {
    let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    plugged.insert(file_card());
    let mut reader = open(&plugged);
    plugged.line_fault(0, LineFault::PulledWithoutAnswer);
    assert_eq!(reader.slot_status(), Ok(SlotStatus::Absent));
    assert_eq!(reader.wait_change(LONG), Ok(Some(SlotStatus::Absent)));
}

#[test]
fn a_card_put_in_again_is_another_card() {
    for model in [ReaderModel::gem_pc_twin(), ReaderModel::gem_core_sim_pro()] {
        let notifies = model.notifies;
        let plugged = VirtualSerialReader::plug_in(model);
        plugged.insert(file_card());
        let mut reader = open(&plugged);
        let mut card = reader.connect().unwrap();
        put_and_get(&mut card, &object()).unwrap();
        plugged.take_out();
        plugged.insert(file_card());
        // Without notice there is only a card without power.
        let expected = match notifies {
            true => ChannelError::Removed,
            false => ChannelError::Reset,
        };
        assert_eq!(put_and_get(&mut card, &object()), Err(expected));
        assert_eq!(put_and_get(&mut card, &object()), Err(expected));
        drop(card);
        put_and_get(&mut reader.connect().unwrap(), &object()).unwrap();
    }
}

#[test]
fn a_tty_has_one_owner() {
    let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    let first = open(&plugged);
    let second = SerialReader::open_with(plugged.path(), &settings());
    assert!(matches!(second.err(), Some(OpenError::Taken(path)) if path == plugged.path()));
    drop(first);
    open(&plugged);
}

#[test]
fn a_tty_of_the_card_service_is_left_alone() {
    let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    let readers = tempfile::tempdir().unwrap();
    let file = readers.path().join("token-writer");
    let text = format!("DEVICENAME {}:GemPCTwin\n", plugged.path().display());
    std::fs::write(&file, text).unwrap();
    let settings = ReaderSettings {
        card_service: Some(readers.path().to_owned()),
        ..settings()
    };
    let error = SerialReader::open_with(plugged.path(), &settings)
        .err()
        .unwrap();
    let said = error.to_string();
    assert!(
        said.contains("belongs to the card service") && said.contains("token-writer"),
        "{said}"
    );
    std::fs::remove_file(file).unwrap();
    SerialReader::open_with(plugged.path(), &settings).unwrap();
}

#[test]
fn what_cannot_be_opened_is_named() {
    let missing = Path::new("/dev/no-such-tty");
    let error = SerialReader::open_with(missing, &settings()).err().unwrap();
    assert!(error.to_string().contains("/dev/no-such-tty"), "{error}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = SerialReader::open_with(file.path(), &settings()).err();
    assert!(matches!(error, Some(OpenError::Tty { .. })));
    let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    plugged.line_fault(0, LineFault::Dead);
    let error = SerialReader::open_with(plugged.path(), &settings()).err();
    assert!(matches!(error, Some(OpenError::Silent(_))));
}

#[test]
fn a_reader_that_is_pulled_is_gone() {
    let mut plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    plugged.insert(file_card());
    let mut reader = open(&plugged);
    let mut card = reader.connect().unwrap();
    put_and_get(&mut card, &object()).unwrap();
    plugged.unplug();
    assert_eq!(
        put_and_get(&mut card, &object()),
        Err(ChannelError::ReaderGone)
    );
    drop(card);
    assert_eq!(reader.slot_status(), Err(ChannelError::ReaderGone));
    assert_eq!(reader.wait_change(LONG), Err(ChannelError::ReaderGone));
}

#[test]
fn a_dead_line_fails_and_may_come_back() {
    let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_core_sim_pro());
    plugged.insert(file_card());
    let mut reader = open(&plugged);
    let mut card = reader.connect().unwrap();
    plugged.line_fault(2, LineFault::Dead);
    assert_eq!(put_and_get(&mut card, &object()), Err(ChannelError::Failed));
    assert_eq!(put_and_get(&mut card, &object()), Err(ChannelError::Failed));
    plugged.revive();
    put_and_get(&mut card, &object()).unwrap();
    drop(card);
    plugged.line_fault(0, LineFault::Dead);
    assert_eq!(reader.wait_change(LONG), Err(ChannelError::Failed));
}

#[test]
fn a_reader_without_parameters_of_its_own_is_believed() {
    let plugged = VirtualSerialReader::plug_in(ReaderModel {
        sets_parameters: false,
        ..ReaderModel::gem_pc_twin()
    });
    plugged.insert(file_card());
    put_and_get(&mut open(&plugged).connect().unwrap(), &object()).unwrap();
}

#[test]
fn cards_of_other_kinds() {
    let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    let mut reader = open(&plugged);
    let mut connect = |card: InsertedCard| {
        plugged.insert(card);
        let mut card = reader.connect()?;
        put_and_get(&mut card, &object())?;
        Ok(card.information_size())
    };
    // T=1 without any wish, in blocks of 32.
    assert_eq!(connect(file_card().with_atr(atr(b"\x3B\x80\x01"))), Ok(32));
    // T=0 first.
    assert_eq!(
        connect(file_card().with_atr(atr(b"\x3B\x80\x80\x01"))),
        Ok(32)
    );
    // Keeps its first speed.
    assert_eq!(connect(file_card().that_refuses_selection()), Ok(254));
    // T=0 alone; T=1 refused; redundancy code; no chip card; noise.
    let t0 = file_card().with_atr(vec![0x3B, 0]);
    assert_eq!(connect(t0), Err(ConnectError::Protocol));
    let refuses = file_card().with_atr(atr(b"\x3B\x80\x80\x01"));
    let refuses = connect(refuses.that_refuses_selection());
    assert_eq!(refuses, Err(ConnectError::Protocol));
    let redundancy = file_card().with_atr(atr(b"\x3B\x80\x81\x41\x01"));
    assert_eq!(connect(redundancy), Err(ConnectError::RedundancyCode));
    let noise = file_card().with_atr(vec![0x3B, 0x95, 1]);
    assert!(matches!(connect(noise), Err(ConnectError::Atr(_))));
    let blank = InsertedCard::without_chip();
    assert_eq!(connect(blank), Err(ConnectError::Mute(SlotError::IccMute)));
}
