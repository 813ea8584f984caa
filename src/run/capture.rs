//! Pictures, recording and PIN: captured, shown, sealed.

use std::io::Write;
use std::time::Duration;

use exchange::seal::{Place, SealError, Sealing};
use exchange::{PartName, Secret, SubmissionId};
use faults::Fault;
use zeroize::Zeroizing;

use crate::devices::camera::{
    Cancel, PreviewRequest, RecordError, RecordingOrder, RecordingProgress, StillError,
    StillRequest,
};
use crate::session::command::{PreviewFor, Prompt};
use crate::session::event::{DriveId, Failure, MediaHandle, Progress, Reply};

use super::asked::{Asked, blocking, failure};
use super::media::Picture;
use super::world::Inner;

/// A citizen's file is given up after this.
const FILE_PATIENCE: Duration = Duration::from_secs(15);
/// Shown pictures need no more pixels than this on their longer side.
const SHOWN_SIDE: u32 = 960;

impl Inner {
    pub(super) fn preview(&self, purpose: Option<PreviewFor>) {
        let wanted = purpose.map(|purpose| {
            let (width, height) = self.screen.preview_size(purpose);
            PreviewRequest {
                purpose,
                width,
                height,
            }
        });
        if let Some(camera) = self.camera() {
            camera.preview(wanted);
        }
    }

    pub(super) async fn capture(
        self: &std::sync::Arc<Self>,
        purpose: PreviewFor,
    ) -> Result<Reply, Failure> {
        // What was shown is what is kept.
        let proportions = self.screen.preview_size(purpose);
        let world = self.clone();
        blocking(move || {
            let camera = world
                .camera()
                .ok_or_else(|| failure(Fault::CameraMissing, "none"))?;
            let jpeg = camera
                .capture_still(StillRequest {
                    purpose,
                    proportions,
                })
                .map_err(still_failure)?;
            Ok(Reply::Picture {
                media: world.keep_and_show(jpeg.bytes())?,
            })
        })
        .await
    }

    pub(super) async fn load_document_file(
        self: &std::sync::Arc<Self>,
        drive: DriveId,
        path: Vec<String>,
    ) -> Result<Reply, Failure> {
        let world = self.clone();
        let file = blocking(move || world.open_on_drive(drive, &path)).await?;
        let picture = self
            .files_worker
            .load_picture(file, worker::PictureLimits::default(), FILE_PATIENCE)
            .await
            .map_err(|e| failure(e.fault(), &e.to_string()))?;
        Ok(Reply::Picture {
            media: self.keep_and_show(&picture.jpeg)?,
        })
    }

    /// Keeps a picture for sealing and hands the screen what it shows of it.
    pub(super) fn keep_and_show(&self, jpeg: &[u8]) -> Result<MediaHandle, Failure> {
        let unreadable = |e: &dyn std::fmt::Display| failure(Fault::FileDamaged, &e.to_string());
        let decoded = portrait::jpeg::decode(jpeg).map_err(|e| unreadable(&e))?;
        let step = decoded
            .width()
            .max(decoded.height())
            .div_ceil(SHOWN_SIDE)
            .max(1);
        let handle = self.media.keep(Zeroizing::new(jpeg.to_vec()));
        self.screen.picture(handle, every_nth_pixel(&decoded, step));
        Ok(handle)
    }

    /// Records while the prompts run; sealed as it is made.
    pub(super) async fn record(
        self: &std::sync::Arc<Self>,
        asked: Asked,
        submission: SubmissionId,
        prompts: Vec<Prompt>,
        seconds_each: f32,
    ) -> Result<Reply, Failure> {
        let world = self.clone();
        let cancel = Cancel::default();
        asked.on_abandon({
            let cancel = cancel.clone();
            move || cancel.cancel()
        });
        blocking(move || {
            let camera = world
                .camera()
                .ok_or_else(|| failure(Fault::CameraMissing, "none"))?;
            let sink = world.sealing(submission, PartName::Video)?;
            let mut progress = |p| {
                asked.progress(match p {
                    RecordingProgress::Prompt(index) => Progress::Prompt { index },
                    RecordingProgress::FaceLost(lost) => Progress::FaceLost(lost),
                });
            };
            let each = Duration::from_secs_f32(seconds_each.clamp(0.05, 60.0));
            let order = RecordingOrder::face_presence(prompts.len(), each, cancel, &mut progress);
            match camera.record(world.screen.preview_size(PreviewFor::Face), order, sink) {
                Ok((sink, recording)) => {
                    finish_sealing(sink)?;
                    let media = world.media.name_sealed();
                    let seconds = recording.duration.as_secs_f32().round() as u32;
                    Ok(Reply::Recorded { media, seconds })
                }
                Err(RecordError::NotFollowed) => Ok(Reply::RecordingFailed),
                Err(e) => Err(record_failure(&e)),
            }
        })
        .await
    }

