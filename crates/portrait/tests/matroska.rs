//! The recording as an independent reader (ffprobe) sees it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use portrait::matroska::{MatroskaError, MatroskaWriter};
use portrait::{Jpeg, Picture, jpeg};

fn frame(step: u8, size: (u32, u32)) -> Jpeg {
    let mut picture = Picture::filled(size.0, size.1, [step, 90, 200]).unwrap();
    picture.rgb_mut()[..300].fill(255 - step);
    jpeg::encode(&picture, 80).unwrap()
}

fn ffprobe(file: &Path, what: &[&str]) -> serde_json::Value {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json"])
        .args(what)
        .arg(file)
        .output()
        .expect("ffprobe of Debian's ffmpeg");
    let complaints = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success() && complaints.is_empty(),
        "{complaints}"
    );
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn ffprobe_counts_every_frame_at_its_time() {
    let mut writer = MatroskaWriter::new(
        Vec::new(),
        (320, 240),
        Duration::from_millis(100),
        12_000_000,
    )
    .unwrap();
    for i in 0..128u64 {
        writer
            .push(&frame(i as u8, (320, 240)), Duration::from_millis(i * 100))
            .unwrap();
    }
    let (bytes, written) = writer.finish().unwrap();
    assert_eq!(written.frames, 128);
    assert_eq!(written.bytes, bytes.len() as u64);
    // 12.8 s in clusters of at most 5 s.
    let cluster = [0x1f, 0x43, 0xb6, 0x75];
    assert_eq!(bytes.windows(4).filter(|w| *w == cluster).count(), 3);

    let file = tempfile::Builder::new().suffix(".mkv").tempfile().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    let seen = ffprobe(
        file.path(),
        &["-count_frames", "-show_streams", "-show_format"],
    );
    let streams = seen["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 1, "silent: one video track only");
    assert_eq!(streams[0]["codec_name"], "mjpeg");
    assert_eq!(streams[0]["width"], 320);
    assert_eq!(streams[0]["height"], 240);
    assert_eq!(streams[0]["nb_read_frames"], "128");
    assert_eq!(streams[0]["avg_frame_rate"], "10/1");
    assert_eq!(seen["format"]["format_name"], "matroska,webm");

    let packets = ffprobe(file.path(), &["-show_entries", "packet=pts_time"]);
    let times: Vec<f64> = packets["packets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["pts_time"].as_str().unwrap().parse().unwrap())
        .collect();
    for (i, time) in times.iter().enumerate() {
        assert!((time - i as f64 / 10.0).abs() < 1e-6, "frame {i} at {time}");
    }
}

#[test]
fn a_torn_recording_is_readable_up_to_its_last_cluster() {
    let period = Duration::from_millis(100);
    let mut writer = MatroskaWriter::new(Vec::new(), (64, 64), period, 1 << 20).unwrap();
    for i in 0..100u64 {
        writer
            .push(&frame(i as u8, (64, 64)), Duration::from_millis(i * 100))
            .unwrap();
    }
    let (bytes, _) = writer.finish().unwrap();
    let second = bytes
        .windows(4)
        .rposition(|w| w == [0x1f, 0x43, 0xb6, 0x75])
        .unwrap();
    let file = tempfile::Builder::new().suffix(".mkv").tempfile().unwrap();
    std::fs::write(file.path(), &bytes[..second]).unwrap();
    let seen = ffprobe(file.path(), &["-count_frames", "-show_streams"]);
    assert_eq!(seen["streams"][0]["nb_read_frames"], "50");
}

#[test]
fn the_limit_holds_and_what_was_written_stays_whole() {
    let period = Duration::from_millis(100);
    let mut writer = MatroskaWriter::new(Vec::new(), (64, 64), period, 8_000).unwrap();
    let mut refused = 0;
    for i in 0..100u64 {
        match writer.push(&frame(i as u8, (64, 64)), Duration::from_millis(i * 100)) {
            Ok(()) => {}
            Err(MatroskaError::Full(8_000)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    let (bytes, written) = writer.finish().unwrap();
    assert!(refused > 0 && written.frames > 0);
    assert!(bytes.len() <= 8_000, "{}", bytes.len());
    let file = tempfile::Builder::new().suffix(".mkv").tempfile().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    let seen = ffprobe(file.path(), &["-count_frames", "-show_streams"]);
    let counted: u32 = seen["streams"][0]["nb_read_frames"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(counted, written.frames);
}

#[test]
fn frames_of_another_size_or_out_of_order_are_refused() {
    let period = Duration::from_millis(100);
    let mut writer = MatroskaWriter::new(Vec::new(), (64, 64), period, 1 << 20).unwrap();
    let at = Duration::from_millis(500);
    writer.push(&frame(1, (64, 64)), at).unwrap();
    assert!(matches!(
        writer.push(&frame(1, (64, 64)), at),
        Err(MatroskaError::Order)
    ));
    assert!(matches!(
        writer.push(&frame(1, (32, 64)), at * 2),
        Err(MatroskaError::FrameSize)
    ));
}

#[test]
fn a_full_disk_is_an_error_not_a_panic() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let period = Duration::from_millis(100);
    assert!(matches!(
        MatroskaWriter::new(Full, (64, 64), period, 1 << 20),
        Err(MatroskaError::Io(_))
    ));
}
