//! The machine-readable zone of a document before the camera.

use mrz_reader::{Grey, Hint, MrzCollector, read_frame};
use portrait::Picture;
use zeroize::Zeroizing;

use chip::mrz::Mrz;

use crate::session::event::MrzHint;

/// Looks through one frame after the other until enough of them agree.
#[derive(Default)]
pub(super) struct ZoneSearch {
    agreeing: MrzCollector,
    /// Brightness of the last frame, kept to use its memory again.
    grey: Zeroizing<Vec<u8>>,
}

impl ZoneSearch {
    /// What would help, and the zone once it is believed.
    pub fn look(&mut self, picture: &Picture) -> (MrzHint, Option<Mrz>) {
        self.brighten(picture);
        let Ok(grey) = Grey::new(picture.width(), picture.height(), &self.grey) else {
            return (MrzHint::Nothing, None);
        };
        let frame = read_frame(grey);
        let hint = match (&frame.candidate, frame.hints.as_slice()) {
            (Some(_), _) | (None, []) => MrzHint::Reading,
            (None, hints) => hint_of(hints),
        };
        (hint, self.agreeing.add(frame.candidate))
    }

    /// Wipes what is left of the last document.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// ITU-R BT.601, in 256ths.
    fn brighten(&mut self, picture: &Picture) {
        self.grey.clear();
        let pixels = picture.rgb().as_chunks().0;
        self.grey.reserve(pixels.len());
        self.grey.extend(pixels.iter().map(|&[red, green, blue]| {
            let sum = 77 * u32::from(red) + 150 * u32::from(green) + 29 * u32::from(blue);
            (sum >> 8) as u8
        }));
    }
}

/// "Nothing" stands among the hints about a whole picture; what is more telling than
/// that is said.
fn hint_of(hints: &[Hint]) -> MrzHint {
    let telling = hints.iter().find(|hint| **hint != Hint::NothingFound);
    match telling {
        Some(Hint::Glare) => MrzHint::Glare,
        Some(Hint::Blur) => MrzHint::Blur,
        Some(Hint::PartlyOutOfView) => MrzHint::CutOff,
        Some(Hint::TooSmall) => MrzHint::TooSmall,
        Some(Hint::TooDark) => MrzHint::TooDark,
        Some(Hint::NothingFound) | None => MrzHint::Nothing,
    }
}
