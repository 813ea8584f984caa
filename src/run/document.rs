//! The document in the reader: its chip read and examined; its files kept in memory
//! until they are sealed with the application.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use chip::lds::{dg1::Dg1, dg2::Dg2, dg11::Dg11, dg11::NationalName};
use chip::passive::{self, UnixSeconds};
use chip::trust::Trust;
use chip::{
    AccessKey, Check, CheckName, ChipFiles, ChipRead, DataGroup, FileId, Outcome, ReadRequest,
};
use exchange::{
    ChipRecord, DocumentRecord, HolderName, IdentityDocument, ReadBy, SubmissionId,
    active_challenge,
};
use faults::Fault;
use rustix::fs::{MemfdFlags, SealFlags};
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use crate::config::Config;
use crate::devices::card_reader::DocumentFailure;
use crate::session::event::{
    ChipDocument, DocumentRefusal, Failure, Genuine, MediaHandle, Progress, Reply,
};

use super::asked::{Asked, blocking, failure};
use super::world::Inner;

/// A portrait is given up after this; the document counts without it.
const PORTRAIT_PATIENCE: Duration = Duration::from_secs(8);

/// The chip of the citizen who is here, for one submission.
pub(super) struct ReadChip {
    submission: SubmissionId,
    record: ChipRecord,
}

impl Inner {
    pub(super) async fn read_document(
        self: &Arc<Self>,
        asked: Asked,
        submission: SubmissionId,
        key: AccessKey,
    ) -> Result<Reply, Failure> {
        self.keep_chip(None);
        let began = self.clock.now().boottime;
        let request = ReadRequest {
            access: key,
            data_groups: ReadRequest::DATA_GROUPS.to_vec(),
            challenge: active_challenge(submission),
            short_only: false,
        };
        let read = match self.follow(&asked, request).await {
            Ok(read) => read,
            Err(failed) => return refused(failed),
        };
        let now = self.clock.now();
        let millis = now.boottime.saturating_sub(began).as_millis();
        let world = self.clone();
        let (document, record) = blocking(move || {
            let at = UnixSeconds::try_from(now.wall.0 / 1000).unwrap_or_default();
            let mut checks = passive::verify(&read.files, &world.trust, at);
            checks.extend(read.checks.iter().cloned());
            checks.sort_by_key(|check| check.name);
            let document = understood(&read, &checks)?;
            let millis = u64::try_from(millis).unwrap_or(u64::MAX);
            let record = ChipRecord::new(read, checks, now.wall, millis);
            Ok((document, record))
        })
        .await?;
        let portrait = self.portrait(&record.files).await;
        if asked.is_abandoned() {
            portrait.inspect(|handle| self.media.drop_one(*handle));
            return Err(failure(Fault::CardPulled, "nobody waits for the document"));
        }
        self.keep_chip(Some(ReadChip { submission, record }));
        Ok(Reply::DocumentRead(Box::new(ChipDocument {
            portrait,
            ..document
        })))
    }

    /// Reads, telling how far it is, until it is done or nobody wants it any more.
    async fn follow(
        &self,
        asked: &Asked,
        request: ReadRequest,
    ) -> Result<ChipRead, DocumentFailure> {
        let (progress, mut stages) = mpsc::unbounded_channel();
        let (abandon, mut abandoned) = oneshot::channel::<()>();
        asked.on_abandon(move || {
            // Nobody is told when the read has ended already.
            let _ = abandon.send(());
        });
        let mut reading = self.reader().read_document(request, progress);
        loop {
            tokio::select! {
                biased;
                Ok(()) = &mut abandoned => return Err(Fault::CardPulled.into()),
                Some(stage) = stages.recv() => asked.progress(Progress::DocumentRead(stage)),
                read = &mut reading => return read,
            }
        }
    }

    /// Decoded and encoded anew by the worker: what a chip gives is a stranger's file.
    async fn portrait(&self, files: &ChipFiles) -> Option<MediaHandle> {
        let face = Dg2::parse(files.get(FileId::DataGroup(DataGroup::DG2))?).ok()?;
        let file = in_memory(face.faces().first()?.bytes())
            .inspect_err(|e| tracing::warn!("no memory for a portrait: {e}"))
            .ok()?;
        let picture = self
            .files_worker
            .load_picture(file, worker::PictureLimits::portrait(), PORTRAIT_PATIENCE)
            .await
            .inspect_err(|e| tracing::warn!("a portrait cannot be shown: {e}"))
            .ok()?;
        self.keep_and_show(&picture.jpeg).ok()
    }

