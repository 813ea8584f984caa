//! What runs on the camera's thread: opens, reads, shows, judges; survives unplug
//! and replug.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::{Duration, Instant};

use faults::Fault;
use portrait::{DetectError, FaceSize, Finding, Jpeg, Judgement, Point, Rect, SelfieJudge, jpeg};

use super::figures::Measurement;
use super::recording::{self, RecordedFrame};
use super::thread::{Order, STILL_PATIENCE};
use super::zone::ZoneSearch;
use super::{
    Callbacks, Camera, CameraEvent, CameraSettings, CameraSource, Figures, Health, Pipeline,
    PreviewFrame, PreviewRequest, RawFrame, StillError, StillRequest, pipeline,
};
use crate::session::command::PreviewFor;

/// One wait for a frame; orders are looked at in between.
const WAIT: Duration = Duration::from_millis(50);
/// How often a missing camera is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// A camera that is silent for so long is closed and opened anew.
const REOPEN: Duration = Duration::from_secs(4);
/// Faces are looked for at least this often, whatever that costs.
const RAREST_ANALYSIS: Duration = Duration::from_secs(1);
/// What showing and judging one frame may take before it is the kiosk that is slow.
const WORK_OF_A_FRAME: Duration = Duration::from_millis(33);
/// The longer side of a recorded frame, in pixels.
const RECORDED_SIDE: u32 = 640;
const STILL_QUALITY: u8 = 92;
/// Time from one look for a machine-readable zone to the next, at least.
const ZONE_EVERY: Duration = Duration::from_millis(100);

struct Still {
    request: StillRequest,
    reply: SyncSender<Result<Jpeg, StillError>>,
    until: Instant,
}

struct Record {
    proportions: (u32, u32),
    /// Of the frames, fixed by the first.
    size: Option<(u32, u32)>,
    frames: SyncSender<RecordedFrame>,
    next_at: Instant,
}

pub(super) struct Worker {
    source: Box<dyn CameraSource>,
    settings: CameraSettings,
    callbacks: Callbacks,
    judge: Box<dyn SelfieJudge>,
    zone: ZoneSearch,
    began: Instant,
    /// Beyond [`WORK_OF_A_FRAME`] for each: see [`Worker::camera_time`].
    own_work: Duration,
    camera: Option<Box<dyn Camera>>,
    health: Health,
    pipeline: Pipeline,
    preview: Option<PreviewRequest>,
    still: Option<Still>,
    record: Option<Record>,
    measure: Option<(Measurement, SyncSender<Option<Figures>>)>,
    shown: u64,
    next_analysis: Instant,
    next_open: Instant,
    next_check: Instant,
    check_ends: Option<Instant>,
    last_frame: Instant,
    /// At rest: the last look found no camera.
    unplugged: bool,
}

impl Worker {
    pub(super) fn new(
        source: Box<dyn CameraSource>,
        settings: CameraSettings,
        callbacks: Callbacks,
        judge: Box<dyn SelfieJudge>,
    ) -> Self {
        let now = Instant::now();
        Self {
            health: Health::new(settings.health),
            source,
            settings,
            callbacks,
            judge,
            zone: ZoneSearch::default(),
            began: now,
            own_work: Duration::ZERO,
            camera: None,
            pipeline: Pipeline::default(),
            preview: None,
            still: None,
            record: None,
            measure: None,
            shown: 0,
            next_analysis: now,
            next_open: now,
            next_check: now,
            check_ends: None,
            last_frame: now,
            unplugged: false,
        }
    }

