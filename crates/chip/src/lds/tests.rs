//! Files made here by the rules, and whatever else comes.

use proptest::prelude::*;

use super::*;
use crate::file_id::DataGroup;
use crate::mrz::MrzFormat;
use crate::tlv::write;

fn object(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, tag, value);
    out
}

const TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\
                   7408122F1204159UTO<<<<<<<<<<<6\
                   ERIKSSON<<ANNA<MARIA<<<<<<<<<<";
const TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<D231458907UTO7408122F1204159<<<<<<<6";
const TD3: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\
                   L898902C36UTO7408122F1204159ZE184226B<<<<<10";

fn dg1(zone: &str) -> Vec<u8> {
    object(0x61, &object(0x5F1F, zone.as_bytes()))
}

/// The zones printed in ICAO 9303-4, -5 and -6.
#[test]
fn dg1_of_each_size() {
    for (zone, format, number) in [
        (TD1, MrzFormat::Td1, "D23145890"),
        (TD2, MrzFormat::Td2, "D23145890"),
        (TD3, MrzFormat::Td3, "L898902C3"),
    ] {
        let mrz = Dg1::parse(&dg1(zone)).unwrap().mrz;
        assert_eq!(mrz.format(), format);
        assert_eq!(mrz.document_number(), number);
        assert_eq!(mrz.surname(), "ERIKSSON");
        let other = zone.replacen("740812", "740813", 1);
        assert!(matches!(Dg1::parse(&dg1(&other)), Err(LdsError::Mrz(_))));
    }
    assert_eq!(Dg1::parse(&dg1(&TD3[1..])), Err(LdsError::MrzLength(87)));
    let mut longer = dg1(TD3);
    longer.push(0);
    assert!(Dg1::parse(&longer).is_err());
}

#[test]
fn com_lists_data_groups_once() {
    let com = |list: &[u8]| {
        let mut fields = object(0x5F01, b"0107");
        fields.extend(object(0x5F36, b"040000"));
        fields.extend(object(0x5C, list));
        object(0x60, &fields)
    };
    let read = Com::parse(&com(&[0x61, 0x75, 0x6E])).unwrap();
    assert_eq!(read.lds_version, "0107");
    assert_eq!(
        read.data_groups.into_iter().collect::<Vec<_>>(),
        [DataGroup::DG1, DataGroup::DG2, DataGroup::DG14]
    );
    assert_eq!(
        Com::parse(&com(&[0x61, 0x61])),
        Err(LdsError::Repeated(0x61))
    );
    assert_eq!(Com::parse(&com(&[0x62])), Err(LdsError::DataGroup(0x62)));
}

const JPEG: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3];
const JP2: &[u8] = b"\0\0\0\x0CjP  \r\n\x87\nrest";
const J2K: &[u8] = &[0xFF, 0x4F, 0xFF, 0x51, 9];

/// One record of ISO 19794-5 with these pictures, one feature point each.
fn record_19794(pictures: &[&[u8]]) -> Vec<u8> {
    let mut faces = Vec::new();
    for picture in pictures {
        let length = u32::try_from(20 + 8 + 12 + picture.len()).unwrap();
        faces.extend(length.to_be_bytes());
        faces.extend([0, 1]);
        faces.extend([0; 14 + 8 + 12]);
        faces.extend(*picture);
    }
    let mut record = b"FAC\x00010\0".to_vec();
    record.extend(u32::try_from(14 + faces.len()).unwrap().to_be_bytes());
    record.extend(u16::try_from(pictures.len()).unwrap().to_be_bytes());
    record.extend(faces);
    record
}

fn block_39794(picture: &[u8]) -> Vec<u8> {
    let mut data = object(0x80, picture);
    data.extend(object(0xA1, &object(0xA0, &object(0x80, &[0]))));
    let base = object(0xA0, &object(0xA0, &data));
    let mut representation = object(0x80, &[0]);
    representation.extend(object(0xA1, &base));
    let mut block = object(0xA0, &[0x80, 1, 3, 0x81, 2, 7, 0xE3]);
    block.extend(object(0xA1, &object(0x30, &representation)));
    object(0x65, &block)
}

fn dg2(blocks: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut group = object(0x02, &[u8::try_from(blocks.len()).unwrap()]);
    for (tag, block) in blocks {
        let mut template = object(0xA1, &object(0x81, &[2]));
        template.extend(object(*tag, block));
        group.extend(object(0x7F60, &template));
    }
    object(0x75, &object(0x7F61, &group))
}

#[test]
fn dg2_of_both_standards_and_all_kinds_of_picture() {
    for (picture, kind) in [
        (JPEG, ImageKind::Jpeg),
        (JP2, ImageKind::Jpeg2000),
        (J2K, ImageKind::Jpeg2000),
    ] {
        for block in [
            (0x5F2E, record_19794(&[picture])),
            (0x7F2E, block_39794(picture)),
        ] {
            let read = Dg2::parse(&dg2(&[block])).unwrap();
            assert_eq!(read.faces().len(), 1);
            assert_eq!(read.faces()[0].kind(), kind);
            assert_eq!(read.faces()[0].bytes(), picture);
        }
    }
    let two = dg2(&[
        (0x5F2E, record_19794(&[JPEG, JP2])),
        (0x7F2E, block_39794(J2K)),
    ]);
    assert_eq!(Dg2::parse(&two).unwrap().faces().len(), 3);
}