    /// What is sealed beside the form.
    pub(super) fn document_record(
        &self,
        submission: SubmissionId,
        document: &IdentityDocument,
    ) -> Result<DocumentRecord, Failure> {
        let chip = match document.read_by {
            ReadBy::Chip => {
                let record = self
                    .chip_of(|read| (read.submission == submission).then(|| read.record.clone()));
                Some(record.ok_or_else(|| failure(Fault::Internal, "no chip was read"))?)
            }
            ReadBy::Mrz | ReadBy::Typed => None,
        };
        Ok(DocumentRecord {
            document: document.clone(),
            chip,
        })
    }
}

/// An answer of the chip is no fault of a device.
fn refused(failed: DocumentFailure) -> Result<Reply, Failure> {
    let refusal = match failed {
        DocumentFailure::WrongKey { tries_left } => DocumentRefusal::WrongKey { tries_left },
        DocumentFailure::CanNotTaken => DocumentRefusal::CanNotTaken,
        DocumentFailure::NoApplication => DocumentRefusal::NoApplication,
        DocumentFailure::Fault(fault) => return Err(failure(fault, "reading a document")),
    };
    Ok(Reply::DocumentRefused(refusal))
}

/// The certificates of states that the kiosk trusts, and the fault where those that
/// are configured cannot be read. None configured is no fault.
pub(super) fn trust(config: &Config) -> (Trust, Option<Fault>) {
    let Some(path) = &config.document.csca else {
        return (Trust::default(), None);
    };
    match Trust::load(path) {
        Ok(trust) => (trust, None),
        Err(e) => {
            tracing::error!("certificates of states in {}: {e}", path.display());
            (Trust::default(), Some(Fault::ConfigurationBad))
        }
    }
}

/// What the visit needs of the files; the portrait comes later.
fn understood(read: &ChipRead, checks: &[Check]) -> Result<ChipDocument, Failure> {
    let group = |group| read.files.get(FileId::DataGroup(group));
    let mrz = group(DataGroup::DG1)
        .ok_or_else(|| failure(Fault::CardUnreadable, "no DG1"))
        .and_then(|file| {
            Dg1::parse(file).map_err(|e| failure(Fault::CardUnreadable, &e.to_string()))
        })?
        .mrz;
    // Without it the names of the zone count.
    let details = group(DataGroup::DG11).and_then(|file| Dg11::parse(file).ok());
    let details = details.as_ref();
    Ok(ChipDocument {
        mrz,
        holder: details
            .and_then(|d| d.full_name.as_ref())
            .and_then(national),
        personal_number: details
            .and_then(|d| d.personal_number.clone())
            .map(Zeroizing::new),
        genuine: genuine(checks),
        portrait: None,
    })
}

/// `Proven` asks for the state's signature over what was read, and for a chip that
/// is no copy of another.
fn genuine(checks: &[Check]) -> Genuine {
    let outcome = |name| {
        let found = checks.iter().find(|check| check.name == name);
        found.map_or(Outcome::NotDone, |check| check.outcome)
    };
    let holds = |name| matches!(outcome(name), Outcome::Passed | Outcome::Warning);
    if checks.iter().any(|check| check.outcome == Outcome::Failed) {
        Genuine::Refuted
    } else if [
        CheckName::SodStructure,
        CheckName::SodContentDigest,
        CheckName::SodSignature,
        CheckName::SignerChain,
        CheckName::SignerState,
        CheckName::DataGroupDigest(DataGroup::DG1),
    ]
    .into_iter()
    .all(holds)
        && chip::check::is_no_copy(checks)
    {
        Genuine::Proven
    } else {
        Genuine::NotExamined
    }
}

