//! The panel's pictures, one a state, left in the target folder to be looked at.

#![cfg(feature = "simulated")]

use std::path::Path;

use faults::Fault;
use kiosk::devices::status_panel::{PanelState, StatusPanel, simulated};

#[test]
fn each_state_is_a_picture_of_its_own() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let states = [
        ("ready", PanelState::Ready),
        ("in-use", PanelState::InUse),
        ("offline", PanelState::Offline { queue: 12 }),
        (
            "out-of-service",
            PanelState::OutOfService {
                fault: Fault::CameraMissing,
            },
        ),
    ];
    let mut pictures: Vec<Vec<u8>> = Vec::new();
    for (name, state) in states {
        let path = folder.join(format!("panel-{name}.png"));
        let panel = simulated::start(path.clone(), |event| panic!("{event:?}")).unwrap();
        panel.show(state);
        // Its end waits for the picture.
        drop(panel);
        let picture = std::fs::read(path).unwrap();
        assert!(picture.starts_with(b"\x89PNG"));
        assert!(!pictures.contains(&picture), "{name}");
        pictures.push(picture);
    }
}
