//! The personal cabinet, opened by the account PIN, and in it the document's
//! photo: by the camera, or a file from the citizen's USB drive.

use exchange::SubmissionId;
use faults::Fault;

use super::asked::Asked;
use super::command::{Action, PreviewFor, Request};
use super::entry::Entry;
use super::event::{
    Choice, DeviceEvent, DriveId, Field, Key, MediaHandle, Now, PhotoSource, Reply, StepName, Touch,
};
use super::fields::{Fields, Typed};
use super::folder::Folder;
use super::step::{Shown, Step, Turn};
use super::view::{DocumentPhotoView, FieldError, KeyboardKind, PrimaryLabel, Screen};
use super::visit::Visit;

pub(super) struct DocumentPhoto {
    pin: Option<Fields>,
    wrong: u8,
    source: PhotoSource,
    folder: Option<Folder>,
    taken: Option<MediaHandle>,
}

impl Default for DocumentPhoto {
    fn default() -> Self {
        Self {
            pin: None,
            wrong: 0,
            source: PhotoSource::Camera,
            folder: None,
            taken: None,
        }
    }
}

impl DocumentPhoto {
    fn open_cabinet(&mut self, visit: &mut Visit) -> Turn {
        let Some(fields) = &mut self.pin else {
            return Turn::Stay;
        };
        let Some(entry) = fields.get(Field::CabinetPin).filter(|e| e.is_full()) else {
            fields.refuse(Field::CabinetPin, FieldError::Incomplete);
            return Turn::Stay;
        };
        if Some(entry.secret()) == visit.answers.account_pin.as_ref() {
            fields.clear();
            self.wrong = 0;
            visit.answers.cabinet_open = true;
            self.start(visit);
            return Turn::Stay;
        }
        fields.clear();
        self.wrong = self.wrong.saturating_add(1);
        let tries_left = visit.config.cabinet_tries.saturating_sub(self.wrong);
        if tries_left == 0 {
            self.wrong = 0;
            visit.answers.account_pin = None;
            visit.answers.pin_forgotten = true;
            return Turn::To(StepName::AccountPin);
        }
        fields.refuse(Field::CabinetPin, FieldError::PinWrong { tries_left });
        Turn::Stay
    }

    /// The camera's picture or the drive's listing, unless a photo is there already.
    fn start(&mut self, visit: &mut Visit) {
        if self.taken.is_some() {
            return;
        }
        match self.source {
            PhotoSource::Camera => visit.act(Action::StartPreview(PreviewFor::Document)),
            PhotoSource::UsbDrive => self.list(visit),
        }
    }

    fn list(&mut self, visit: &mut Visit) {
        let present = |d: &DriveId| visit.around.drives.contains_key(d);
        if !self.folder.as_ref().is_some_and(|f| present(&f.drive())) {
            let first = visit.around.drives.keys().next().copied();
            self.folder = first.map(|drive| Folder::root_of(drive, true));
        }
        match &self.folder {
            Some(folder) => visit.ask(folder.list()),
            None => visit.fault = Some(Fault::UsbMissing),
        }
    }

    fn choose_source(&mut self, source: PhotoSource, visit: &mut Visit) {
        if self.source == source && (source == PhotoSource::Camera || self.folder.is_some()) {
            return;
        }
        visit.act(Action::StopPreview);
        self.source = source;
        self.start(visit);
    }

    fn next(&mut self, visit: &mut Visit) -> Turn {
        match (self.taken, visit.answers.submission()) {
            (None, _) => {
                match self.source {
                    PhotoSource::Camera => visit.ask(Request::CaptureDocument),
                    PhotoSource::UsbDrive if self.folder.is_none() => self.list(visit),
                    PhotoSource::UsbDrive => {}
                }
                Turn::Stay
            }
            (Some(media), _) if visit.answers.document_photo == Some(media) => Turn::Forward,
            (Some(media), Some(submission)) => seal(media, submission, visit),
            (Some(_), None) => Turn::Stay,
        }
    }

    fn retake(&mut self, visit: &mut Visit) {
        // The sealed one stays the answer until another replaces it.
        let old = self.taken.take();
        visit.drop_media(old.filter(|m| visit.answers.document_photo != Some(*m)));
        self.start(visit);
    }

