//! Every fault that can be injected into a real kiosk at a real office: what the citizen
//! sees, what the table tells the technician, what the office hears, and that it ends as
//! the table says.
#![cfg(feature = "simulated")]

mod apart;
mod manual;
mod office;
#[path = "../support/recording_screen.rs"]
mod recording_screen;
#[path = "../support/software_tpm.rs"]
mod software_tpm;
mod stand;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use apart::{away_with_the_clock, crashing_child, mount, run, sh};
use faults::Fault;
use kiosk::config;
use kiosk::session::event::{DeviceEvent, Event};
use kiosk::session::view::Screen;
use software_tpm::SoftwareTpm;
use stand::Stand;
use virtual_card::{CardService, apart_without_documents};
use virtual_reader::{LineFault, ReaderModel, VirtualSerialReader};

fn camera(stand: &Stand, word: &str) {
    fs::write(stand.path("camera-fault"), word).unwrap();
}

#[test]
fn the_camera_is_gone() {
    let mut stand = Stand::new();
    stand.comes_and_goes(
        Fault::CameraMissing,
        |stand| camera(stand, "gone"),
        |stand| camera(stand, "none"),
    );
}

#[test]
fn the_camera_sees_only_darkness() {
    let mut stand = Stand::new();
    // From the start: a camera at rest is looked through only once a minute.
    camera(&stand, "black");
    stand.start();
    stand.told(Fault::CameraBlack);
    stand.sees("one fault of the camera", |screen| match screen {
        Screen::Welcome { cannot, .. } => !cannot.contains(&Fault::CameraMissing),
        _ => false,
    });
    stand.office_hears(Fault::CameraBlack);
    camera(&stand, "none");
    stand.well(Fault::CameraBlack);
    stand.office_hears_the_end(Fault::CameraBlack);
}

#[test]
fn the_card_reader_is_gone() {
    apart_without_documents("the_card_reader_is_gone", || {
        let mut stand = Stand::new();
        stand.config.card_reader = config::CardReader::Pcsc;
        let none = stand.path("readers");
        fs::create_dir(&none).unwrap();
        let without = CardService::with_readers(&none);
        stand.start();
        stand.told(Fault::ReaderMissing);
        stand.office_hears(Fault::ReaderMissing);
        drop(without);
        let _with = CardService::start();
        stand.well(Fault::ReaderMissing);
        stand.office_hears_the_end(Fault::ReaderMissing);
    });
}

/// Ended by the steward, and started anew, as on a kiosk; only systemctl is a script.
#[test]
fn the_card_service_hangs() {
    apart_without_documents("the_card_service_hangs", || {
        mount(Path::new("/run"));
        fs::create_dir("/run/pcscd").unwrap();
        let mut stand = Stand::new();
        stand.config.card_reader = config::CardReader::Pcsc;
        let service = CardService::start();
        let script = stand.path("systemctl");
        let text = format!(
            "#!/bin/sh\n\
             echo \"$@\" >> {calls}\n\
             case $1 in\n\
             kill) kill -9 {old} ;;\n\
             restart) rm -f /run/pcscd/pcscd.comm; /usr/sbin/pcscd --foreground </dev/null >/dev/null 2>&1 &\n\
             echo $! > {new} ;;\n\
             esac\n",
            calls = stand.path("calls").display(),
            old = service.process(),
            new = stand.path("new-pcscd").display(),
        );
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let steward = steward::Config {
            peers: vec![0],
            state_dir: stand.path("steward"),
            programs: steward::config::Programs {
                systemctl: script,
                ..steward::config::Programs::default()
            },
            ..steward::Config::default()
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::UnixListener::bind(steward::client::SOCKET).unwrap();
            let steward = Arc::new(steward::verbs::Steward::new(steward));
            steward::serve::serve(listener, steward).await
        });
        stand.start();
        stand.well(Fault::CardServiceDown);
        service.freeze();
        stand.told(Fault::CardServiceDown);
        stand.office_heard(Fault::CardServiceDown);
        // Nobody does anything.
        stand.well(Fault::CardServiceDown);
        stand.office_hears_the_end(Fault::CardServiceDown);
        let calls = fs::read_to_string(stand.path("calls")).unwrap();
        let restarts = calls.lines().filter(|call| call.starts_with("restart"));
        assert_eq!(restarts.count(), 1, "{calls}");
        stand.stop();
        let new = fs::read_to_string(stand.path("new-pcscd")).unwrap();
        run(Command::new("kill").args(["-9", new.trim()]));
    });
}

