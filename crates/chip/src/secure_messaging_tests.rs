use proptest::prelude::*;

use super::*;
use crate::key_derivation::{ENCRYPTION, MESSAGE_AUTHENTICATION, derive_key};

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn command(text: &str) -> Command {
    Command::parse(&bytes(text)).unwrap()
}

fn response(text: &str) -> Response {
    Response::parse(&bytes(text)).unwrap()
}

fn agreed(cipher: Cipher, secret: &[u8], ssc: &[u8]) -> SecureMessaging {
    let enc = derive_key(secret, ENCRYPTION, cipher);
    let mac = derive_key(secret, MESSAGE_AUTHENTICATION, cipher);
    SecureMessaging::new(cipher, &enc, &mac, ssc).unwrap()
}

/// The session of the worked example.
fn worked_example() -> SecureMessaging {
    let seed = bytes("0036D272F5C350ACAC50C3F572D23600");
    agreed(Cipher::TripleDes, &seed, &bytes("887022120C06C226"))
}

/// ICAO 9303-11, appendix D.4: SELECT EF.COM, its first four bytes, the rest.
#[test]
fn the_worked_example() {
    let (mut reader, mut chip) = (worked_example(), worked_example());
    for (plain, protected, answer, protected_answer) in [
        (
            "00A4020C02011E",
            "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
            "9000",
            "990290008E08FA855A5D4C50A8ED9000",
        ),
        (
            "00B0000004",
            "0CB000000D9701048E08ED6705417E96BA5500",
            "60145F019000",
            "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000",
        ),
        (
            "00B0000412",
            "0CB000040D9701128E082EA28A70F3C7B53500",
            "04303130365F36063034303030305C0261759000",
            "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
        ),
    ] {
        let sent = reader.protect(&command(plain)).unwrap();
        assert_eq!(sent.encode(false).unwrap()[..], bytes(protected));
        assert_eq!(chip.unprotect_command(&sent).unwrap(), command(plain));
        let answered = chip.protect_response(sent.ins, &response(answer)).unwrap();
        assert_eq!(answered.encode()[..], bytes(protected_answer));
        assert_eq!(reader.unprotect(&answered).unwrap(), response(answer));
    }
}

#[test]
fn aes_as_a_stranger_makes_it() {
    let vectors = include_str!("../testdata/secure_messaging_aes.txt");
    let secret: Vec<u8> = (0x10..0x30).collect();
    let mut exchanges = 0;
    for (name, cipher) in [
        ("Aes128", Cipher::Aes128),
        ("Aes192", Cipher::Aes192),
        ("Aes256", Cipher::Aes256),
    ] {
        let (mut reader, mut chip) = (agreed(cipher, &secret, &[]), agreed(cipher, &secret, &[]));
        for line in vectors.lines().filter(|line| line.starts_with(name)) {
            let fields: Vec<&str> = line.split(' ').collect();
            let [_, plain, protected, answer, protected_answer] = fields[..] else {
                panic!("five fields: {line}");
            };
            let sent = reader.protect(&command(plain)).unwrap();
            assert_eq!(hex::encode(&*sent.encode(false).unwrap()), protected);
            assert_eq!(chip.unprotect_command(&sent).unwrap(), command(plain));
            let answered = chip.protect_response(sent.ins, &response(answer)).unwrap();
            assert_eq!(hex::encode(&*answered.encode()), protected_answer);
            assert_eq!(reader.unprotect(&answered).unwrap(), response(answer));
            exchanges += 1;
        }
    }
    assert_eq!(exchanges, 15);
}

#[test]
fn a_chip_that_answers_in_the_clear_is_named_with_its_status() {
    let mut reader = worked_example();
    reader.protect(&command("00B0000004")).unwrap();
    assert_eq!(
        reader.unprotect(&response("6988")),
        Err(SecureMessagingError::Unprotected(
            StatusWord::SECURE_MESSAGING_INCORRECT
        ))
    );
}

#[test]
fn nothing_is_taken_twice_or_late() {
    let (mut reader, mut chip) = (worked_example(), worked_example());
    let read = command("00B0000004");
    let sent = reader.protect(&read).unwrap();
    chip.unprotect_command(&sent).unwrap();
    assert_eq!(
        chip.unprotect_command(&sent),
        Err(SecureMessagingError::Checksum)
    );

    let (mut reader, mut chip) = (worked_example(), worked_example());
    let answer = |chip: &mut SecureMessaging, sent: &Command| {
        chip.unprotect_command(sent).unwrap();
        chip.protect_response(0xB0, &response("0102030405069000"))
            .unwrap()
    };
    let sent = reader.protect(&read).unwrap();
    let answered = answer(&mut chip, &sent);
    reader.unprotect(&answered).unwrap();
    reader.protect(&read).unwrap();
    assert_eq!(
        reader.unprotect(&answered),
        Err(SecureMessagingError::Checksum)
    );
}