    fn in_cabinet(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Next | Touch::Key(Key::Enter) => return self.next(visit),
            Touch::Choose(choice) => match choice {
                Choice::TakePicture if self.taken.is_none() => return self.next(visit),
                Choice::RetakePicture => self.retake(visit),
                Choice::DocumentPhotoFrom(source) if self.taken.is_none() => {
                    self.choose_source(*source, visit);
                }
                Choice::RefreshStorage | Choice::Retry if self.source == PhotoSource::UsbDrive => {
                    self.list(visit)
                }
                Choice::OpenFolder(at) => self.browse(|f| f.open(*at), visit),
                Choice::FolderUp => self.browse(Folder::up, visit),
                Choice::PickFile(at) if self.taken.is_none() => {
                    if let Some((drive, path)) = self.folder.as_ref().and_then(|f| f.file(*at)) {
                        visit.ask(Request::LoadDocumentFile { drive, path });
                    }
                }
                _ => {}
            },
            _ => {}
        }
        Turn::Stay
    }

    fn browse(&mut self, to: impl FnOnce(&mut Folder) -> Option<Request>, visit: &mut Visit) {
        if let Some(request) = self.folder.as_mut().and_then(to) {
            visit.ask(request);
        }
    }
}

fn seal(media: MediaHandle, submission: SubmissionId, visit: &mut Visit) -> Turn {
    visit.ask(Request::SealDocumentPhoto { submission, media });
    Turn::Stay
}

impl Step for DocumentPhoto {
    fn enter(&mut self, visit: &mut Visit) {
        let digits = visit.config.account_pin_digits.clamp(4, 12);
        self.pin.get_or_insert_with(|| {
            Fields::from_entries(vec![Entry::with_length(Field::CabinetPin, digits)])
        });
        self.taken = self.taken.or(visit.answers.document_photo);
        if visit.answers.cabinet_open {
            self.start(visit);
        }
    }

    fn leave(&mut self, visit: &mut Visit) {
        visit.act(Action::StopPreview);
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        if visit.answers.cabinet_open {
            return self.in_cabinet(touch, visit);
        }
        let now = visit.now.boottime;
        let typed = self.pin.as_mut().map(|f| f.touch(touch, now));
        if typed == Some(Typed::Done) || *touch == Touch::Next {
            return self.open_cabinet(visit);
        }
        Turn::Stay
    }

    fn device(&mut self, event: &DeviceEvent, visit: &mut Visit) -> Turn {
        if !visit.answers.cabinet_open
            || self.source != PhotoSource::UsbDrive
            || self.taken.is_some()
        {
            return Turn::Stay;
        }
        match event {
            DeviceEvent::DriveInserted { .. } if self.folder.is_none() => self.list(visit),
            DeviceEvent::DriveRemoved { drive }
                if self.folder.as_ref().is_some_and(|f| f.drive() == *drive) =>
            {
                self.folder = None;
                visit.abandon();
                visit.forget_fault();
                visit.fault = Some(Fault::UsbPulled);
            }
            _ => {}
        }
        Turn::Stay
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        match reply {
            Reply::Folder(listing) => {
                if !self.folder.as_mut().is_some_and(|f| f.take(listing)) {
                    visit.fault = Some(Fault::UsbFailed);
                }
                Turn::Stay
            }
            Reply::Picture { media } => {
                self.taken = Some(*media);
                visit.act(Action::StopPreview);
                Turn::Stay
            }
            Reply::Sealed => {
                let old = std::mem::replace(&mut visit.answers.document_photo, self.taken);
                visit.drop_media(old.filter(|m| self.taken != Some(*m)));
                Turn::Forward
            }
            _ => Turn::Stay,
        }
    }

    fn failed(&mut self, asked: Asked, _fault: Fault, _visit: &mut Visit) -> Turn {
        if asked == Asked::ListFolder {
            self.folder = self.folder.take().and_then(Folder::back_to_shown);
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.document_photo.is_some()
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        let open = visit.answers.cabinet_open;
        let pin = self.pin.as_ref().filter(|_| !open);
        let screen = Screen::DocumentPhoto(DocumentPhotoView {
            cabinet_pin: pin.map(|f| f.view(Field::CabinetPin, now.boottime)),
            source: self.source,
            listing: self.folder.as_ref().and_then(Folder::listing),
            taken: self.taken.filter(|_| open),
            drive_present: !visit.around.drives.is_empty(),
        });
        if let Some(pin) = pin {
            return Shown::new(screen, PrimaryLabel::OpenCabinet, pin.all_full())
                .keyboard(KeyboardKind::Digits)
                .discreet();
        }
        match (self.taken, self.source) {
            (Some(_), _) => Shown::new(screen, PrimaryLabel::Continue, true),
            (None, PhotoSource::Camera) => Shown::new(screen, PrimaryLabel::TakePicture, true),
            (None, PhotoSource::UsbDrive) if self.folder.is_none() => {
                Shown::new(screen, PrimaryLabel::Retry, true)
            }
            (None, PhotoSource::UsbDrive) => Shown::new(screen, PrimaryLabel::Continue, false),
        }
    }
}