#[test]
fn the_token_writer_is_silent() {
    let writer = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    let mut stand = Stand::new();
    stand.config.token_writer = config::TokenWriter::Serial(writer.path().to_owned());
    stand.comes_and_goes(
        Fault::WriterSilent,
        |_| writer.line_fault(0, LineFault::Dead),
        |_| writer.revive(),
    );
}

/// Takes every free block.
fn fill(file: &Path) {
    let mut file = fs::File::create(file).unwrap();
    for size in [1 << 16, 1 << 12, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
}

#[test]
fn the_disk_is_full() {
    apart_without_documents("the_disk_is_full", || {
        let mut stand = Stand::new();
        stand.config.data_dir = own_disk(&stand);
        let filler = stand.data().join("filler");
        stand.comes_and_goes(
            Fault::DiskFull,
            |_| fill(&filler),
            |_| fs::remove_file(&filler).unwrap(),
        );
    });
}

/// A disk of 24 MB with all the kiosk has so far.
fn own_disk(stand: &Stand) -> std::path::PathBuf {
    let disk = stand.path("disk");
    fs::create_dir(&disk).unwrap();
    mount(&disk);
    sh("cp -a \"$1\"/. \"$2\"", &[stand.data(), &disk]);
    disk
}

#[test]
fn the_disk_can_only_be_read() {
    apart_without_documents("the_disk_can_only_be_read", || {
        let mut stand = Stand::new();
        stand.config.data_dir = own_disk(&stand);
        let disk = stand.data().to_owned();
        // Over the disk that the kiosk works on, as after an error of the file system.
        let read_only = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\"";
        stand.comes_and_goes(
            Fault::DiskReadOnly,
            |_| sh(read_only, &[&disk]),
            |_| sh("umount \"$1\"", &[&disk]),
        );
        stand.stop();

        // At the start there is no queue then; the kiosk says so, to the office as well.
        sh(read_only, &[&disk]);
        stand.start();
        stand.sees("out of service", |screen| match screen {
            Screen::OutOfService { faults } => faults.contains(&Fault::DiskReadOnly),
            _ => false,
        });
        stand.office_hears(Fault::DiskReadOnly);
        // What the technician is told to do.
        stand.stop();
        sh("umount \"$1\"", &[&disk]);
        stand.start();
        stand.well(Fault::DiskReadOnly);
        stand.office_hears_the_end(Fault::DiskReadOnly);
    });
}

/// A lost link is told to the office when it is back.
fn without_link(stand: &mut Stand, fault: Fault, mend: impl FnOnce(&mut Stand)) {
    stand.start();
    stand.told(fault);
    mend(stand);
    stand.well(fault);
    stand.office_heard(fault);
    stand.office_hears_the_end(fault);
}

#[test]
fn the_network_gives_no_address() {
    apart_without_documents("the_network_gives_no_address", || {
        let address = |verb: &str| {
            sh(&format!("ip address {verb} 10.77.0.1/32 dev lo"), &[]);
        };
        address("add");
        let mut stand = Stand::at("10.77.0.1", "10.77.0.1");
        address("del");
        without_link(&mut stand, Fault::NoAddress, |_| address("add"));
    });
}

#[test]
fn the_office_has_no_name() {
    apart_without_documents("the_office_has_no_name", || {
        let dir = tempfile::tempdir().unwrap();
        let names = |hosts: &str| fs::write(dir.path().join("hosts"), hosts).unwrap();
        names("127.0.0.1 localhost\n");
        fs::write(dir.path().join("resolv.conf"), "nameserver 127.0.0.1\n").unwrap();
        fs::write(dir.path().join("nsswitch.conf"), "hosts: files dns\n").unwrap();
        for name in ["hosts", "resolv.conf", "nsswitch.conf"] {
            let script = "touch -a \"$2\"; mount --bind \"$1\" \"$2\"";
            sh(
                script,
                &[&dir.path().join(name), &Path::new("/etc").join(name)],
            );
        }
        // A network where all is well but names.
        sh(
            "ip address add 10.77.0.1/32 dev lo; ip route add default dev lo",
            &[],
        );
        let mut stand = Stand::at("127.0.0.1", "localhost");
        names("");
        without_link(&mut stand, Fault::NoNameResolution, |_| {
            names("127.0.0.1 localhost\n");
        });
    });
}

#[test]
fn the_offices_certificate_is_out_of_date() {
    if !apart::has("faketime", "--version") {
        return;
    }
    let mut stand = Stand::new();
    stand.office.stop();
    let certificate = stand.office.file("receive/tls_certificate.pem");
    let good = fs::read(&certificate).unwrap();
    // As the office made it, but of two years ago.
    let script = "cd \"$1\" && \
        echo 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth' > \"$2\" && \
        openssl req -new -key receive/tls_key.pem -subj /CN=localhost | \
        faketime -f -730d openssl x509 -req -days 365 -extfile \"$2\" \
            -CA public/tls_ca.pem -CAkey desk/tls_ca_key.pem -out receive/tls_certificate.pem";
    sh(script, &[&stand.office.file(""), &stand.path("extensions")]);
    assert_ne!(fs::read(&certificate).unwrap(), good);
    stand.office.serve();
    without_link(&mut stand, Fault::OfficeCertificateExpired, |stand| {
        stand.office.stop();
        fs::write(&certificate, good).unwrap();
        stand.office.serve();
    });
}

#[test]
fn the_clock_is_years_off() {
    away_with_the_clock("the_clock_is_years_off", |clock| {
        let mut stand = Stand::new();
        // Its battery dies while it runs: the signed floor keeps the link.
        stand.comes_and_goes(
            Fault::ClockWrong,
            |_| clock.is_off_by("-20y"),
            |_| clock.is_off_by("+0"),
        );
        stand.stop();
        // And before it starts.
        clock.is_off_by("-20y");
        stand.start();
        stand.told(Fault::ClockWrong);
        stand.office_hears(Fault::ClockWrong);
        clock.is_off_by("+0");
        stand.well(Fault::ClockWrong);
        stand.stop();

        // Ahead, the office's certificate seems out of date. The office's own word tells
        // which of the two is wrong; applying goes on.
        clock.is_off_by("+30y");
        stand.start();
        stand.sees("a wrong clock", |screen| match screen {
            Screen::Welcome {
                can_apply, cannot, ..
            } => {
                *can_apply
                    && cannot.contains(&Fault::ClockWrong)
                    && !cannot.contains(&Fault::OfficeCertificateExpired)
            }
            _ => false,
        });
        clock.is_off_by("+0");
        stand.well(Fault::ClockWrong);
        stand.office_heard(Fault::ClockWrong);
        stand.office_hears_the_end(Fault::ClockWrong);
    });
}

#[test]
fn the_queue_is_damaged() {
    let mut stand = Stand::new();
    stand.start();
    stand.well(Fault::QueueRebuilt);
    stand.stop();
    let queue = stand.data().join("outbox");
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(queue.join(format!("outbox.db{suffix}")));
    }
    fs::write(queue.join("outbox.db"), "no database at all ".repeat(500)).unwrap();
    // It is rebuilt: a citizen need not know, the office must, and for a day.
    for _ in 0..2 {
        stand.start();
        stand.told(Fault::QueueRebuilt);
        stand.office_hears(Fault::QueueRebuilt);
        stand.stop();
    }
    let set_aside = fs::read_dir(&queue).unwrap().flatten();
    let damaged = set_aside.filter(|e| e.file_name().to_string_lossy().starts_with("damaged-"));
    assert_eq!(damaged.count(), 1);
}

