//! Video identification: prompts in an order nobody can foresee, a few tries,
//! then a block.

use std::time::Duration;

use faults::Fault;

use super::answers::Begun;
use super::command::{Action, PreviewFor, Prompt, Request};
use super::event::{
    Choice, DeviceEvent, FaceFinding, Key, MediaHandle, Now, Progress, Reply, Touch,
};
use super::step::{Shown, Step, Turn};
use super::view::{LivenessView, PrimaryLabel, Screen};
use super::visit::Visit;

/// Rules of identification ask for at least so many commands.
const FEWEST: usize = 3;
/// All but the first, which is always to look straight.
const ACTS: [Prompt; 5] = [
    Prompt::TurnLeft,
    Prompt::TurnRight,
    Prompt::LookUp,
    Prompt::Blink,
    Prompt::Smile,
];

#[derive(Default)]
pub(super) struct Liveness {
    prompts: Vec<Prompt>,
    /// The prompt shown and since when (boottime).
    current: Option<(usize, Duration)>,
    finding: Option<FaceFinding>,
    face_lost: bool,
    failed: u8,
    /// Videos begun, so that each has an order of its own.
    begun: u32,
    blocked_until: Duration,
}

/// Different prompts, the first to look straight, the others drawn without
/// replacement from a stream of their own for each try.
pub(super) fn draw(begun: &Begun, attempt: u32, count: usize) -> Vec<Prompt> {
    let stream = begun.stream(&format!("liveness prompts {attempt}"));
    let mut left = ACTS.to_vec();
    let mut prompts = vec![Prompt::LookStraight];
    for random in stream.iter().copied().take(ACTS.len()) {
        prompts.push(left.swap_remove(usize::from(random) % left.len()));
    }
    prompts.truncate(count.clamp(FEWEST, ACTS.len() + 1));
    prompts
}

impl Liveness {
    fn is_blocked(&self, now: Now) -> bool {
        now.boottime < self.blocked_until
    }

    fn record(&mut self, visit: &mut Visit) {
        if self.is_blocked(visit.now) {
            visit.fault = Some(Fault::LivenessBlocked);
            return;
        }
        let Some(begun) = &visit.answers.begun else {
            return;
        };
        self.begun += 1;
        self.prompts = draw(begun, self.begun, visit.config.prompts);
        self.current = None;
        self.face_lost = false;
        let request = Request::Record {
            submission: begun.submission,
            prompts: self.prompts.clone(),
            seconds_each: visit.config.seconds_each(),
        };
        visit.ask(request);
    }

    fn next(&mut self, visit: &mut Visit) -> Turn {
        if visit.answers.video.is_some() {
            return Turn::Forward;
        }
        self.record(visit);
        Turn::Stay
    }

    fn lost(&mut self, visit: &mut Visit) {
        self.current = None;
        self.face_lost = false;
        self.failed = self.failed.saturating_add(1);
        if self.failed >= visit.config.liveness_tries {
            let block = visit.config.liveness_block;
            self.blocked_until = visit.now.boottime.saturating_add(block);
            visit.fault = Some(Fault::LivenessBlocked);
        } else {
            visit.fault = Some(Fault::LivenessFailed);
        }
    }

    fn unblock(&mut self, visit: &mut Visit) {
        if self.failed >= visit.config.liveness_tries && !self.is_blocked(visit.now) {
            self.failed = 0;
            visit.forget_fault();
        }
    }
}

impl Step for Liveness {
    fn enter(&mut self, visit: &mut Visit) {
        self.current = None;
        self.finding = None;
        self.face_lost = false;
        self.unblock(visit);
        if self.is_blocked(visit.now) {
            visit.fault = Some(Fault::LivenessBlocked);
        }
        if visit.answers.video.is_none() {
            visit.act(Action::StartPreview(PreviewFor::Face));
        }
    }

    fn leave(&mut self, visit: &mut Visit) {
        visit.act(Action::StopPreview);
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Next | Touch::Key(Key::Enter) => self.next(visit),
            Touch::Choose(Choice::StartRecording) if visit.answers.video.is_none() => {
                self.record(visit);
                Turn::Stay
            }
            _ => Turn::Stay,
        }
    }

    fn device(&mut self, event: &DeviceEvent, _visit: &mut Visit) -> Turn {
        if let DeviceEvent::Face(finding) = event {
            self.finding = Some(*finding);
        }
        Turn::Stay
    }

    fn progress(&mut self, progress: &Progress, visit: &mut Visit) {
        match progress {
            Progress::Prompt { index } if *index < self.prompts.len() => {
                self.current = Some((*index, visit.now.boottime));
            }
            Progress::FaceLost(lost) => self.face_lost = *lost,
            _ => {}
        }
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        match reply {
            Reply::Recorded { media, .. } => self.keep(*media, visit),
            Reply::RecordingFailed => self.lost(visit),
            _ => {}
        }
        Turn::Stay
    }

    fn failed(&mut self, _asked: super::asked::Asked, _fault: Fault, _visit: &mut Visit) -> Turn {
        // A device's fault is not the person's failure.
        self.current = None;
        self.face_lost = false;
        Turn::Stay
    }

    fn tick(&mut self, visit: &mut Visit) -> Turn {
        self.unblock(visit);
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.video.is_some()
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        let done = visit.answers.video.is_some();
        let blocked = self.is_blocked(now);
        let elapsed = self.current.map_or(0.0, |(_, since)| {
            let shown = now.boottime.saturating_sub(since).as_secs_f32();
            (shown / visit.config.seconds_each()).clamp(0.0, 1.0)
        });
        let screen = Screen::Liveness(LivenessView {
            prompts: self.prompts.clone(),
            current: self.current.map(|(index, _)| index),
            elapsed,
            finding: self.finding,
            face_lost: self.face_lost,
            failed_before: self.failed,
            tries: visit.config.liveness_tries,
            done,
            blocked_for_seconds: Visit::seconds_until(self.blocked_until, now),
        });
        if done {
            Shown::new(screen, PrimaryLabel::Continue, true)
        } else {
            Shown::new(screen, PrimaryLabel::StartRecording, !blocked)
        }
    }
}

impl Liveness {
    fn keep(&mut self, media: MediaHandle, visit: &mut Visit) {
        self.current = None;
        self.failed = 0;
        visit.answers.video = Some(media);
        visit.act(Action::StopPreview);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use exchange::{SubmissionId, UnixMillis};

    #[test]
    fn prompts_differ_within_a_video_and_between_videos() {
        let id = SubmissionId::from_parts(UnixMillis(1_700_000_000_000), &[3; 10]);
        let mut orders = std::collections::HashSet::new();
        for seed in 0..40 {
            let begun = Begun::new(id, [seed; 32]);
            for count in 0..9 {
                let prompts = draw(&begun, 1, count);
                assert!((3..=6).contains(&prompts.len()));
                assert_eq!(prompts[0], Prompt::LookStraight);
                let different: std::collections::HashSet<_> = prompts.iter().collect();
                assert_eq!(different.len(), prompts.len());
            }
            orders.insert(draw(&begun, 1, 4));
            orders.insert(draw(&begun, 2, 4));
        }
        // 60 orders of three out of five; 80 draws meet most of them.
        assert!(orders.len() > 30, "{}", orders.len());
    }
}
