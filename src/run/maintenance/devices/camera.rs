//! The camera's figures, while its picture is on the screen.

use std::sync::Arc;
use std::time::Duration;

use faults::Fault;

use crate::devices::camera::Figures;
use crate::maintenance::{Light, Row, RowName, Value, Word};
use crate::session::event::Failure;

use super::super::super::asked::blocking;
use super::super::super::world::Inner;

const LASTING: Duration = Duration::from_secs(3);
/// Less and a recording would stutter; the same as for the fault.
const SLOW: f32 = 8.0;

impl Inner {
    pub(super) async fn test_camera(self: &Arc<Self>) -> Result<Vec<Row>, Failure> {
        let world = self.clone();
        let figures = blocking(move || Ok(world.camera().and_then(|c| c.measure(LASTING)))).await?;
        Ok(match figures {
            Some(figures) => rows(&figures),
            None => vec![
                Row::word(RowName::Camera, Light::Bad, Word::Missing).with(Fault::CameraMissing),
            ],
        })
    }
}

fn rows(figures: &Figures) -> Vec<Row> {
    let light = |good: bool| if good { Light::Good } else { Light::Warning };
    let (width, height) = figures.size;
    let enough = figures.frames_a_second >= SLOW;
    let rate = Row::new(
        RowName::FrameRate,
        light(enough),
        Value::Rate((figures.frames_a_second * 10.0).round() as u32),
    );
    let exposed = Figures::EXPOSED.contains(&figures.brightness.mean);
    vec![
        Row::new(
            RowName::FrameSize,
            light(width >= 640 && height >= 480),
            Value::Text(format!("{width} x {height}")),
        ),
        if enough {
            rate
        } else {
            rate.with(Fault::CameraSlow)
        },
        Row::new(
            RowName::Brightness,
            light(exposed),
            Value::Percent((figures.brightness.mean / 2.55).round() as u8),
        ),
        Row::new(
            RowName::Contrast,
            light(figures.brightness.deviation >= 15.0),
            Value::Percent((figures.brightness.deviation / 1.28).round().min(100.0) as u8),
        ),
        Row::new(
            RowName::Sharpness,
            light(figures.sharpness >= Figures::SOFT),
            Value::Count(figures.sharpness.round() as u64),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use portrait::picture::Brightness;

    use super::*;

    #[test]
    fn what_a_technician_must_turn_is_marked() {
        let good = Figures {
            size: (1280, 720),
            frames_a_second: 29.97,
            brightness: Brightness {
                mean: 120.0,
                deviation: 50.0,
            },
            sharpness: 300.0,
        };
        assert!(rows(&good).iter().all(|row| row.light == Light::Good));
        let soft = Figures {
            sharpness: 3.0,
            ..good
        };
        let dark = Figures {
            brightness: Brightness {
                mean: 20.0,
                deviation: 50.0,
            },
            ..good
        };
        let slow = Figures {
            frames_a_second: 4.0,
            ..good
        };
        for (figures, name) in [
            (soft, RowName::Sharpness),
            (dark, RowName::Brightness),
            (slow, RowName::FrameRate),
        ] {
            let marked: Vec<RowName> = rows(&figures)
                .iter()
                .filter(|row| row.light != Light::Good)
                .map(|row| row.name)
                .collect();
            assert_eq!(marked, [name]);
        }
        let rate = rows(&slow)
            .into_iter()
            .find(|r| r.name == RowName::FrameRate);
        assert_eq!(rate.unwrap().fault, Some(Fault::CameraSlow));
    }
}