#[test]
fn the_status_panel_is_gone() {
    let mut stand = Stand::new();
    let (here, gone) = (stand.path("panel"), stand.path("unplugged"));
    fs::create_dir(&here).unwrap();
    stand.config.panel = config::Panel::Simulated(here.join("panel.png"));
    stand.comes_and_goes(
        Fault::PanelMissing,
        |_| fs::rename(&here, &gone).unwrap(),
        |_| fs::rename(&gone, &here).unwrap(),
    );
    stand.stop();
    // And one that was never there, by the driver of the real one.
    stand.config.panel = config::Panel::I2c(stand.path("i2c-9"));
    stand.start();
    stand.told(Fault::PanelMissing);
    stand.office_hears(Fault::PanelMissing);
}

/// Raised by whoever installs; here is how it is told.
/// The queue stays, and the kiosk opens: it says what a technician has to do.
/// In a process of its own: swtpm has one connection at a time, and a program that another test
/// starts meanwhile could keep it.
#[test]
fn the_tpm_is_another_one() {
    apart_without_documents("the_tpm_is_another_one", || {
        let folder = tempfile::tempdir().unwrap();
        let mut own = SoftwareTpm::start(&folder.path().join("own"));
        let mut stand = Stand::with_tpm(own.tcti());
        // Nobody moves a disk while a board is on.
        own.off();
        let other = SoftwareTpm::start(&folder.path().join("other"));
        let right = stand.config.tpm.clone();
        stand.config.tpm = config::Tpm::Simulated(other.tcti());
        stand.start();
        stand.told(Fault::DeviceKeyFailed);
        stand.stop();
        stand.config.tpm = right;
        own.on();
        stand.start();
        stand.well(Fault::DeviceKeyFailed);
        stand.office_hears_the_end(Fault::DeviceKeyFailed);
    });
}

