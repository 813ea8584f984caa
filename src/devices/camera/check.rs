//! A look at the camera without a person: what `kiosk check` says about it.

use std::time::{Duration, Instant};

use faults::Fault;

use super::{CameraDescription, CameraSource, Health, HealthConfig, Pipeline, pipeline};

/// What a look at the camera found.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraCheck {
    /// All that are there; the first that works was looked at.
    pub cameras: Vec<CameraDescription>,
    /// None: it is well.
    pub fault: Option<Fault>,
    /// Width and height of its frames, if any came.
    pub size: Option<(u32, u32)>,
    pub frames_a_second: f32,
    /// For the log: why it could not be opened or read.
    pub error: Option<String>,
}

/// Opens the camera, reads it for `lasting` and closes it. Blocks; to be called
/// while no [`super::CameraThread`] holds the camera.
pub fn check(
    source: &mut dyn CameraSource,
    config: HealthConfig,
    lasting: Duration,
) -> CameraCheck {
    let mut found = CameraCheck {
        cameras: source.list(),
        fault: None,
        size: None,
        frames_a_second: 0.0,
        error: None,
    };
    let mut camera = match source.open() {
        Ok(camera) => camera,
        Err(error) => {
            found.fault = Some(Fault::CameraMissing);
            found.error = Some(error.to_string());
            return found;
        }
    };
    let began = Instant::now();
    let mut health = Health::new(config);
    health.opened(Duration::ZERO);
    let mut pipeline = Pipeline::default();
    let mut frames = 0u32;
    while began.elapsed() < lasting {
        let next = camera.next(Duration::from_millis(100));
        let at = began.elapsed();
        match next {
            Ok(Some(raw)) if pipeline.decode(raw).is_ok() => {
                let full = pipeline.full();
                found.size = Some((full.width(), full.height()));
                health.frame(at, pipeline::digest(raw), full.brightness(full.whole()));
                frames += 1;
            }
            Ok(_) => {
                health.silence(at);
            }
            Err(error) => {
                found.error = Some(error.to_string());
                health.missing(at);
                break;
            }
        }
    }
    found.fault = health.raised();
    found.frames_a_second = frames as f32 / began.elapsed().as_secs_f32();
    found
}

#[cfg(all(test, feature = "simulated"))]
mod tests {
    use super::*;
    use crate::devices::camera::simulated::{CameraFault, FaultSwitch, SimulatedSource};
    use portrait::Picture;

    fn look(fault: CameraFault) -> CameraCheck {
        let mut picture = Picture::filled(1280, 720, [90; 3]).unwrap();
        for (i, byte) in picture.rgb_mut().iter_mut().enumerate() {
            *byte = (i % 251) as u8;
        }
        let switch = FaultSwitch::default();
        let mut source = SimulatedSource::still(&picture, switch.clone()).unwrap();
        switch.set(fault);
        let config = HealthConfig {
            black_after: Duration::from_millis(500),
            frozen_after: Duration::from_millis(700),
            slow_below: 4.0,
            slow_window: Duration::from_millis(1000),
            ..HealthConfig::default()
        };
        check(&mut source, config, Duration::from_millis(2000))
    }

    #[test]
    fn a_camera_that_is_well_says_its_size() {
        let found = look(CameraFault::None);
        assert_eq!(found.fault, None);
        assert_eq!(found.size, Some((1280, 720)));
        assert_eq!(found.cameras.len(), 1);
        assert!(found.frames_a_second > 4.0);
    }

    #[test]
    fn each_fault_is_named() {
        assert_eq!(look(CameraFault::Black).fault, Some(Fault::CameraBlack));
        assert_eq!(look(CameraFault::Frozen).fault, Some(Fault::CameraFrozen));
        assert_eq!(look(CameraFault::Slow).fault, Some(Fault::CameraSlow));
        let gone = look(CameraFault::Gone);
        assert_eq!(gone.fault, Some(Fault::CameraMissing));
        assert!(gone.error.is_some());
    }
}
