//! Whatever happened to the queue, the next upload is the right one.

use std::time::Duration;

use crate::queue::*;
use exchange::{PartName, SubmissionId};
use outbox::{Outbox, Postponement, Task};
use proptest::prelude::*;

/// What the model knows of a waiting submission.
struct Expected {
    id: SubmissionId,
    sent: usize,
    due_at: i64,
    quarantined: bool,
}

#[derive(Clone, Debug)]
enum Step {
    Send,
    Postpone(usize, u64),
    Quarantine(usize),
    Retry(usize),
    Prefer(Option<usize>),
    Later(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = 0..4usize;
    let step = prop_oneof![
        4 => Just(Step::Send),
        2 => (which.clone(), 0..2_000u64).prop_map(|(s, t)| Step::Postpone(s, t)),
        1 => which.clone().prop_map(Step::Quarantine),
        1 => which.clone().prop_map(Step::Retry),
        1 => proptest::option::of(which).prop_map(Step::Prefer),
        2 => (0..1_000i64).prop_map(Step::Later),
    ];
    prop::collection::vec(step, 1..40)
}

/// Small parts before the video.
const ORDER: [PartName; 3] = [PartName::Form, PartName::Selfie, PartName::Video];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_waiting_citizen_then_the_oldest_small_parts_first(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(dir.path(), small()).unwrap();
        let mut model = Vec::new();
        // Sequence, not the id's time, says which is oldest: the clock may have jumped.
        for number in [3, 1, 4, 2] {
            commit(&outbox, id(number));
            model.push(Expected { id: id(number), sent: 0, due_at: 0, quarantined: false });
        }
        let (mut now, mut prefer) = (DAY, None);
        for step in steps {
            let ready = |e: &Expected| !e.quarantined && e.due_at <= now.0;
            let expected = prefer
                .filter(|p: &usize| ready(&model[*p]))
                .or_else(|| model.iter().position(ready));
            let job = outbox.next_upload(now, prefer.map(|p| model[p].id)).unwrap();
            let found = job.as_ref().map(|j| (j.submission, match &j.task {
                Task::Part { part, .. } => Some(part.name),
                Task::Manifest(_) => None,
            }));
            let wanted = expected.map(|at| (model[at].id, ORDER.get(model[at].sent).copied()));
            prop_assert_eq!(found, wanted);

            match step {
                Step::Send => if let Some((id, Some(part))) = found {
                    outbox.record_part_done(id, part).unwrap();
                    model[expected.unwrap()].sent += 1;
                },
                Step::Postpone(at, millis) => {
                    outbox.postpone(model[at].id, now, Duration::from_millis(millis), Postponement::Backoff, "unreachable").unwrap();
                    if !model[at].quarantined {
                        model[at].due_at = now.0 + millis as i64;
                    }
                }
                Step::Quarantine(at) => {
                    let done = outbox.quarantine(model[at].id, "model");
                    prop_assert_eq!(done.is_ok(), !model[at].quarantined);
                    model[at].quarantined = true;
                    model[at].due_at = 0;
                }
                Step::Retry(at) => {
                    outbox.retry(model[at].id).unwrap();
                    model[at].quarantined = false;
                    model[at].due_at = 0;
                }
                Step::Prefer(at) => prefer = at,
                Step::Later(millis) => now = now.plus_millis(millis),
            }
        }
    }
}