/// Kazakh and Russian patronymics end like this; the first two also stand alone.
const PATRONYMIC: [&str; 12] = [
    "ҰЛЫ",
    "ҚЫЗЫ",
    "УЛЫ",
    "КЫЗЫ",
    "ОВИЧ",
    "ЕВИЧ",
    "ИЧ",
    "ОВНА",
    "ЕВНА",
    "ИНИЧНА",
    "ИЧНА",
    "ОГЛЫ",
];

/// The secondary identifier holds given name and patronymic together; a certificate
/// keeps them apart.
fn national(name: &NationalName) -> Option<HolderName> {
    let words: Vec<&str> = name.given_names.split_whitespace().collect();
    let ends = |word: &str| {
        let upper = word.to_uppercase();
        PATRONYMIC.iter().any(|end| upper.ends_with(end))
    };
    let alone = |word: &str| PATRONYMIC.contains(&word.to_uppercase().as_str());
    let of_patronymic = match words.as_slice() {
        [_, .., _, last] if alone(last) => 2,
        [_, .., last] if ends(last) && !alone(last) => 1,
        _ => 0,
    };
    let (given, patronymic) = words.split_at(words.len() - of_patronymic);
    HolderName::new(&name.surname, &given.join(" "), &patronymic.join(" ")).ok()
}

/// A file that never touches a disk, sealed against change.
fn in_memory(bytes: &[u8]) -> std::io::Result<OwnedFd> {
    let file =
        rustix::fs::memfd_create("portrait", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut file = File::from(file);
    file.write_all(bytes)?;
    rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0))?;
    rustix::fs::fcntl_add_seals(
        &file,
        SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE,
    )?;
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn name(surname: &str, given_names: &str) -> NationalName {
        NationalName {
            surname: surname.into(),
            given_names: given_names.into(),
        }
    }

    #[test]
    fn given_name_and_patronymic_are_kept_apart() {
        for (given, wanted) in [
            ("САУЛЕ ҚАНАТҚЫЗЫ", ["САУЛЕ", "ҚАНАТҚЫЗЫ"]),
            ("ДӘУРЕН ҚАНАТ ҰЛЫ", ["ДӘУРЕН", "ҚАНАТ ҰЛЫ"]),
            ("Анна Мария Петровна", ["АННА МАРИЯ", "ПЕТРОВНА"]),
            ("ИЛЬЯ ИЛЬИЧ", ["ИЛЬЯ", "ИЛЬИЧ"]),
            ("ГҮЛНҰР", ["ГҮЛНҰР", ""]),
            ("ANNA MARIA", ["ANNA MARIA", ""]),
            ("ҰЛЫ", ["ҰЛЫ", ""]),
            ("", ["", ""]),
        ] {
            let holder = national(&name("ҮЛГІ", given)).unwrap();
            assert_eq!([holder.given_name(), holder.patronymic()], wanted);
        }
        assert!(national(&name("", "САУЛЕ")).is_none());
    }

    #[test]
    fn nothing_less_than_the_states_signature_and_the_chips_own_proves() {
        let names = [
            CheckName::SodStructure,
            CheckName::SodContentDigest,
            CheckName::SodSignature,
            CheckName::SignerChain,
            CheckName::SignerState,
            CheckName::DataGroupDigest(DataGroup::DG1),
            CheckName::ActiveAuthentication,
        ];
        let all: Vec<Check> = names.map(Check::passed).into();
        assert_eq!(genuine(&all), Genuine::Proven);
        assert_eq!(genuine(&[]), Genuine::NotExamined);
        for left_out in 0..all.len() {
            let mut some = all.clone();
            let name = some.remove(left_out).name;
            assert_eq!(genuine(&some), Genuine::NotExamined, "without {name}");
            some.push(Check::failed(name, "altered"));
            assert_eq!(genuine(&some), Genuine::Refuted, "{name}");
        }
        let mut clone = all;
        clone.push(Check::failed(CheckName::ChipAuthentication, "no key"));
        assert_eq!(genuine(&clone), Genuine::Refuted);
    }

    #[test]
    fn a_portrait_lies_in_memory_and_stays_as_it_is() {
        let file = in_memory(b"picture").unwrap();
        let mut file = File::from(file);
        let mut read = String::new();
        file.read_to_string(&mut read).unwrap();
        assert_eq!(read, "picture");
        assert!(file.write_all(b"another").is_err());
    }
}
