use proptest::prelude::*;

use super::*;
use crate::file_id::{DataGroup, FileId};
use crate::secure_messaging::Cipher;
use crate::test_chip::{TestChip, TooMuch, file, keys};

const CIPHERS: [Cipher; 4] = [
    Cipher::TripleDes,
    Cipher::Aes128,
    Cipher::Aes192,
    Cipher::Aes256,
];
const DG1: FileId = FileId::DataGroup(DataGroup::DG1);
const DG2: FileId = FileId::DataGroup(DataGroup::DG2);

/// The files of a document with a portrait of this size.
fn document(portrait: usize) -> TestChip {
    TestChip::new()
        .with(FileId::CardAccess, file(0x31, 22))
        .with(FileId::Com, file(0x60, 26))
        .with(FileId::Sod, file(0x77, 1350))
        .with(DG1, file(0x61, 93))
        .with(DG2, file(0x75, portrait))
}

fn atr_info(answer: u16) -> Vec<u8> {
    let mut content = vec![0x43, 0x01, 0x00];
    let [high, low] = answer.to_be_bytes();
    let lengths = [0x02, 0x02, 0x10, 0x00, 0x02, 0x02, high, low];
    crate::tlv::write(&mut content, 0x7F66, &lengths);
    content
}

fn read(session: &mut Session<'_>, id: FileId) -> Result<Vec<u8>, ReadError> {
    let (mut last, mut total) = (0, 0);
    let content = session.read_file(id, &mut |done, of| {
        assert!(done > last && done <= of, "{done} of {of}");
        (last, total) = (done, of);
    })?;
    assert_eq!((last, total), (content.len() as u32, content.len() as u32));
    Ok(content)
}

/// EF.CardAccess, keys, and the files in a reader's order. Gives APDUs and bytes.
fn read_document(chip: &mut TestChip, cipher: Cipher) -> (u32, u64) {
    let expected: Vec<Vec<u8>> = [FileId::Com, FileId::Sod, DG1, DG2]
        .map(|id| chip.file(id).to_vec())
        .to_vec();
    let mut first = Session::new(chip);
    let card_access = first.read_card_access().unwrap();
    assert!(card_access.is_some());
    let (lengths, apdus, bytes) = (first.lengths, first.apdus, first.bytes);
    let messaging = chip.open(cipher);
    let mut session = Session::new(chip);
    (session.lengths, session.apdus, session.bytes) = (lengths, apdus, bytes);
    session.set_secure_messaging(messaging);
    session.select_application().unwrap();
    for (id, expected) in [FileId::Com, FileId::Sod, DG1, DG2]
        .into_iter()
        .zip(expected)
    {
        assert_eq!(read(&mut session, id).unwrap(), expected, "{id} {cipher:?}");
    }
    (session.apdus(), session.bytes())
}

/// APDUs of PACE, and what they take with 32-byte curves in the card model.
const PACE: (u32, f64) = (5, 5.0 * 12.0 + 700.0 / 30.0);

#[test]
fn short_apdus_are_few() {
    let mut chip = document(19_000);
    let (apdus, bytes) = read_document(&mut chip, Cipher::Aes128);
    let milliseconds = chip.milliseconds + PACE.1;
    assert!(apdus + PACE.0 <= 104, "{apdus}");
    assert!(milliseconds <= 2500.0, "{milliseconds}");
    assert!(bytes > 19_000 + 1350);
    assert_eq!(chip.selects, 0);
}

#[test]
fn extended_apdus_are_fewer() {
    let mut chip = document(19_000).with(FileId::AtrInfo, atr_info(0xFFFF));
    chip.extended = true;
    let (apdus, _) = read_document(&mut chip, Cipher::Aes256);
    let milliseconds = chip.milliseconds + PACE.1;
    // EF.CardAccess, EF.ATR/INFO, SELECT, four small starts, two rests.
    assert_eq!(apdus, 9);
    assert!(milliseconds <= 1200.0, "{milliseconds}");
}

