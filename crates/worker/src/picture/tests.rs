use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

const LIMITS: PictureLimits = PictureLimits {
    file_bytes: 1 << 20,
    side: 16_384,
    pixels: 64_000_000,
    result_side: 2400,
    quality: 88,
    jpeg_2000: false,
};

/// Left half black, right half white, and a grey that varies downwards.
fn gradient(width: u16, height: u16) -> Vec<u8> {
    (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            let side = if x < width / 2 { 0 } else { 200 };
            let grey = side + (u32::from(y) * 50 / u32::from(height)) as u8;
            [grey, grey, grey]
        })
        .collect()
}

fn jpeg_with(width: u16, height: u16, change: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    change(&mut encoder);
    encoder
        .encode(&gradient(width, height), width, height, ColorType::Rgb)
        .unwrap();
    bytes
}

fn jpeg(width: u16, height: u16) -> Vec<u8> {
    jpeg_with(width, height, |_| {})
}

fn png_of(
    width: u32,
    height: u32,
    color: ::png::ColorType,
    depth: ::png::BitDepth,
    data: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    bytes
}

fn png(width: u16, height: u16) -> Vec<u8> {
    png_of(
        width.into(),
        height.into(),
        ::png::ColorType::Rgb,
        ::png::BitDepth::Eight,
        &gradient(width, height),
    )
}

/// The red values of a result, and its size.
fn look_at(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
    let result = normalise(bytes, &LIMITS).unwrap();
    let pixels = jpeg::decode(&result.jpeg, &LIMITS).unwrap();
    assert_eq!((pixels.width, pixels.height), (result.width, result.height));
    let reds = pixels.rgba.chunks(4).map(|p| p[0]).collect();
    (result.width, result.height, reds)
}

fn refused(bytes: &[u8]) -> Refusal {
    match normalise(bytes, &LIMITS) {
        Err(refusal) => refusal,
        Ok(picture) => panic!("taken as {}x{}", picture.width, picture.height),
    }
}

#[test]
fn a_picture_of_either_type_keeps_its_pixels() {
    for bytes in [
        jpeg(64, 40),
        jpeg_with(64, 40, |e| e.set_progressive(true)),
        png(64, 40),
    ] {
        let (width, height, reds) = look_at(&bytes);
        assert_eq!((width, height), (64, 40));
        assert!(reds[20 * 64 + 4] < 60, "left is dark");
        assert!(reds[20 * 64 + 60] > 190, "right is light");
    }
}

#[test]
fn a_large_picture_is_scaled_to_the_side_allowed() {
    assert_eq!(look_at(&png(3000, 2000)).0, 2400);
    let (width, height, _) = look_at(&jpeg(1000, 4000));
    assert_eq!((width, height), (600, 2400));
    let (width, height, _) = look_at(&png(5000, 1));
    assert_eq!((width, height), (2400, 1));
}

#[test]
fn what_came_with_the_pixels_is_gone() {
    // GPS position, owner and thumbnail live in such a block.
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x01\0\0\0\0\0\0\0".to_vec();
    exif.extend_from_slice(b"CANARY-OWNER");
    let bytes = jpeg_with(32, 32, |encoder| {
        encoder.add_exif_metadata(&exif).unwrap();
        encoder
            .add_app_segment(13, b"CANARY-IPTC".to_vec())
            .unwrap();
    });
    let holds = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
    assert!(holds(&bytes, b"CANARY-OWNER"), "the canary was planted");
    let result = normalise(&bytes, &LIMITS).unwrap();
    for word in [&b"CANARY"[..], b"Exif", b"IPTC"] {
        assert!(!holds(&result.jpeg, word));
    }
}

#[test]
fn a_picture_taken_with_a_turned_telephone_is_turned_upright() {
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let bytes = jpeg_with(64, 32, |e| e.add_exif_metadata(exif).unwrap());
    let (width, height, reds) = look_at(&bytes);
    assert_eq!((width, height), (32, 64));
    assert!(reds[4 * 32 + 16] < 60, "what was left is above");
    assert!(reds[60 * 32 + 16] > 190, "what was right is below");
}

#[test]
fn transparency_is_laid_on_white() {
    let half_black: Vec<u8> = [0, 0, 0, 128].repeat(16 * 16);
    let bytes = png_of(
        16,
        16,
        ::png::ColorType::Rgba,
        ::png::BitDepth::Eight,
        &half_black,
    );
    let (_, _, reds) = look_at(&bytes);
    assert!((125..=130).contains(&reds[100]), "{}", reds[100]);

    let clear_grey: Vec<u8> = [0, 0].repeat(16 * 16);
    let bytes = png_of(
        16,
        16,
        ::png::ColorType::GrayscaleAlpha,
        ::png::BitDepth::Eight,
        &clear_grey,
    );
    assert!(look_at(&bytes).2[100] > 250);
}

#[test]
fn sixteen_bits_a_channel_are_read() {
    let data: Vec<u8> = [0x80, 0x12].repeat(16 * 16);
    let bytes = png_of(
        16,
        16,
        ::png::ColorType::Grayscale,
        ::png::BitDepth::Sixteen,
        &data,
    );
    assert!((126..=130).contains(&look_at(&bytes).2[100]));
}