#[test]
fn dg2_that_does_not_add_up_is_refused() {
    let png = record_19794(&[b"\x89PNG\r\n\x1A\n"]);
    assert_eq!(Dg2::parse(&dg2(&[(0x5F2E, png)])), Err(LdsError::ImageKind));
    assert!(Dg2::parse(&dg2(&[])).is_err());
    assert!(Dg2::parse(&dg2(&[(0x5F2E, record_19794(&[]))])).is_err());
    assert_eq!(
        Dg2::parse(&dg2(&[(0x5F2E, b"FIR\x00010\0".to_vec())])),
        Err(LdsError::FaceFormat)
    );
    // The whole length, the number of faces, a face's length, its feature points.
    for at in [11, 13, 17, 19] {
        let mut record = record_19794(&[JPEG]);
        record[at] = record[at].wrapping_add(1);
        assert!(Dg2::parse(&dg2(&[(0x5F2E, record)])).is_err(), "{at}");
    }
    let many = record_19794(&vec![JPEG; 17]);
    assert_eq!(
        Dg2::parse(&dg2(&[(0x5F2E, many)])),
        Err(LdsError::TooMany(16))
    );
}

#[test]
fn dg11_in_national_characters() {
    let mut fields = object(0x5C, &[0x5F, 0x0E]);
    fields.extend(object(0x5F0E, "ҚҰРМАНҒАЗЫҰЛЫ<<ӘЛІ<НҰР".as_bytes()));
    fields.extend(object(
        0xA0,
        &[object(0x02, &[1]), object(0x5F0F, "ӘЛІ".as_bytes())].concat(),
    ));
    fields.extend(object(0x5F10, b"880412401006<<<"));
    fields.extend(object(0x5F2B, &[0x19, 0x88, 0x04, 0x12]));
    fields.extend(object(0x5F11, "АЛМАТЫ<ҚАЗАҚСТАН".as_bytes()));
    fields.extend(object(0x5F42, b""));
    let read = Dg11::parse(&object(0x6B, &fields)).unwrap();
    let name = read.full_name.clone().unwrap();
    assert_eq!(name.surname, "ҚҰРМАНҒАЗЫҰЛЫ");
    assert_eq!(name.given_names, "ӘЛІ НҰР");
    assert_eq!(read.other_names.len(), 1);
    assert_eq!(read.personal_number.as_deref(), Some("880412401006"));
    assert_eq!(read.birth_date.as_deref(), Some("19880412"));
    assert_eq!(read.birth_place.as_deref(), Some("АЛМАТЫ, ҚАЗАҚСТАН"));
    assert_eq!(read.address, None);
    assert!(!format!("{read:?}").contains("880412"));

    let latin_1 = object(0x6B, &object(0x5F0E, &[0xC9, b'R']));
    assert_eq!(Dg11::parse(&latin_1), Err(LdsError::Text(0x5F0E)));
    let twice = [object(0x5F10, b"1"), object(0x5F10, b"2")].concat();
    assert_eq!(
        Dg11::parse(&object(0x6B, &twice)),
        Err(LdsError::Repeated(0x5F10))
    );
}

#[test]
fn dg12_dates_written_and_packed() {
    for date in [&b"20240623"[..], &[0x20, 0x24, 0x06, 0x23]] {
        let mut fields = object(0x5F19, "ҚР ІІМ".as_bytes());
        fields.extend(object(0x5F26, date));
        let read = Dg12::parse(&object(0x6C, &fields)).unwrap();
        assert_eq!(read.issue_date.unwrap().to_string(), "2024-06-23");
        assert_eq!(read.issue_date.unwrap().unix_seconds(), 1_719_100_800);
        assert_eq!(read.issuing_authority.as_deref(), Some("ҚР ІІМ"));
    }
    for date in [&b"20241323"[..], b"2024062", &[0x20, 0x24, 0x06, 0x3A]] {
        let file = object(0x6C, &object(0x5F26, date));
        assert_eq!(Dg12::parse(&file), Err(LdsError::Date(0x5F26)));
    }
}

fn parse_all(bytes: &[u8]) {
    let _ = Com::parse(bytes);
    let _ = Dg1::parse(bytes);
    let _ = Dg2::parse(bytes);
    let _ = Dg11::parse(bytes);
    let _ = Dg12::parse(bytes);
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        parse_all(&bytes);
        for tag in [0x60, 0x61, 0x6B, 0x6C, 0x75] {
            parse_all(&object(tag, &bytes));
        }
        let _ = face_record::faces(&bytes);
        let _ = face_record::faces(&[b"FAC\x00010\0", &bytes[..]].concat());
        let _ = face_record::faces(&object(0x65, &bytes));
    }

    #[test]
    fn never_panics_on_a_changed_dg2(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        for block in [(0x5F2E, record_19794(&[JPEG, JP2])), (0x7F2E, block_39794(J2K))] {
            let mut file = dg2(&[block]);
            for (at, value) in &changes {
                let at = at.index(file.len());
                file[at] = *value;
            }
            parse_all(&file);
            parse_all(&file[..cut.index(file.len())]);
        }
    }
}
