//! Following a liveness challenge: one prompt after the other, each for a time.

use std::time::Duration;

use crate::detector::Face;
use crate::picture::Picture;

/// One analysed frame of the recording.
pub struct Sight<'a> {
    pub picture: &'a Picture,
    /// What is shown of it, in its pixels.
    pub faces: &'a [Face],
    /// Since the recording began.
    pub at: Duration,
}

/// Where a challenge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LivenessState {
    /// This prompt is to be shown.
    Prompt {
        index: usize,
        face_lost: bool,
    },
    /// All prompts were followed.
    Passed,
    Failed,
}

/// Decides whether a person follows the prompts. Fed several times a second with
/// rising times; `Passed` and `Failed` are final.
pub trait LivenessJudge: Send {
    fn observe(&mut self, sight: &Sight<'_>) -> LivenessState;
}

/// Timing of the prompts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    pub prompts: usize,
    /// How long each prompt is shown.
    pub each: Duration,
    /// Without exactly one face for longer than this, the challenge has failed.
    pub longest_loss: Duration,
    /// The same for a time in which nothing was looked at: presence is then not
    /// disproved, but not proved either.
    pub longest_blind: Duration,
}

/// Rests on the presence of exactly one face while the prompts are shown. It
/// proves that the same recording holds a face throughout, not that the prompts
/// were obeyed.
pub struct FacePresence {
    timing: Timing,
    state: LivenessState,
    /// Since when there has not been exactly one face.
    lost: Option<Duration>,
    /// The last look, or the beginning.
    looked: Duration,
}

impl FacePresence {
    pub fn new(timing: Timing) -> Self {
        Self {
            state: LivenessState::Prompt {
                index: 0,
                face_lost: false,
            },
            timing,
            lost: None,
            looked: Duration::ZERO,
        }
    }
}

impl LivenessJudge for FacePresence {
    fn observe(&mut self, sight: &Sight<'_>) -> LivenessState {
        if !matches!(self.state, LivenessState::Prompt { .. }) {
            return self.state;
        }
        let present = sight.faces.len() == 1;
        let blind = sight.at.saturating_sub(self.looked);
        self.looked = sight.at;
        // A loss that ends now counts in full: looks may be rare.
        let loss = sight.at.saturating_sub(self.lost.unwrap_or(sight.at));
        self.lost = (!present).then(|| self.lost.unwrap_or(sight.at));
        let each = self.timing.each.max(Duration::from_millis(1));
        let index = (sight.at.as_nanos() / each.as_nanos()) as usize;
        self.state = if loss > self.timing.longest_loss || blind > self.timing.longest_blind {
            LivenessState::Failed
        } else if index < self.timing.prompts {
            LivenessState::Prompt {
                index,
                face_lost: !present,
            }
        } else if present {
            LivenessState::Passed
        } else {
            // The end must be seen: hold the last prompt until the face is back.
            LivenessState::Prompt {
                index: self.timing.prompts.saturating_sub(1),
                face_lost: true,
            }
        };
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::{FaceBox, Point};

    const FACE: Face = Face {
        area: FaceBox {
            left: 0.0,
            top: 0.0,
            width: 1.0,
            height: 1.0,
        },
        score: 0.9,
        points: [Point { x: 0.0, y: 0.0 }; 5],
    };

    fn watch(seen: impl Fn(u64) -> usize) -> Vec<LivenessState> {
        let picture = Picture::placeholder();
        let mut judge = FacePresence::new(Timing {
            prompts: 3,
            each: Duration::from_secs(2),
            longest_loss: Duration::from_secs(2),
            longest_blind: Duration::from_secs(5),
        });
        (0..50)
            .map(|i| {
                let faces = vec![FACE; seen(i * 200)];
                judge.observe(&Sight {
                    picture: &picture,
                    faces: &faces,
                    at: Duration::from_millis(i * 200),
                })
            })
            .collect()
    }

    #[test]
    fn one_face_throughout_passes_after_all_prompts() {
        let states = watch(|_| 1);
        let prompt = |index| LivenessState::Prompt {
            index,
            face_lost: false,
        };
        assert_eq!(states[9], prompt(0));
        assert_eq!(states[10], prompt(1));
        assert_eq!(states[29], prompt(2));
        assert_eq!(states[30], LivenessState::Passed);
    }

    #[test]
    fn a_face_lost_for_long_fails_for_good() {
        let states = watch(|ms| usize::from(!(1000..3400).contains(&ms)));
        assert_eq!(
            states[6],
            LivenessState::Prompt {
                index: 0,
                face_lost: true
            }
        );
        assert_eq!(states[16], LivenessState::Failed);
        assert_eq!(states[49], LivenessState::Failed);
    }

    #[test]
    fn a_short_loss_is_shown_and_forgiven() {
        let states = watch(|ms| usize::from(!(1000..2600).contains(&ms)));
        assert_eq!(
            states[5],
            LivenessState::Prompt {
                index: 0,
                face_lost: true
            }
        );
        assert_eq!(states[30], LivenessState::Passed);
    }

    #[test]
    fn a_second_face_counts_as_lost() {
        assert!(watch(|_| 2).contains(&LivenessState::Failed));
    }

    #[test]
    fn leaving_at_the_end_does_not_pass() {
        let states = watch(|ms| usize::from(ms < 5800));
        assert_eq!(states.last(), Some(&LivenessState::Failed));
        assert!(!states.contains(&LivenessState::Passed));
    }

    #[test]
    fn time_that_nobody_looked_at_proves_nothing() {
        let picture = Picture::placeholder();
        let mut judge = FacePresence::new(Timing {
            prompts: 3,
            each: Duration::from_secs(2),
            longest_loss: Duration::from_secs(2),
            longest_blind: Duration::from_secs(5),
        });
        let mut look = |ms| {
            judge.observe(&Sight {
                picture: &picture,
                faces: &[FACE],
                at: Duration::from_millis(ms),
            })
        };
        assert!(matches!(look(4000), LivenessState::Prompt { index: 2, .. }));
        assert_eq!(look(9100), LivenessState::Failed);
    }
}