/// No byte of a file is read twice, and nothing behind its end is asked for.
fn assert_read_once(chip: &TestChip, id: FileId) {
    let mut next = 0;
    for (_, range) in chip.reads.iter().filter(|(of, _)| *of == id.identifier()) {
        assert_eq!(range.start, next);
        next = range.end;
    }
    assert_eq!(next, chip.file(id).len());
}

#[test]
fn sixty_thousand_bytes_are_read_in_short_apdus() {
    for cipher in CIPHERS {
        let mut chip = document(60_000);
        read_document(&mut chip, cipher);
        assert!(chip.odd > 100);
        assert_read_once(&chip, DG2);
        assert_read_once(&chip, FileId::Sod);
    }
}

#[test]
fn offsets_beyond_two_bytes_have_three() {
    let mut chip = document(70_000);
    read_document(&mut chip, Cipher::Aes128);
    assert_read_once(&chip, DG2);
}

#[test]
fn files_of_every_small_length() {
    let lengths = [2, 3, 128, 129, 131, 222, 223, 224, 225, 231, 232, 446, 447];
    for length in lengths {
        for cipher in [Cipher::TripleDes, Cipher::Aes128] {
            let mut chip = document(length);
            read_document(&mut chip, cipher);
            assert_read_once(&chip, DG2);
        }
    }
}

#[test]
fn what_ef_atr_info_allows_is_not_exceeded() {
    for answer in [300, 1000, 1500, 4096, 32767] {
        let mut chip = document(19_000).with(FileId::AtrInfo, atr_info(answer));
        chip.extended = true;
        chip.too_much = TooMuch::Dropped;
        read_document(&mut chip, Cipher::Aes128);
        assert!(chip.longest_answer <= usize::from(answer), "{answer}");
    }
}

#[test]
fn a_chip_with_less_room_is_asked_for_less() {
    for (extended, most) in [
        (false, 222),
        (false, 200),
        (false, 192),
        (false, 160),
        (false, 128),
        (true, 5000),
        (true, 1000),
        (true, 250),
        (true, 130),
    ] {
        for too_much in [
            TooMuch::Refused(0x6700),
            TooMuch::Refused(0x6F00),
            TooMuch::Refused(0x6C00),
            TooMuch::Corrected,
            TooMuch::Shortened,
        ] {
            if too_much == TooMuch::Corrected && most > 255 {
                continue;
            }
            let mut chip = document(40_000);
            (chip.extended, chip.most, chip.too_much) = (extended, most, too_much);
            let (apdus, _) = read_document(&mut chip, Cipher::Aes128);
            assert_read_once(&chip, DG2);
            // Learned once, not refused every time.
            let least = 40_000 / most.min(223) as u32;
            assert!(apdus < least * 3 / 2 + 40, "{most} {too_much:?}: {apdus}");
        }
    }
}

#[test]
fn keys_dropped_over_a_length_can_be_agreed_on_again() {
    let mut chip = document(19_000);
    chip.extended = true;
    chip.most = 200;
    chip.too_much = TooMuch::Dropped;
    let expected = chip.file(DG2).to_vec();
    let mut lengths = {
        let mut session = Session::new(&mut chip);
        session.lengths.extended = Some(true);
        session.lengths
    };
    let mut rounds = 0;
    loop {
        rounds += 1;
        let messaging = chip.open(Cipher::Aes128);
        let mut session = Session::new(&mut chip);
        session.lengths = lengths;
        session.set_secure_messaging(messaging);
        match read(&mut session, DG2) {
            Ok(content) => {
                assert_eq!(content, expected);
                break;
            }
            Err(ReadError::SecureMessaging(_)) => {
                assert!(!session.is_secure());
                assert!(session.retry_shorter());
                assert!(!session.retry_shorter(), "once for each refusal");
            }
            Err(error) => panic!("{error}"),
        }
        lengths = session.lengths;
    }
    // 223 dropped the keys, 192 did not.
    assert_eq!(rounds, 2);
}