#[test]
fn other_types_are_named_whatever_their_name_says() {
    for bytes in [
        &b""[..],
        b"\xFF\xD8",
        b"GIF89a\x01\x00\x01\x00",
        b"%PDF-1.7\n",
        b"\0\0\0\x18ftypheic",
        b"MZ\x90\0",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ] {
        assert_eq!(refused(bytes), Refusal::FileWrongType, "{bytes:?}");
    }
}

#[test]
fn a_truncated_picture_is_damaged_wherever_it_was_cut() {
    for whole in [
        jpeg(200, 100),
        jpeg_with(200, 100, |e| e.set_progressive(true)),
        png(200, 100),
    ] {
        // The last chunk of a PNG carries nothing: without it all pixels are there.
        let essential = if whole[0] == 0x89 {
            whole.len() - 16
        } else {
            whole.len()
        };
        for cut in (9..essential).step_by(7) {
            assert_eq!(refused(&whole[..cut]), Refusal::FileDamaged, "cut at {cut}");
        }
    }
}

#[test]
fn dimensions_that_would_fill_the_memory_are_refused_before_decoding() {
    let begun = Instant::now();
    // A frame header that claims 65535 x 65535 pixels.
    let mut bomb = jpeg(16, 16);
    let frame = bomb.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    bomb[frame + 5..frame + 9].fill(0xFF);
    assert_eq!(refused(&bomb), Refusal::FileTooLarge);
    // 60000 x 60000 of one colour in a few kilobytes.
    let mut bomb = png(16, 16);
    bomb[16..20].copy_from_slice(&60_000u32.to_be_bytes());
    bomb[20..24].copy_from_slice(&60_000u32.to_be_bytes());
    let sum = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&sum.to_be_bytes());
    assert_eq!(refused(&bomb), Refusal::FileTooLarge);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_frame_smaller_than_its_data_or_none_at_all_is_damaged() {
    let mut nothing = jpeg(16, 16);
    let frame = nothing.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    nothing[frame + 5..frame + 9].fill(0);
    assert_eq!(refused(&nothing), Refusal::FileDamaged);
    assert_eq!(
        refused(b"\xFF\xD8\xFF\xE0\0\x04ab\xFF\xD9"),
        Refusal::FileDamaged
    );
}

#[test]
fn arithmetic_coding_is_a_type_not_taken() {
    let mut other = jpeg(16, 16);
    let frame = other.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    other[frame + 1] = 0xC9;
    assert_eq!(refused(&other), Refusal::FileWrongType);
}

#[test]
fn endless_scans_are_refused() {
    let one = jpeg(16, 16);
    let scan = one.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
    let end = one.len() - 2;
    let mut endless = one[..scan].to_vec();
    for _ in 0..200 {
        endless.extend_from_slice(&one[scan..end]);
    }
    endless.extend_from_slice(&[0xFF, 0xD9]);
    assert_eq!(refused(&endless), Refusal::FileDamaged);
}

#[test]
fn reading_stops_at_the_size_allowed() {
    let limits = PictureLimits {
        file_bytes: 1000,
        ..LIMITS
    };
    assert_eq!(read(&[0u8; 1000][..], &limits).unwrap().len(), 1000);
    assert_eq!(
        read(std::io::repeat(0), &limits).unwrap_err(),
        Refusal::FileTooLarge
    );
}

/// Made with OpenJPEG by Pillow: 48 x 64, the left half of one colour, the right half
/// of another.
#[test]
fn a_chips_portrait_may_be_jpeg_2000_and_a_drives_picture_may_not() {
    let file = include_bytes!("../../tests/fixtures/red_blue.jp2");
    let code_stream = include_bytes!("../../tests/fixtures/black_white.j2k");
    let limits = PictureLimits::portrait();
    for (bytes, left, right) in [
        (&file[..], [230, 40, 40], [30, 60, 220]),
        (&code_stream[..], [20, 20, 20], [220, 220, 220]),
    ] {
        let picture = normalise(bytes, &limits).unwrap();
        assert_eq!((picture.width, picture.height), (48, 64));
        let decoded = jpeg::decode(&picture.jpeg, &limits).unwrap();
        for (x, wanted) in [(8, left), (40, right)] {
            let at = (32 * 48 + x) * 4;
            for (value, wanted) in decoded.rgba[at..at + 3].iter().zip(wanted) {
                assert!(value.abs_diff(wanted) < 24, "{value} instead of {wanted}");
            }
        }
        let refused = normalise(bytes, &LIMITS).err();
        assert_eq!(refused, Some(Refusal::FileWrongType));
        let small = PictureLimits { side: 40, ..limits };
        let refused = normalise(bytes, &small).err();
        assert_eq!(refused, Some(Refusal::FileTooLarge));
        for length in 0..bytes.len() {
            let _ = normalise(&bytes[..length], &limits);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused_or_taken_without_panic(
        magic in prop::sample::select(vec![
            &b"\xFF\xD8\xFF"[..], b"\x89PNG\r\n\x1A\n", b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [magic, &rest].concat();
        let _ = normalise(&bytes, &LIMITS);
    }

    #[test]
    fn a_picture_with_wrong_bytes_is_refused_or_taken_without_panic(
        progressive: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = jpeg_with(48, 32, |e| e.set_progressive(progressive));
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let _ = normalise(&bytes, &PictureLimits { pixels: 1_000_000, ..LIMITS });
    }
}

/// CRC of a PNG chunk (PNG, annex D).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
