//! Judging a selfie against the circle in the middle of the screen.

use serde::{Deserialize, Serialize};

use crate::detector::{DetectError, Face, FaceDetector, FaceSize};
use crate::picture::{Picture, Rect};

/// What is told to the person; the first that applies, in the order of the
/// checks: dark, none, several, size, place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    NoFace,
    SeveralFaces,
    TooSmall,
    TooLarge,
    OffCentre,
    TooDark,
    Good,
}

/// Thresholds. Lengths are parts of the circle's diameter, so that they hold for
/// every camera and screen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SelfieConfig {
    /// Diameter of the circle as a part of the shorter side of what is shown.
    pub circle: f32,
    /// Lowest score of a face, 0..=1.
    pub score: f32,
    /// Lowest score of a second face that spoils the picture, 0..=1.
    pub other_score: f32,
    /// Height of the face at least: below, the office has too few pixels.
    pub smallest: f32,
    /// Height of the face at most: above, chin or forehead are cut off.
    pub largest: f32,
    /// Distance of the face's middle from the circle's middle at most.
    pub off_centre: f32,
    /// Mean luma (0-255) of the face at least.
    pub darkest_face: f32,
    /// Mean luma (0-255) of the whole picture below which a face that is not
    /// found counts as the light's fault.
    pub darkest_picture: f32,
}

impl Default for SelfieConfig {
    fn default() -> Self {
        Self {
            circle: 0.86,
            score: 0.8,
            other_score: 0.8,
            smallest: 0.38,
            largest: 0.92,
            off_centre: 0.17,
            darkest_face: 50.0,
            darkest_picture: 30.0,
        }
    }
}

/// A finding and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    pub finding: Finding,
    /// In the pixels of the whole picture, best first.
    pub faces: Vec<Face>,
}

/// Decides whether a picture can be the selfie.
pub trait SelfieJudge: Send {
    /// `shown`: the part of the picture that the person sees, with the circle in
    /// its middle.
    fn judge(
        &mut self,
        picture: &Picture,
        shown: Rect,
        size: FaceSize,
    ) -> Result<Judgement, DetectError>;

    /// Wipes what is left of the last person.
    fn forget(&mut self);
}

/// Rests on face detection alone: present, one, large enough, in the circle, lit.
pub struct SelfieCheck {
    detector: FaceDetector,
    config: SelfieConfig,
}

impl SelfieCheck {
    pub fn new(config: SelfieConfig) -> Result<Self, DetectError> {
        let detector = FaceDetector::new(config.score.min(config.other_score))?;
        Ok(Self { detector, config })
    }
}

impl SelfieJudge for SelfieCheck {
    fn judge(
        &mut self,
        picture: &Picture,
        shown: Rect,
        size: FaceSize,
    ) -> Result<Judgement, DetectError> {
        let faces = self.detector.find(picture, shown, size)?;
        let finding = self.config.find(&faces, picture, shown);
        Ok(Judgement { finding, faces })
    }

    fn forget(&mut self) {
        self.detector.forget();
    }
}

impl SelfieConfig {
    /// `faces`: best first.
    fn find(&self, faces: &[Face], picture: &Picture, shown: Rect) -> Finding {
        let Some(face) = faces.first().filter(|f| f.score >= self.score) else {
            let light = picture.brightness(shown).mean;
            return if light < self.darkest_picture {
                Finding::TooDark
            } else {
                Finding::NoFace
            };
        };
        if faces.len() > 1 {
            return Finding::SeveralFaces;
        }
        if picture.brightness(inside(face)).mean < self.darkest_face {
            return Finding::TooDark;
        }
        self.place(face, shown)
    }

    /// Size first: who comes closer also moves in the picture.
    fn place(&self, face: &Face, shown: Rect) -> Finding {
        let diameter = shown.width.min(shown.height) as f32 * self.circle;
        let height = face.area.height / diameter;
        let centre = face.area.centre();
        let dx = centre.x - (shown.left as f32 + shown.width as f32 / 2.0);
        let dy = centre.y - (shown.top as f32 + shown.height as f32 / 2.0);
        if height < self.smallest {
            Finding::TooSmall
        } else if height > self.largest {
            Finding::TooLarge
        } else if dx.hypot(dy) / diameter > self.off_centre {
            Finding::OffCentre
        } else {
            Finding::Good
        }
    }
}

/// The part of the picture under the face's box.
fn inside(face: &Face) -> Rect {
    // Casts of floats to integers saturate, so that no box can overflow.
    let (left, top) = (face.area.left.max(0.0), face.area.top.max(0.0));
    Rect {
        left: left as u32,
        top: top as u32,
        width: (face.area.left + face.area.width - left).max(1.0) as u32,
        height: (face.area.top + face.area.height - top).max(1.0) as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::{FaceBox, Point};

    fn face(x: f32, y: f32, height: f32) -> Face {
        Face {
            area: FaceBox {
                left: x - height * 0.4,
                top: y - height / 2.0,
                width: height * 0.8,
                height,
            },
            score: 0.9,
            points: [Point { x, y }; 5],
        }
    }

    fn finding(faces: &[Face], grey: u8) -> Finding {
        let picture = Picture::filled(1280, 720, [grey; 3]).unwrap();
        let shown = picture.centred(1080, 1032);
        SelfieConfig::default().find(faces, &picture, shown)
    }

    #[test]
    fn each_fault_has_its_finding() {
        let middle = face(640.0, 360.0, 350.0);
        assert_eq!(finding(&[middle], 120), Finding::Good);
        assert_eq!(finding(&[], 120), Finding::NoFace);
        assert_eq!(finding(&[], 10), Finding::TooDark);
        assert_eq!(finding(&[middle], 30), Finding::TooDark);
        let beside = face(300.0, 360.0, 350.0);
        assert_eq!(finding(&[middle, beside], 120), Finding::SeveralFaces);
        assert_eq!(
            finding(&[face(640.0, 360.0, 200.0)], 120),
            Finding::TooSmall
        );
        assert_eq!(
            finding(&[face(640.0, 360.0, 600.0)], 120),
            Finding::TooLarge
        );
        assert_eq!(
            finding(&[face(780.0, 360.0, 350.0)], 120),
            Finding::OffCentre
        );
    }

    #[test]
    fn a_weak_face_is_no_face() {
        let weak = Face {
            score: 0.79,
            ..face(640.0, 360.0, 350.0)
        };
        assert_eq!(finding(&[weak], 120), Finding::NoFace);
    }

    #[test]
    fn a_box_beyond_every_edge_is_judged_without_overflow() {
        let huge = Face {
            area: FaceBox {
                left: -1e30,
                top: -1e30,
                width: 3e30,
                height: f32::INFINITY,
            },
            ..face(0.0, 0.0, 1.0)
        };
        assert_eq!(finding(&[huge], 120), Finding::TooLarge);
    }
}
