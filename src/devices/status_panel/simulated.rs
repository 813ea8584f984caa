//! A picture file in place of a display, rewritten when what it shows changes.

use std::convert::Infallible;
use std::fs;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::Duration;

use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::{DrawTarget, OriginDimensions, Pixel, Size};

use super::refreshing::{self, RefreshedPanel};
use super::{HEIGHT, PanelState, WIDTH, draw};
use crate::session::event::DeviceEvent;

/// Each point becomes a square of so many pixels, so that a person can see it.
const SCALE: u32 = 4;

/// Points of the panel.
pub struct Points([[bool; WIDTH as usize]; HEIGHT as usize]);

impl Points {
    pub fn of(state: PanelState) -> Points {
        let mut points = Points([[false; WIDTH as usize]; HEIGHT as usize]);
        let Ok(()) = draw(&mut points, state);
        points
    }

    /// Lit points.
    pub fn lit(&self) -> usize {
        self.0.iter().flatten().filter(|lit| **lit).count()
    }
}

impl OriginDimensions for Points {
    fn size(&self) -> Size {
        Size::new(WIDTH, HEIGHT)
    }
}

impl DrawTarget for Points {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<BinaryColor>>,
    {
        for Pixel(point, color) in pixels {
            let place = usize::try_from(point.y)
                .ok()
                .and_then(|y| self.0.get_mut(y))
                .and_then(|row| row.get_mut(usize::try_from(point.x).ok()?));
            // What lies outside is not drawn, as on a real display.
            if let Some(place) = place {
                *place = color.is_on();
            }
        }
        Ok(())
    }
}

/// Looked at again so often: who deletes the picture takes the panel's power, who deletes
/// its folder takes the panel.
const REFRESH: Duration = Duration::from_secs(3);

/// The file is replaced as a whole: whoever reads it sees one state or the next.
///
/// # Errors
/// The system gives no thread.
pub fn start(
    path: PathBuf,
    tell: impl Fn(DeviceEvent) + Send + 'static,
) -> io::Result<RefreshedPanel> {
    super::super::simulated_in_use("status panel");
    let mut shown = None;
    let show = move |state| {
        if shown != Some(state) || !path.exists() {
            write(&path, &Points::of(state))?;
            shown = Some(state);
        }
        Ok::<(), io::Error>(())
    };
    refreshing::start(REFRESH, show, tell)
}

fn write(path: &Path, points: &Points) -> io::Result<()> {
    let temporary = path.with_extension("png.part");
    let file = BufWriter::new(fs::File::create(&temporary)?);
    let mut encoder = png::Encoder::new(file, WIDTH * SCALE, HEIGHT * SCALE);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    let mut pixels = Vec::new();
    for row in &points.0 {
        let line: Vec<u8> = row
            .iter()
            .flat_map(|&lit| [if lit { 255 } else { 0 }; SCALE as usize])
            .collect();
        for _ in 0..SCALE {
            pixels.extend_from_slice(&line);
        }
    }
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use faults::Fault;

    use super::*;
    use crate::devices::status_panel::StatusPanel;

    const STATES: [PanelState; 4] = [
        PanelState::Ready,
        PanelState::InUse,
        PanelState::Offline { queue: 12 },
        PanelState::OutOfService {
            fault: Fault::CameraMissing,
        },
    ];

    #[test]
    fn every_state_looks_different_and_nothing_is_cut_off() {
        let mut seen: Vec<Points> = Vec::new();
        for state in STATES {
            let points = Points::of(state);
            assert!(points.lit() > 300, "{state:?}: {}", points.lit());
            assert!(seen.iter().all(|other| other.0 != points.0), "{state:?}");
            let rightmost = points
                .0
                .iter()
                .filter(|row| row[WIDTH as usize - 1])
                .count();
            assert_eq!(rightmost, 0, "{state:?} reaches the edge");
            seen.push(points);
        }
    }

    #[test]
    fn any_queue_and_any_fault_has_room() {
        for queue in [0, 1, 99_999, u32::MAX] {
            assert!(Points::of(PanelState::Offline { queue }).lit() > 300);
        }
        for &fault in Fault::ALL {
            assert!(Points::of(PanelState::OutOfService { fault }).lit() > 300);
        }
    }

    /// The picture a state leaves; the panel's end waits for it.
    fn picture(path: &Path, state: PanelState) -> Vec<u8> {
        let panel = start(path.to_owned(), |event| panic!("{event:?}")).unwrap();
        panel.show(state);
        drop(panel);
        fs::read(path).unwrap()
    }

    #[test]
    fn the_file_is_rewritten_when_the_state_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("panel.png");
        let ready = picture(&path, PanelState::Ready);
        assert_ne!(picture(&path, PanelState::InUse), ready);
        assert_eq!(picture(&path, PanelState::Ready), ready);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
