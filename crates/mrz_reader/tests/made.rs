//! What is read of made pictures.

mod made_pictures;

use chip::{Mrz, MrzFormat};
use made_pictures::{HEIGHT, Picture, Shot, WIDTH, picture};
use mrz_reader::{Frame, Grey, read_frame};

fn frame(picture: &Picture) -> Frame {
    read_frame(Grey::new(WIDTH as u32, HEIGHT as u32, &picture.bytes).unwrap())
}

fn truth(picture: &Picture) -> Mrz {
    let lines: Vec<&str> = picture.lines.iter().map(String::as_str).collect();
    Mrz::parse(&lines).expect("made lines are right")
}

#[test]
fn a_clean_picture_of_each_format_is_read() {
    for format in [MrzFormat::Td1, MrzFormat::Td2, MrzFormat::Td3] {
        for seed in 0..3 {
            let picture = picture(seed, format, |_, _| Shot::clean());
            let frame = frame(&picture);
            assert_eq!(frame.format, Some(format), "{seed}: {:?}", frame.hints);
            assert!(
                frame.candidate == Some(truth(&picture)),
                "{format:?} {seed}"
            );
        }
    }
}

#[test]
fn of_200_pictures_95_in_100_are_read_and_none_wrong() {
    let (mut read, mut wrong) = (0, 0);
    for seed in 0..200 {
        let format = [MrzFormat::Td1, MrzFormat::Td3][seed as usize % 2];
        let picture = picture(1_000 + seed, format, Shot::any);
        let frame = frame(&picture);
        match frame.candidate {
            Some(mrz) if mrz == truth(&picture) => read += 1,
            Some(_) => wrong += 1,
            None => eprintln!(
                "{seed} {format:?}: {:?} found {:?}",
                frame.hints, frame.format
            ),
        }
    }
    eprintln!("{read} read, {wrong} wrong");
    assert_eq!(wrong, 0);
    assert!(read >= 190, "{read} of 200 were read");
}