    pub(super) fn run(mut self, inbox: &Receiver<Order>) {
        loop {
            let idle = self.camera.is_none();
            let order = if idle {
                match inbox.recv_timeout(WAIT) {
                    Ok(order) => Some(order),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            } else {
                inbox.try_recv().ok()
            };
            match order {
                Some(Order::Stop) => return,
                Some(order) => self.take(order),
                None => {}
            }
            self.give_up_stills();
            self.end_measurement();
            if self.wanted() {
                self.work();
            } else {
                self.rest();
            }
        }
    }

    fn take(&mut self, order: Order) {
        let now = Instant::now();
        match order {
            Order::Preview(wanted) => {
                self.zone.forget();
                if wanted.is_none() {
                    self.pipeline.forget();
                    self.judge.forget();
                }
                self.preview = wanted;
                self.next_analysis = now;
            }
            Order::Still(request, reply) => {
                let until = now + STILL_PATIENCE;
                self.still = Some(Still {
                    request,
                    reply,
                    until,
                });
            }
            Order::Record(proportions, frames) => {
                self.record = Some(Record {
                    proportions,
                    size: None,
                    frames,
                    next_at: now,
                });
                self.next_analysis = now;
            }
            Order::Measure(lasting, reply) => {
                self.measure = Some((Measurement::begin(now, lasting), reply));
            }
            Order::Stop => {}
        }
    }

    fn end_measurement(&mut self) {
        let now = Instant::now();
        if let Some((measured, reply)) = self.measure.take_if(|(m, _)| m.is_over(now)) {
            // Whoever asked may have gone.
            let _ = reply.send(measured.figures(now));
        }
    }

    fn give_up_stills(&mut self) {
        if self
            .still
            .as_ref()
            .is_some_and(|still| Instant::now() > still.until + LOOK_AGAIN)
        {
            self.answer_still(Err(StillError::NoPicture));
        }
    }

    fn used(&self) -> bool {
        self.preview.is_some()
            || self.still.is_some()
            || self.record.is_some()
            || self.measure.is_some()
    }

    /// Somebody uses the camera, or it is time to see whether it is well.
    fn wanted(&mut self) -> bool {
        let now = Instant::now();
        if self.used() {
            // The use is the check.
            self.next_check = now + self.settings.check_every;
            self.check_ends = None;
            return true;
        }
        match self.check_ends {
            Some(ends) if now < ends => true,
            Some(_) => {
                self.check_ends = None;
                let raised = self.health.raised();
                let well = raised.is_none();
                if raised != Some(Fault::CameraMissing) {
                    // Until its first check a camera counts as missing to whoever asks; one
                    // with another trouble is there.
                    (self.callbacks.event)(CameraEvent::Cleared(Fault::CameraMissing));
                }
                self.next_check = now
                    + if well {
                        self.settings.check_every
                    } else {
                        self.settings.check_for
                    };
                false
            }
            None if now >= self.next_check => {
                self.check_ends = Some(now + self.settings.check_for);
                true
            }
            None => false,
        }
    }

    /// Nobody uses the camera: closed, but its presence is watched.
    fn rest(&mut self) {
        if self.camera.take().is_some() {
            self.health.closed();
            self.pipeline.forget();
            self.judge.forget();
            self.next_open = Instant::now();
        }
        let now = Instant::now();
        if now >= self.next_open {
            self.next_open = now + LOOK_AGAIN;
            let at = self.camera_time();
            if self.source.list().is_empty() {
                self.unplugged = true;
                let events = self.health.missing(at);
                self.tell(events);
            } else if std::mem::take(&mut self.unplugged) {
                self.next_check = now;
            }
        }
    }

    fn work(&mut self) {
        let Some(mut camera) = self.camera.take().or_else(|| self.open()) else {
            return;
        };
        let result = camera.next(WAIT);
        let at = self.camera_time();
        let keep = match result {
            Ok(Some(raw)) => {
                self.frame(raw);
                self.last_frame.elapsed() < REOPEN
            }
            Ok(None) => {
                let events = self.health.silence(at);
                self.tell(events);
                self.last_frame.elapsed() < REOPEN
            }
            Err(error) => {
                tracing::warn!(%error, "the camera was lost");
                false
            }
        };
        if keep {
            self.camera = Some(camera);
        } else {
            // At once: an unplugged camera is missing, a hung one may come back.
            self.next_open = Instant::now();
        }
    }

    fn open(&mut self) -> Option<Box<dyn Camera>> {
        let now = Instant::now();
        if now < self.next_open {
            return None;
        }
        self.next_open = now + LOOK_AGAIN;
        match self.source.open() {
            Ok(camera) => {
                self.health.opened(self.camera_time());
                self.last_frame = now;
                Some(camera)
            }
            Err(error) => {
                tracing::debug!(%error, "no camera can be opened");
                let events = self.health.missing(self.camera_time());
                self.tell(events);
                None
            }
        }
    }

    fn tell(&self, events: Vec<CameraEvent>) {
        for event in events {
            (self.callbacks.event)(event);
        }
    }

    fn frame(&mut self, raw: RawFrame<'_>) {
        let at = Instant::now();
        let digest = pipeline::digest(raw);
        if let Err(error) = self.pipeline.decode(raw) {
            // Cameras send torn frames now and then: as if nothing had come.
            tracing::debug!(%error, "a frame cannot be decoded");
            let events = self.health.silence(self.camera_time());
            self.tell(events);
            return;
        }
        self.last_frame = at;
        let full = self.pipeline.full();
        let brightness = full.brightness(full.whole());
        let events = self.health.frame(self.camera_time(), digest, brightness);
        if let Some((measurement, _)) = &mut self.measure {
            measurement.add(self.pipeline.full(), brightness);
        }
        self.tell(events);
        self.show(at);
        self.look_for_zone();
        let faces = self.analyse();
        self.take_still();
        self.record_frame(at, faces);
        self.own_work += at.elapsed().saturating_sub(WORK_OF_A_FRAME);
        self.last_frame = Instant::now();
    }

    /// What a camera is judged by. It stands still while the kiosk itself is slow: that is
    /// no fault of the camera's.
    fn camera_time(&self) -> Duration {
        self.began.elapsed().saturating_sub(self.own_work)
    }

    fn show(&mut self, at: Instant) {
        let Some(request) = self.preview else {
            return;
        };
        let mirrored = request.purpose == PreviewFor::Face;
        match self
            .pipeline
            .show((request.width, request.height), mirrored)
        {
            Ok(picture) => {
                (self.callbacks.preview)(&PreviewFrame {
                    rgb: picture.rgb(),
                    width: picture.width(),
                    height: picture.height(),
                    sequence: self.shown,
                    at,
                });
                self.shown += 1;
            }
            Err(error) => tracing::warn!(%error, "a frame cannot be shown"),
        }
    }

    /// Where a document is shown; half of the time is left to the picture.
    fn look_for_zone(&mut self) {
        let began = Instant::now();
        let wanted = self.preview.is_some_and(|p| p.purpose == PreviewFor::Mrz);
        if !wanted || began < self.next_analysis {
            return;
        }
        let (hint, seen) = self.zone.look(self.pipeline.full());
        let pause = (began.elapsed() * 2).clamp(ZONE_EVERY, RAREST_ANALYSIS);
        self.next_analysis = began + pause;
        (self.callbacks.event)(CameraEvent::MrzHint(hint));
        if let Some(mrz) = seen {
            (self.callbacks.event)(CameraEvent::MrzSeen(Box::new(mrz)));
        }
    }

    /// Looks for faces where and when that is wanted.
    fn analyse(&mut self) -> Option<Judgement> {
        let face_shown = self.preview.filter(|p| p.purpose == PreviewFor::Face);
        let proportions = match (&self.record, face_shown) {
            (Some(record), _) => record.proportions,
            (None, Some(preview)) => (preview.width, preview.height),
            (None, None) => return None,
        };
        let began = Instant::now();
        // Of a recording only frames that are kept are judged.
        let kept = self.record.as_ref().is_none_or(|r| began >= r.next_at);
        if began < self.next_analysis || !kept {
            return None;
        }
        let judgement = self.judge_now(proportions, FaceSize::Preview);
        // On a slow machine the analysis leaves most of the time to the picture.
        let pause = (began.elapsed() * 4)
            .min(RAREST_ANALYSIS)
            .max(self.settings.analyse_every);
        self.next_analysis = began + pause;
        match judgement {
            Ok(judgement) => {
                (self.callbacks.event)(CameraEvent::Face(judgement.finding));
                Some(judgement)
            }
            Err(error) => {
                tracing::error!(%error, "a frame cannot be analysed");
                None
            }
        }
    }

    fn judge_now(
        &mut self,
        proportions: (u32, u32),
        size: FaceSize,
    ) -> Result<Judgement, DetectError> {
        let full = self.pipeline.full();
        let shown = full.centred(proportions.0, proportions.1);
        self.judge.judge(full, shown, size)
    }

    fn take_still(&mut self) {
        let Some(still) = &self.still else {
            return;
        };
        let (request, until) = (still.request, still.until);
        if request.purpose == PreviewFor::Face {
            let finding = match self.judge_now(request.proportions, FaceSize::Recheck) {
                Ok(judgement) => judgement.finding,
                Err(error) => return self.answer_still(Err(error.into())),
            };
            if finding != Finding::Good {
                // A moment later it may be: nobody stands quite still.
                if Instant::now() >= until {
                    self.answer_still(Err(StillError::Finding(finding)));
                }
                return;
            }
        }
        let full = self.pipeline.full();
        let part = full.centred(request.proportions.0, request.proportions.1);
        let jpeg = full
            .crop(part)
            .map_err(StillError::from)
            .and_then(|picture| Ok(jpeg::encode(&picture, STILL_QUALITY)?));
        self.answer_still(jpeg);
    }

    fn answer_still(&mut self, answer: Result<Jpeg, StillError>) {
        if let Some(still) = self.still.take() {
            // Whoever asked may have given up; the picture is then wiped.
            let _ = still.reply.send(answer);
        }
    }

    fn record_frame(&mut self, at: Instant, judgement: Option<Judgement>) {
        let Some(record) = &mut self.record else {
            return;
        };
        if at < record.next_at && judgement.is_none() {
            return;
        }
        let full = self.pipeline.full();
        let part = full.centred(record.proportions.0, record.proportions.1);
        let size = *record.size.get_or_insert_with(|| recorded_size(part));
        let scale = size.0 as f32 / part.width as f32;
        let origin = Point {
            x: part.left as f32,
            y: part.top as f32,
        };
        let faces = judgement.map(|j| {
            let map = |face: &portrait::Face| face.mapped(origin, scale);
            j.faces.iter().map(map).collect()
        });
        // From now, not from the plan: at most ten a second after a hiccup too.
        record.next_at = at + recording::PERIOD;
        let sent = self
            .pipeline
            .cut(part, size)
            .map(|picture| record.frames.try_send(RecordedFrame { picture, faces, at }));
        match sent {
            Ok(Ok(()) | Err(TrySendError::Full(_))) => {}
            Ok(Err(TrySendError::Disconnected(_))) => self.record = None,
            Err(error) => tracing::warn!(%error, "a frame cannot be recorded"),
        }
    }
}

/// The part's proportions with the longer side limited; even, as players like it.
fn recorded_size(part: Rect) -> (u32, u32) {
    let longest = part.width.max(part.height).max(1);
    let side = |s: u32| (s * RECORDED_SIDE.min(longest) / longest).max(2) & !1;
    (side(part.width), side(part.height))
}