#[test]
fn a_forged_answer_is_no_matter_of_length() {
    let mut channel = answers(&["990290008E0800000000000000009000", "9000"]);
    let mut session = Session::new(&mut channel);
    session.set_secure_messaging(keys(Cipher::Aes256));
    let error = read(&mut session, DG2).unwrap_err();
    assert!(matches!(error, ReadError::SecureMessaging(_)));
    assert!(!session.is_secure() && !session.retry_shorter());
    // Nothing goes on in the clear.
    let (before, error) = (session.apdus(), read(&mut session, DG1).unwrap_err());
    assert!(matches!(error, ReadError::SecureMessaging(_)));
    assert_eq!(session.apdus(), before);
}

#[test]
fn a_chip_without_card_access_is_none() {
    for absent in [0x6A82, 0x6A83, 0x6986] {
        for extended in [false, true] {
            let mut chip = TestChip::new().with(DG1, file(0x61, 93));
            (chip.absent, chip.extended) = (absent, extended);
            let mut session = Session::new(&mut chip);
            assert_eq!(session.read_card_access(), Ok(None));
        }
    }
}

#[test]
fn the_first_read_tells_whether_extended_length_works() {
    for (extended, reader_fails) in [(true, false), (false, false), (true, true)] {
        let mut chip = document(100);
        (chip.extended, chip.reader_fails) = (extended, reader_fails);
        let expected = chip.file(FileId::CardAccess).to_vec();
        let mut session = Session::new(&mut chip);
        assert_eq!(session.read_card_access(), Ok(Some(expected)));
        assert_eq!(session.extended(), Some(extended && !reader_fails));
    }
    let mut chip = document(100);
    chip.extended = true;
    let mut session = Session::new(&mut chip);
    session.keep_short();
    session.read_card_access().unwrap();
    assert_eq!((session.extended(), session.apdus()), (Some(false), 1));
}

#[test]
fn without_short_identifiers_files_are_selected() {
    let mut chip = document(1000);
    chip.short_identifiers = false;
    let messaging = chip.open(Cipher::Aes128);
    let mut session = Session::new(&mut chip);
    session.set_secure_messaging(messaging);
    read(&mut session, FileId::Com).unwrap();
    let before = session.apdus();
    assert_eq!(read(&mut session, DG1).unwrap().len(), 93);
    assert_eq!(
        session.apdus() - before,
        2,
        "no short identifier is tried again"
    );
}

#[test]
fn an_answer_in_parts_is_put_together() {
    for part in [1, 100, 255, 256, 300] {
        let mut chip = document(3000);
        (chip.extended, chip.part) = (true, part);
        read_document(&mut chip, Cipher::Aes128);
    }
}

#[test]
fn a_file_that_is_not_given_has_its_status() {
    let mut chip = document(100);
    let messaging = chip.open(Cipher::Aes128);
    let mut session = Session::new(&mut chip);
    session.set_secure_messaging(messaging);
    let missing = FileId::DataGroup(DataGroup::DG11);
    assert_eq!(
        read(&mut session, missing),
        Err(ReadError::File {
            file: missing,
            status: 0x6A82
        })
    );
    assert_eq!(session.read_if_present(missing, &mut |_, _| {}), Ok(None));
    assert_eq!(read(&mut session, DG2).unwrap().len(), 100);
}

