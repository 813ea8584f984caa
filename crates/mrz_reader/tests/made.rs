//! What is read of made pictures.

mod made_pictures;

use chip::{Mrz, MrzFormat};
use made_pictures::random::Random;
use made_pictures::{HEIGHT, Picture, Shot, WIDTH, picture};
use mrz_reader::{Frame, Grey, Hint, read_frame, read_picture};

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

fn hints(seed: u64, shot: Shot) -> Vec<Hint> {
    let picture = picture(seed, MrzFormat::Td3, |_, _| shot);
    let frame = frame(&picture);
    assert!(frame.candidate.is_none(), "this one can be read");
    frame.hints
}

#[test]
fn what_hinders_the_reading_is_named() {
    let blurred = Shot {
        blur: 5.0,
        ..Shot::clean()
    };
    assert!(hints(1, blurred).contains(&Hint::Blur));
    let dark = Shot {
        light: 9.0,
        noise: 3.0,
        ..Shot::clean()
    };
    assert!(hints(2, dark).contains(&Hint::TooDark));
    let far = Shot {
        fills: 0.34,
        blur: 0.8,
        ..Shot::clean()
    };
    assert!(hints(3, far).contains(&Hint::TooSmall));
    let mirroring = Shot {
        glare: Some((420.0, 0.5, 0.9, 12.0)),
        ..Shot::clean()
    };
    assert!(hints(4, mirroring).contains(&Hint::Glare));
}

#[test]
fn a_zone_that_leaves_the_picture_is_named_so() {
    let mut picture = picture(5, MrzFormat::Td3, |_, _| Shot::clean());
    // The whole moves to the left by 350 pixels.
    for row in picture.bytes.chunks_exact_mut(WIDTH) {
        row.copy_within(350.., 0);
        row[WIDTH - 350..].fill(90);
    }
    let frame = frame(&picture);
    assert!(frame.candidate.is_none());
    assert!(
        frame.hints.contains(&Hint::PartlyOutOfView),
        "{:?}",
        frame.hints
    );
}

#[test]
fn no_document_gives_no_zone() {
    let mut random = Random::new(6);
    let even = vec![120; WIDTH * HEIGHT];
    let noise: Vec<u8> = (0..WIDTH * HEIGHT)
        .map(|_| random.below(256) as u8)
        .collect();
    let stripes: Vec<u8> = (0..WIDTH * HEIGHT)
        .map(|at| if at / 7 % 3 == 0 { 20 } else { 220 })
        .collect();
    for bytes in [even, noise, stripes] {
        let frame = read_frame(Grey::new(WIDTH as u32, HEIGHT as u32, &bytes).unwrap());
        assert!(frame.candidate.is_none());
        assert!(
            frame.hints.contains(&Hint::NothingFound),
            "{:?}",
            frame.hints
        );
    }
}

#[test]
fn small_and_odd_pictures_are_no_harm() {
    let mut random = Random::new(7);
    for (width, height) in [(1, 1), (1, 500), (700, 1), (3, 3), (37, 41), (200, 19)] {
        let bytes: Vec<u8> = (0..width * height)
            .map(|_| random.below(256) as u8)
            .collect();
        let grey = Grey::new(width as u32, height as u32, &bytes).unwrap();
        assert!(read_frame(grey).candidate.is_none());
        assert!(read_picture(grey).candidate.is_none());
    }
}

#[test]
fn a_still_of_three_times_the_size_is_read() {
    let picture = picture(8, MrzFormat::Td1, |_, _| Shot::clean());
    let rows = picture.bytes.chunks_exact(WIDTH).flat_map(|row| [row; 3]);
    let large: Vec<u8> = rows.flatten().flat_map(|&p| [p; 3]).collect();
    let grey = Grey::new(3 * WIDTH as u32, 3 * HEIGHT as u32, &large).unwrap();
    let frame = read_picture(grey);
    assert!(
        frame.candidate == Some(truth(&picture)),
        "{:?}",
        frame.hints
    );
    let corners = frame.corners.unwrap();
    assert!(corners[1].0 > 2.0 * WIDTH as f32, "corners are the still's");
}

#[test]
fn a_document_on_its_side_is_read() {
    let picture = picture(9, MrzFormat::Td1, |_, _| Shot::clean());
    let turned: Vec<u8> = (0..WIDTH)
        .flat_map(|x| (0..HEIGHT).rev().map(move |y| (x, y)))
        .map(|(x, y)| picture.bytes[y * WIDTH + x])
        .collect();
    let frame = read_frame(Grey::new(HEIGHT as u32, WIDTH as u32, &turned).unwrap());
    assert!(
        frame.candidate == Some(truth(&picture)),
        "{:?}",
        frame.hints
    );
}
