//! The readiness report: to the office, or onto a drive, where it can be printed.

use std::sync::Arc;

use exchange::{ReadinessReport, Signed};
use faults::Fault;

use crate::devices::usb_drive::Folder;
use crate::maintenance::{Answer, Light, Refusal, Row, RowName, Value, Word};
use crate::run::asked::{blocking, failure};
use crate::run::reports::NewestReport;
use crate::run::world::Inner;
use crate::session::event::Failure;
use crate::sync::SyncError;

use super::printable;

/// On the drive.
const FOLDER: &str = "qoltanba";

impl Inner {
    pub(super) async fn examine_report(self: &Arc<Self>) -> Result<Answer, Failure> {
        let Some(newest) = self.newest_report() else {
            return Ok(Answer::Rows(vec![Row::word(
                RowName::ReportNumber,
                Light::None,
                Word::Never,
            )]));
        };
        Ok(Answer::Rows(rows(newest)))
    }

    pub(super) async fn report_to_office(self: &Arc<Self>) -> Result<Answer, Failure> {
        match self.send_readiness().await {
            Ok(()) => self.examine_report().await,
            Err(e) => Ok(Answer::Refused(refused(&e))),
        }
    }

    /// A new report, signed, and the same as a page that needs nothing but itself.
    pub(super) async fn report_to_drive(self: &Arc<Self>) -> Result<Answer, Failure> {
        let world = self.clone();
        let drive = match blocking(move || Ok(world.only_drive())).await? {
            Ok(drive) => drive,
            Err(refusal) => return Ok(Answer::Refused(refusal)),
        };
        let signed = match self.report_readiness().await {
            Ok(signed) => signed,
            Err(e) => return Ok(Answer::Refused(refused(&e))),
        };
        let world = self.clone();
        let written = blocking(move || {
            let report = read(&signed)?;
            let name = format!("readiness-{}-{}", report.kiosk, report.number);
            let json = serde_json::to_vec_pretty(&signed)
                .map_err(|e| failure(Fault::Internal, &e.to_string()))?;
            let page = printable::page(&report);
            world.write_onto(&drive, &format!("{name}.json"), &json)?;
            world.write_onto(&drive, &format!("{name}.html"), page.as_bytes())?;
            Ok(format!("{}: {FOLDER}/{name}.html", drive.label))
        })
        .await?;
        let mut rows = self.newest_report().map(rows).unwrap_or_default();
        rows.push(Row::new(
            RowName::WrittenTo,
            Light::Good,
            Value::Text(written),
        ));
        Ok(Answer::Rows(rows))
    }

    /// Whole and on the drive when it returns. Through no link that lies there.
    fn write_onto(
        &self,
        drive: &crate::devices::usb_drive::DriveFound,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let open = |path: &[String]| {
            let opened = self.drives.folder(drive.id, path);
            opened.map_err(|fault| failure(fault, "opening a drive"))
        };
        let root = open(&[])?;
        let made = std::fs::create_dir(root.path().join(FOLDER));
        if let Err(e) = made
            && e.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(drive_failure(&root, &e));
        }
        let folder = open(&[FOLDER.to_owned()])?;
        whole(&folder, name, bytes).map_err(|e| drive_failure(&folder, &e))
    }
}

fn whole(folder: &Folder, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let folder = folder.path();
    let (unfinished, path) = (folder.join(format!("{name}.part")), folder.join(name));
    match std::fs::remove_file(&unfinished) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = std::fs::File::create_new(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, &path)?;
    std::fs::File::open(&folder)?.sync_all()
}

fn drive_failure(folder: &Folder, error: &std::io::Error) -> Failure {
    let fault = match (folder.is_present(), error.kind()) {
        (false, _) => Fault::UsbPulled,
        (true, std::io::ErrorKind::StorageFull) => Fault::UsbFull,
        (true, std::io::ErrorKind::ReadOnlyFilesystem) => Fault::UsbReadOnly,
        (true, _) => Fault::UsbFailed,
    };
    failure(fault, &error.to_string())
}

fn read(signed: &Signed<ReadinessReport>) -> Result<ReadinessReport, Failure> {
    // Our own signature, of a moment ago.
    signed
        .read_unverified()
        .map_err(|e| failure(Fault::Internal, &e.to_string()))
}

fn rows(newest: NewestReport) -> Vec<Row> {
    vec![
        Row::new(
            RowName::ReportNumber,
            Light::None,
            Value::Count(newest.number),
        ),
        Row::new(RowName::MadeAt, Light::None, Value::Moment(newest.made_at)),
        match newest.sent_at {
            Some(at) => Row::new(RowName::SentAt, Light::Good, Value::Moment(at)),
            None => Row::word(RowName::SentAt, Light::Warning, Word::Never),
        },
    ]
}

fn refused(error: &SyncError) -> Refusal {
    tracing::warn!("no readiness report at the office: {error}");
    match error {
        SyncError::NotProvisioned => Refusal::NotPossibleHere,
        SyncError::Unreachable(_) | SyncError::Busy { .. } | SyncError::CaptivePortal(_) => {
            Refusal::OfficeUnreachable
        }
        SyncError::Refused { .. } | SyncError::Revoked => Refusal::OfficeRefused,
        _ => Refusal::Failed,
    }
}