#[test]
fn the_tpm_is_gone_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut tpm = SoftwareTpm::start(&folder.path().join("tpm"));
    let mut stand = Stand::with_tpm(tpm.tcti());
    tpm.off();
    stand.start();
    stand.told(Fault::DeviceKeyFailed);
    tpm.on();
    stand.well(Fault::DeviceKeyFailed);
    stand.office_heard(Fault::DeviceKeyFailed);
    stand.office_hears_the_end(Fault::DeviceKeyFailed);
}

#[test]
fn an_update_failed() {
    let mut stand = Stand::new();
    let say = |stand: &mut Stand, event| stand.kiosk().events().send(Event::Device(event));
    stand.comes_and_goes(
        Fault::UpdateFailed,
        |stand| say(stand, DeviceEvent::Raised(Fault::UpdateFailed)),
        |stand| say(stand, DeviceEvent::Cleared(Fault::UpdateFailed)),
    );
}

/// What the screen shows meanwhile is tried with the fall-back screen itself.
#[test]
fn the_program_crashes_again_and_again() {
    if crashing_child() {
        return;
    }
    let mut stand = Stand::new();
    stand.start();
    stand.well(Fault::KioskWillNotStart);
    stand.office_hears_the_end(Fault::KioskWillNotStart);
    stand.stop();
    for _ in 0..5 {
        apart::crash("the_program_crashes_again_and_again", &stand.config);
    }
    // At last it runs: nobody is kept from anything, and the office learns of it.
    for _ in 0..2 {
        stand.start();
        stand.told(Fault::KioskWillNotStart);
        stand.office_hears(Fault::KioskWillNotStart);
        stand.stop();
    }
}
