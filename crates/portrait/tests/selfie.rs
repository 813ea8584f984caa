//! A real photograph, and pictures made from it, through detection and judgement.

use std::path::Path;

use portrait::{
    FaceSize, Finding, Judgement, Picture, Rect, Scaler, SelfieCheck, SelfieConfig, SelfieJudge,
};

fn fixture(name: &str) -> Picture {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/camera")
        .join(name);
    Picture::decode(&std::fs::read(path).unwrap()).unwrap()
}

fn judge_at(picture: &Picture, size: FaceSize) -> Judgement {
    let mut judge = SelfieCheck::new(SelfieConfig::default()).unwrap();
    let shown = picture.centred(1080, 1032);
    judge.judge(picture, shown, size).unwrap()
}

/// Both sizes must agree on what these pictures show.
fn finding(picture: &Picture) -> Finding {
    let preview = judge_at(picture, FaceSize::Preview).finding;
    assert_eq!(preview, judge_at(picture, FaceSize::Recheck).finding);
    preview
}

/// The photograph, scaled to `width` wide and laid with its top left at
/// (`left`, `top`) on a grey wall of 1280x720.
fn on_a_wall(copies: &[(i32, i32)], width: u32) -> Picture {
    let photo = fixture("astronaut.png");
    let head = Rect {
        left: 124,
        top: 0,
        width: 200,
        height: 220,
    };
    let height = width * 220 / 200;
    let head = Scaler::new().scale(&photo, head, (width, height)).unwrap();
    let mut wall = Picture::filled(1280, 720, [150, 150, 145]).unwrap();
    for &(left, top) in copies {
        for y in 0..height as i32 {
            for x in 0..width as i32 {
                let (tx, ty) = (left + x, top + y);
                if (0..1280).contains(&tx) && (0..720).contains(&ty) {
                    let from = (y * width as i32 + x) as usize * 3;
                    let to = (ty * 1280 + tx) as usize * 3;
                    let pixel = head.rgb()[from..from + 3].to_vec();
                    wall.rgb_mut()[to..to + 3].copy_from_slice(&pixel);
                }
            }
        }
    }
    wall
}

#[test]
fn the_real_photograph_passes() {
    let picture = fixture("astronaut-selfie.jpg");
    let judgement = judge_at(&picture, FaceSize::Preview);
    assert_eq!(judgement.finding, Finding::Good);
    let [face] = judgement.faces[..] else {
        panic!("{:?}", judgement.faces)
    };
    assert!(face.score >= 0.8);
    // Her right eye is left of her left eye in the picture, the nose below both,
    // the mouth below the nose, all inside the box.
    let [right_eye, left_eye, nose, right_mouth, left_mouth] = face.points;
    assert!(right_eye.x < left_eye.x && right_mouth.x < left_mouth.x);
    assert!(right_eye.y < nose.y && nose.y < left_mouth.y);
    for point in face.points {
        assert!((face.area.left..face.area.left + face.area.width).contains(&point.x));
        assert!((face.area.top..face.area.top + face.area.height).contains(&point.y));
    }
}

#[test]
fn boxes_are_in_the_pixels_of_the_whole_picture() {
    let photo = fixture("astronaut.png");
    let mut judge = SelfieCheck::new(SelfieConfig::default()).unwrap();
    let shown = Rect {
        left: 100,
        top: 0,
        width: 300,
        height: 300,
    };
    let whole = judge
        .judge(&photo, photo.whole(), FaceSize::Recheck)
        .unwrap();
    let part = judge.judge(&photo, shown, FaceSize::Recheck).unwrap();
    let (a, b) = (whole.faces[0].area.centre(), part.faces[0].area.centre());
    assert!(
        (a.x - b.x).abs() < 8.0 && (a.y - b.y).abs() < 8.0,
        "{a:?} {b:?}"
    );
}

#[test]
fn a_face_in_the_middle_of_a_wall_passes() {
    let face = on_a_wall(&[(400, 90)], 480);
    assert_eq!(finding(&face), Finding::Good);
}

#[test]
fn nobody_is_no_face() {
    assert_eq!(finding(&on_a_wall(&[], 10)), Finding::NoFace);
}

#[test]
fn two_people_are_several_faces() {
    let two = on_a_wall(&[(290, 150), (650, 150)], 340);
    assert_eq!(finding(&two), Finding::SeveralFaces);
}

#[test]
fn somebody_far_away_is_too_small() {
    let far = on_a_wall(&[(540, 260)], 200);
    assert_eq!(finding(&far), Finding::TooSmall);
}

#[test]
fn somebody_beside_the_circle_is_off_centre() {
    let beside = on_a_wall(&[(240, 90)], 480);
    assert_eq!(finding(&beside), Finding::OffCentre);
    let low = on_a_wall(&[(400, 260)], 480);
    assert_eq!(finding(&low), Finding::OffCentre);
}

#[test]
fn somebody_very_near_is_too_large() {
    let near = on_a_wall(&[(90, -250)], 1100);
    assert_eq!(finding(&near), Finding::TooLarge);
}

#[test]
fn the_same_person_in_the_dark_is_too_dark() {
    let mut dark = fixture("astronaut-selfie.jpg");
    for byte in dark.rgb_mut() {
        *byte /= 6;
    }
    assert_eq!(finding(&dark), Finding::TooDark);
}

#[test]
fn the_report_names_the_verdict_and_what_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("text.jpg");
    std::fs::write(&text, "not a picture").unwrap();
    let selfie = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/camera/astronaut-selfie.jpg");
    let reports = portrait::report(&[selfie, text], SelfieConfig::default()).unwrap();
    let json = serde_json::to_value(&reports).unwrap();
    assert_eq!(json[0]["verdict"], "good");
    assert_eq!(json[0]["width"], 1280);
    assert_eq!(json[0]["faces"][0]["points"].as_array().unwrap().len(), 5);
    assert!(json[0]["faces"][0]["box"]["width"].as_f64().unwrap() > 100.0);
    assert_eq!(
        json[1]["error"],
        "the file is neither a JPEG nor a PNG picture"
    );
}