    pub(super) async fn seal_picture(
        self: &std::sync::Arc<Self>,
        submission: SubmissionId,
        part: PartName,
        media: MediaHandle,
    ) -> Result<Reply, Failure> {
        let jpeg = self
            .media
            .get(media)
            .ok_or_else(|| failure(Fault::Internal, "the picture is no longer there"))?;
        let world = self.clone();
        blocking(move || world.seal(submission, part, &jpeg).map(|()| Reply::Sealed)).await
    }

    pub(super) async fn seal_account_pin(
        self: &std::sync::Arc<Self>,
        submission: SubmissionId,
        pin: Secret,
    ) -> Result<Reply, Failure> {
        let world = self.clone();
        let seal = move || {
            world.seal(submission, PartName::AccountPin, pin.expose().as_bytes())?;
            Ok(Reply::Sealed)
        };
        blocking(seal).await
    }

    /// Encrypts one part to the office and stages it, durable but not committed.
    pub(super) fn seal(
        &self,
        submission: SubmissionId,
        part: PartName,
        plain: &[u8],
    ) -> Result<(), Failure> {
        let mut sink = self.sealing(submission, part)?;
        sink.write_all(plain)
            .map_err(|e| failure(write_fault(&e), "sealing"))?;
        finish_sealing(sink)
    }

    fn sealing(
        &self,
        submission: SubmissionId,
        part: PartName,
    ) -> Result<Sealing<outbox::StagedWriter>, Failure> {
        let office = self
            .provisioned()
            .ok_or_else(|| failure(Fault::SealingImpossible, "no office keys"))?;
        let place = Place {
            kiosk: office.kiosk.clone(),
            submission,
            part,
        };
        let staged = self
            .outbox()?
            .stage(submission, part)
            .map_err(|e| queue_failure(&e))?;
        Sealing::start(&office.recipients, &place, staged).map_err(|e| seal_failure(&e))
    }
}

fn finish_sealing(sink: Sealing<outbox::StagedWriter>) -> Result<(), Failure> {
    let staged = sink
        .finish()
        .map_err(|e| failure(write_fault(&e), "sealing"))?;
    staged.finish().map_err(|e| queue_failure(&e))?;
    Ok(())
}

pub(super) fn queue_failure(e: &outbox::OutboxError) -> Failure {
    failure(e.fault(), &e.to_string())
}

fn seal_failure(e: &SealError) -> Failure {
    let fault = match e {
        SealError::Io(e) => write_fault(e),
        _ => Fault::SealingImpossible,
    };
    failure(fault, &e.to_string())
}

fn write_fault(e: &std::io::Error) -> Fault {
    match e.kind() {
        std::io::ErrorKind::StorageFull => Fault::DiskFull,
        _ => Fault::DiskFailed,
    }
}

fn still_failure(e: StillError) -> Failure {
    let fault = match e {
        StillError::NotAvailable => Fault::CameraMissing,
        _ => Fault::CameraFrozen,
    };
    failure(fault, &e.to_string())
}

fn record_failure(e: &RecordError) -> Failure {
    let fault = match e {
        RecordError::CameraLost | RecordError::NotAvailable => Fault::CameraMissing,
        RecordError::NotFollowed | RecordError::Cancelled => Fault::LivenessFailed,
        RecordError::Encode(_) => Fault::CameraFrozen,
        RecordError::Write(_) => Fault::DiskFailed,
    };
    failure(fault, &e.to_string())
}

/// Good enough for a picture the person only glances at, and wiped like the original.
fn every_nth_pixel(picture: &portrait::Picture, step: u32) -> Picture {
    let (width, height) = (
        picture.width().div_ceil(step),
        picture.height().div_ceil(step),
    );
    let row = picture.width() as usize * 3;
    let mut pixels = Zeroizing::new(Vec::with_capacity((width * height * 3) as usize));
    for line in picture.rgb().chunks_exact(row).step_by(step as usize) {
        for pixel in line.chunks_exact(3).step_by(step as usize) {
            pixels.extend_from_slice(pixel);
        }
    }
    Picture {
        width,
        height,
        pixels: pixels.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_pictures_have_the_pixels_they_claim() {
        for (w, h, step) in [(7, 5, 2), (960, 1, 1), (1921, 3, 3)] {
            let picture = portrait::Picture::filled(w, h, [1, 2, 3]).unwrap();
            let shown = every_nth_pixel(&picture, step);
            assert_eq!(shown.pixels.len() as u32, shown.width * shown.height * 3);
            assert_eq!(shown.pixels[..3], [1, 2, 3]);
        }
    }
}