/// An answer without DO99, or with an object that a command has, protected rightly.
#[test]
fn right_checksums_over_wrong_objects() {
    let objects = |chip: &mut SecureMessaging, objects: &str| {
        chip.count();
        let mut data = bytes(objects);
        let mac = chip.mac(None, &data).unwrap();
        tlv::write(&mut data, CHECKSUM, &mac);
        Response::new(&data, StatusWord::OK)
    };
    for wrong in [
        "",
        "9900",
        "99029000970100",
        "9902900099029000",
        "990290008501FF",
        "87009902900",
        "8701019902900087010199029000",
        "04009902900",
        "87090200000000000000009902 9000",
    ] {
        let (mut reader, mut chip) = (worked_example(), worked_example());
        let wrong = wrong.replace(' ', "");
        let wrong = wrong.get(..wrong.len() / 2 * 2).unwrap();
        let answered = objects(&mut chip, wrong);
        assert!(reader.unprotect(&answered).is_err(), "{wrong}");
    }
    // Right checksum, wrong padding: zeros encrypted.
    let (mut reader, mut chip) = (worked_example(), worked_example());
    let cryptogram = Cipher::TripleDes
        .encrypt_cbc(&chip.encryption_key, &[0; 8], &[0; 8])
        .unwrap();
    let answered = objects(
        &mut chip,
        &format!("870901{}99029000", hex::encode(&*cryptogram)),
    );
    assert_eq!(
        reader.unprotect(&answered),
        Err(SecureMessagingError::Padding)
    );
}

#[test]
fn capacity_is_the_most_that_fits() {
    let secret = [7; 32];
    for (cipher, short) in [
        (Cipher::TripleDes, 231),
        (Cipher::Aes128, 223),
        (Cipher::Aes192, 223),
        (Cipher::Aes256, 223),
    ] {
        let length = |data: usize| {
            agreed(cipher, &secret, &[])
                .protect_response(0xB0, &Response::new(&vec![1; data], StatusWord::OK))
                .unwrap()
                .data
                .len()
        };
        let capacity = |limit| agreed(cipher, &secret, &[]).capacity(limit);
        assert_eq!(capacity(256), short);
        assert!(length(short) <= 256 && length(short + 1) > 256);
        for limit in [64, 128, 160, 512, 1000, 2048, 32767, 65535, 65536] {
            let fits = capacity(limit);
            assert!(length(fits) <= limit, "{fits} for {limit}");
            assert!(length(fits + 1 + cipher.block_length()) > limit);
        }
        assert_eq!(capacity(0), 0);
    }
}

#[test]
fn keys_of_another_length_are_refused() {
    for (enc, mac, ssc) in [(24, 16, 0), (16, 15, 0), (16, 16, 17)] {
        assert!(
            SecureMessaging::new(Cipher::Aes128, &vec![0; enc], &vec![0; mac], &vec![0; ssc])
                .is_err()
        );
    }
}

fn any_cipher() -> impl Strategy<Value = Cipher> {
    prop::sample::select(vec![
        Cipher::TripleDes,
        Cipher::Aes128,
        Cipher::Aes192,
        Cipher::Aes256,
    ])
}

proptest! {
    #[test]
    fn what_is_protected_comes_out_the_same(
        cipher in any_cipher(),
        secret in any::<[u8; 32]>(),
        ins in any::<u8>(),
        data in prop::collection::vec(any::<u8>(), 0..700),
        le in prop::option::of(1_u32..=65536),
        answer in prop::collection::vec(any::<u8>(), 0..700),
        status in any::<u16>(),
        extended in any::<bool>(),
    ) {
        let (mut reader, mut chip) = (agreed(cipher, &secret, &[]), agreed(cipher, &secret, &[]));
        let command = Command::new(ins, 1, 2, &data, le);
        for _ in 0..3 {
            let sent = reader.protect_in(&command, extended).unwrap();
            let sent = Command::parse(&sent.encode(false).unwrap()).unwrap();
            prop_assert_eq!(&chip.unprotect_command(&sent).unwrap(), &command);
            let plain = Response::new(&answer, StatusWord(status));
            let answered = chip.protect_response(ins, &plain).unwrap();
            prop_assert_eq!(reader.unprotect(&answered).unwrap(), plain);
        }
    }

    #[test]
    fn a_changed_byte_is_refused(
        cipher in any_cipher(),
        ins in any::<u8>(),
        data in prop::collection::vec(any::<u8>(), 0..40),
        status in prop::sample::select(vec![0x9000, 0x6282, 0x6700, 0x6A82]),
        at in any::<prop::sample::Index>(),
        change in 1_u8..=255,
    ) {
        let secret = [3; 32];
        let (mut reader, mut chip) = (agreed(cipher, &secret, &[]), agreed(cipher, &secret, &[]));
        let sent = reader.protect(&Command::new(ins, 0, 0, &data, Some(256))).unwrap();
        let mut changed = sent.clone();
        let place = at.index(changed.data.len());
        changed.data[place] ^= change;
        prop_assert!(agreed(cipher, &secret, &[]).unprotect_command(&changed).is_err());
        let mut changed = sent.clone();
        changed.p2 ^= change;
        prop_assert!(agreed(cipher, &secret, &[]).unprotect_command(&changed).is_err());

        chip.unprotect_command(&sent).unwrap();
        let answered = chip
            .protect_response(ins, &Response::new(&data, StatusWord(status)))
            .unwrap();
        let mut apdu = answered.encode();
        let place = at.index(apdu.len());
        apdu[place] ^= change;
        prop_assert!(reader.unprotect(&Response::parse(&apdu).unwrap()).is_err());
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(
        cipher in any_cipher(),
        data in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let answer = Response::new(&data, StatusWord::OK);
        prop_assert!(agreed(cipher, &[9; 32], &[]).unprotect(&answer).is_err());
        let command = Command::new(0xB0, 0, 0, &data, None);
        prop_assert!(agreed(cipher, &[9; 32], &[]).unprotect_command(&command).is_err());
    }
}
