//! The virtual card's own tests, in Python.

use std::process::Command;

#[test]
fn the_card_answers_a_reader_of_its_own() {
    let output = Command::new(virtual_card::python())
        .args([
            "-m",
            "unittest",
            "discover",
            "-s",
            "virtual_card",
            "-t",
            ".",
        ])
        .current_dir(virtual_card::package_root())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("Ran "), "{said}");
}
