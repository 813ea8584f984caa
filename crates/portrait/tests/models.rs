//! The embedded models are those of the table in `models/README.md`.

use sha2::{Digest, Sha256};

#[test]
fn each_model_has_the_digest_of_its_row() {
    let table = include_str!("../models/README.md");
    let digest = hex::encode(Sha256::digest(portrait::detector::YUNET));
    let row = table
        .lines()
        .find(|line| line.starts_with("| face_detection_yunet_2023mar.onnx "))
        .unwrap();
    assert!(row.ends_with(&format!("| {digest} |")), "{digest}");
}

#[test]
fn each_model_beside_the_table_is_in_it() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let table = std::fs::read_to_string(dir.join("README.md")).unwrap();
    let mut models = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".onnx") {
            models += 1;
            assert!(table.contains(&format!("| {name} |")), "{name} has no row");
        }
    }
    assert_eq!(models, 1);
}
