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

/// The pixels above the foot.
fn picture(folder: &Path, more: &[&str]) -> Vec<u8> {
    let arguments = [
        &["--once", "--png", "screen.png", "--size", "540x960"],
        more,
    ]
    .concat();
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
    // Below stands the time, which may be another in the next picture.
    pixels.truncate(540 * 3 * 880);
    pixels
}

#[test]
fn a_picture_shows_the_fault_that_the_kiosk_left() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
    let files = [
        "--fault",
        "fault",
        "--config",
        "config.toml",
        "--image-config",
        "image.toml",
    ];
    let silent = picture(folder.path(), &files);
    write("fault", b"DSK-02\n");
    let told = picture(folder.path(), &files);
    assert_ne!(told, silent);
    write("config.toml", b"phone = \"1414\"\n");
    assert_ne!(picture(folder.path(), &files), told);
    fs::remove_file(folder.path().join("config.toml")).unwrap();
    // The image knows whom to call where the technician's settings are out of reach.
    write("image.toml", b"phone = \"1414\"\n");
    let by_image = picture(folder.path(), &files);
    assert_ne!(by_image, told);
    write("config.toml", b"kiosk = \"AST-0042\"\nphone = \"1415\"\n");
    assert_ne!(picture(folder.path(), &files), by_image);
    write("image.toml", b"");
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
        let output = run(folder.path(), &["--once", "--png", "x.png", "--size", size]);
        assert_eq!(output.status.code(), Some(2), "{size}");
    }
}

/// Another picture than this one, sooner or later.
fn next_picture(path: &Path, before: &[u8]) -> Vec<u8> {
    loop {
        if let Ok(picture) = fs::read(path)
            && picture != before
        {
            return picture;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn it_stands_until_it_is_told_to_end_and_shows_what_happens_with_a_drive() {
    let folder = tempfile::tempdir().unwrap();
    let mounts = folder.path().join("mounts");
    fs::write(&mounts, "").unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_qoltanba-fallback"))
        .current_dir(folder.path())
        .args([
            "--png",
            "screen.png",
            "--size",
            "540x960",
            "--drives",
            "/media",
        ])
        .args(["--mounts", "mounts", "--steward", "nobody-listens"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let path = folder.path().join("screen.png");
    let first = next_picture(&path, &[]);
    // Nobody answers for the drive: that is said.
    let line = "1 2 8:1 / /media/USB-sda1 rw,nosuid - vfat /dev/sda1 rw\n";
    fs::write(&mounts, line).unwrap();
    let second = next_picture(&path, &first);
    fs::write(&mounts, "").unwrap();
    next_picture(&path, &second);
    let id = rustix::process::Pid::from_child(&program);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    assert_eq!(program.wait().unwrap().code(), Some(0));
}