#[test]
fn a_file_shorter_or_longer_than_it_says() {
    let mut cut = file(0x75, 500);
    cut.truncate(400);
    let mut endless = vec![0x75, 0x83, 0xFF, 0xFF, 0xFF];
    endless.resize(600, 0);
    let mut padded = file(0x61, 93);
    padded.resize(200, 0);
    let mut chip = document(100)
        .with(DG2, cut)
        .with(FileId::Sod, endless)
        .with(DG1, padded)
        .with(FileId::Com, vec![0x60]);
    let messaging = chip.open(Cipher::Aes128);
    let mut session = Session::new(&mut chip);
    session.set_secure_messaging(messaging);
    let mut read = |id| session.read_file(id, &mut |_, _| {});
    assert!(matches!(read(DG2), Err(ReadError::File { .. })));
    assert!(matches!(read(FileId::Com), Err(ReadError::File { .. })));
    assert!(matches!(read(FileId::Sod), Err(ReadError::Protocol { .. })));
    assert_eq!(read(DG1), Ok(file(0x61, 93)));
}

/// Answers as they come, then the card is gone.
struct Answers(std::vec::IntoIter<Vec<u8>>);

impl CardChannel for Answers {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.0.next().ok_or(ChannelError::Removed)
    }
}

fn answers(texts: &[&str]) -> Answers {
    let answers: Vec<Vec<u8>> = texts.iter().map(|it| hex::decode(it).unwrap()).collect();
    Answers(answers.into_iter())
}

#[test]
fn le_is_corrected_once() {
    let command = Command::new(0x84, 0, 0, &[], Some(8));
    let mut channel = answers(&["6C04", "010203049000"]);
    let mut session = Session::new(&mut channel);
    assert_eq!(session.send(&command).unwrap().data[..], [1, 2, 3, 4]);
    assert_eq!((session.apdus(), session.bytes()), (2, 5 + 2 + 5 + 6));
    let mut channel = answers(&["6C04", "6C08", "9000"]);
    let status = Session::new(&mut channel).send(&command).unwrap().status;
    assert_eq!(status.0, 0x6C08);
}

#[test]
fn an_endless_answer_ends() {
    let command = Command::new(0x84, 0, 0, &[], Some(8));
    let endless = |answer: &[u8]| {
        let mut channel = Answers(vec![answer.to_vec(); 100_000].into_iter());
        let mut session = Session::new(&mut channel);
        let error = session.send(&command).unwrap_err();
        assert!(matches!(error, ReadError::Protocol { .. }), "{error}");
        session.apdus()
    };
    assert_eq!(endless(&[0x61, 0x00]), 2);
    assert!(endless(&[7, 0x61, 0x01]) < 70_000);
}

#[test]
fn an_answer_without_a_status_is_a_failed_transport() {
    let command = Command::new(0x84, 0, 0, &[], Some(8));
    for answer in ["", "90"] {
        let mut channel = answers(&[answer]);
        assert_eq!(
            Session::new(&mut channel).send(&command),
            Err(ReadError::Channel(ChannelError::Failed))
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_a_chip_answers_reading_ends(
        answers in prop::collection::vec(
            (
                prop::collection::vec(any::<u8>(), 0..40),
                prop::sample::select(vec![
                    0x9000, 0x6282, 0x6700, 0x6C10, 0x6C00, 0x6105, 0x6A82, 0x6F00, 0x6988,
                ]),
            ),
            0..60,
        ),
        secure in any::<bool>(),
    ) {
        let answers: Vec<Vec<u8>> = answers
            .into_iter()
            .map(|(data, status): (Vec<u8>, u16)| [data, status.to_be_bytes().to_vec()].concat())
            .collect();
        let mut channel = Answers(answers.into_iter());
        let mut session = Session::new(&mut channel);
        let _ = session.read_card_access();
        if secure {
            session.set_secure_messaging(keys(Cipher::Aes128));
        }
        for id in [FileId::Com, FileId::Sod, DG1, DG2] {
            if let Ok(content) = session.read_file(id, &mut |_, _| {}) {
                prop_assert!(!secure);
                prop_assert!(crate::tlv::TlvReader::new(&content).all(|it| it.is_ok()));
            }
        }
    }
}
