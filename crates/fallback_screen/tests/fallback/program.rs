//! The program itself, without a display.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_qoltanba-fallback"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn picture(folder: &Path, more: &[&str]) -> Vec<u8> {
    let arguments = [&["--png", "screen.png", "--size", "540x960"], more].concat();
    let output = run(folder, &arguments);
    assert!(output.status.success(), "{output:?}");
    let file = fs::File::open(folder.join("screen.png")).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (540, 960));
    assert!(!folder.join("screen.png.part").exists());
    pixels
}

#[test]
fn a_picture_shows_the_fault_that_the_kiosk_left() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
    let files = ["--fault", "fault", "--config", "config.toml"];
    let silent = picture(folder.path(), &files);
    write("fault", b"DSK-02\n");
    let told = picture(folder.path(), &files);
    assert_ne!(told, silent);
    write("config.toml", b"phone = \"1414\"\n");
    assert_ne!(picture(folder.path(), &files), told);
    // Garbage is as good as nothing, and no reason to show nothing.
    write("config.toml", b"\xff\xff");
    write("fault", &[0xff; 1000]);
    assert_eq!(picture(folder.path(), &files), silent);
}

#[test]
fn without_a_framebuffer_it_ends_with_a_message() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), b"no framebuffer").unwrap();
    for (path, message) in [
        ("missing", "cannot be opened"),
        ("file", "this is no framebuffer"),
        ("/dev/null", "this is no framebuffer"),
    ] {
        let output = run(folder.path(), &["--framebuffer", path]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains(message) && !said.contains("panicked"),
            "{said}"
        );
    }
    let file = fs::read(folder.path().join("file")).unwrap();
    assert_eq!(file, b"no framebuffer");
    for size in ["0x1", "9000x1", "1x", "x", "-1x5", "axb"] {
        let output = run(folder.path(), &["--png", "x.png", "--size", size]);
        assert_eq!(output.status.code(), Some(2), "{size}");
    }
}
