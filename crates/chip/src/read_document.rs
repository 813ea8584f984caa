//! A whole document, from EF.CardAccess to active authentication (ICAO 9303-11, 4.2;
//! 9303-10, 4). What EF.SOD says of the files is examined elsewhere.

use std::collections::BTreeSet;

use crate::access_key::AccessKey;
use crate::active_authentication;
use crate::bac;
use crate::channel::{CardChannel, ChannelError};
use crate::check::{Check, CheckName};
use crate::chip_authentication::{self, Performed};
use crate::file_id::{DataGroup, FileId};
use crate::files::ChipFiles;
use crate::group::system_random;
use crate::lds::com::Com;
use crate::pace::{self, MappingProof};
use crate::read::{Access, ActiveProof, ChipRead, ReadError, ReadRequest, Stage};
use crate::security_info::{SecurityInfos, compare_card_access};
use crate::session::Session;

const CHIP_AUTHENTICATION: CheckName = CheckName::ChipAuthentication;
const ACTIVE_AUTHENTICATION: CheckName = CheckName::ActiveAuthentication;

/// Reads what `request` asks for and the document has, and lets the chip prove itself.
///
/// The order: EF.CardAccess, PACE or BAC, EF.COM, DG14 and chip authentication (the
/// rest is then read under its keys, which proves it without a command more), EF.SOD,
/// the other data groups, active authentication.
///
/// # Errors
/// The chip cannot be opened with this key, breaks a protocol or is gone, or a file
/// that every document has cannot be read. That the chip did not prove itself is no
/// error: see [`ChipRead::checks`].
pub fn read_document(
    channel: &mut dyn CardChannel,
    request: &ReadRequest,
    progress: &mut dyn FnMut(Stage),
) -> Result<ChipRead, ReadError> {
    let mut session = Session::new(channel);
    if request.short_only {
        session.keep_short();
    }
    let mut reading = Reading {
        session,
        request,
        progress,
        files: ChipFiles::default(),
        checks: Vec::new(),
        active: None,
    };
    let access = reading.all()?;
    Ok(ChipRead {
        access,
        apdus: reading.session.apdus(),
        bytes: reading.session.bytes(),
        files: reading.files,
        checks: reading.checks,
        active: reading.active,
    })
}

struct Reading<'c, 'r> {
    session: Session<'c>,
    request: &'r ReadRequest,
    progress: &'r mut dyn FnMut(Stage),
    files: ChipFiles,
    checks: Vec<Check>,
    active: Option<ActiveProof>,
}

impl Reading<'_, '_> {
    fn all(&mut self) -> Result<Access, ReadError> {
        let (access, proof) = self.open()?;
        self.read(FileId::Com)?;
        let present = self.present();
        let wished: BTreeSet<DataGroup> = self
            .request
            .data_groups
            .iter()
            .copied()
            .filter(|group| {
                present
                    .as_ref()
                    .is_none_or(|present| present.contains(group))
            })
            .collect();

        if wished.contains(&DataGroup::DG14) {
            self.read_if_there(DataGroup::DG14)?;
        }
        self.checks.push(compare_card_access(
            self.files.get(FileId::CardAccess),
            self.files.get(FileId::DataGroup(DataGroup::DG14)),
        ));
        self.authenticate_chip(proof)?;
        for group in wished {
            self.read_if_there(group)?;
        }
        self.authenticate_actively()?;
        Ok(access)
    }

    /// PACE, else BAC. The application is selected when this is done.
    fn open(&mut self) -> Result<(Access, Option<MappingProof>), ReadError> {
        (self.progress)(Stage::Access);
        self.session.select_master_file()?;
        if !self.files.contains(FileId::CardAccess) {
            self.read_card_access()?;
        }
        // One that cannot be understood is as none: DG14 will tell whether it was
        // tampered with.
        let infos = self
            .files
            .get(FileId::CardAccess)
            .and_then(|content| SecurityInfos::parse(content).ok());
        let established = match infos {
            Some(infos) => pace::perform(&mut self.session, &infos, &self.request.access)?,
            None => None,
        };
        self.session.select_application()?;
        if let Some(established) = established {
            let access = Access::Pace {
                algorithm: established.algorithm.to_string(),
                parameter_id: established.parameter_id,
                can: matches!(self.request.access, AccessKey::Can(_)),
            };
            return Ok((access, established.proof));
        }
        match &self.request.access {
            AccessKey::Mrz(key) => bac::perform(&mut self.session, key)?,
            AccessKey::Can(_) => {
                return Err(ReadError::NotSupported(
                    "the chip knows no PACE in common, and BAC takes no CAN".into(),
                ));
            }
        }
        Ok((Access::Bac, None))
    }

    fn read_card_access(&mut self) -> Result<(), ReadError> {
        match self.session.read_card_access() {
            Ok(Some(content)) => self.files.insert(FileId::CardAccess, content),
            // No data object, as on cards of other kinds.
            Ok(None) | Err(ReadError::Protocol { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The data groups that EF.COM lists. None where it cannot be read: then all that
    /// are wished for are tried.
    fn present(&self) -> Option<BTreeSet<DataGroup>> {
        let com = Com::parse(self.files.get(FileId::Com)?).ok()?;
        Some(com.data_groups)
    }

    /// Also reads EF.SOD: right under the new keys it proves them.
    fn authenticate_chip(&mut self, proof: Option<MappingProof>) -> Result<(), ReadError> {
        let dg14 = self.files.get(FileId::DataGroup(DataGroup::DG14));
        let check = match dg14.map(SecurityInfos::of_dg14) {
            None => Check::not_done(CHIP_AUTHENTICATION, "there is no DG14"),
            Some(Err(error)) => Check::failed(CHIP_AUTHENTICATION, format!("DG14: {error}")),
            Some(Ok(infos)) => {
                let proved = proof
                    .is_some_and(|proof| chip_authentication::proved_by_mapping(&proof, &infos));
                if proved {
                    Check::passed(CHIP_AUTHENTICATION)
                } else {
                    self.agree_with_chip(&infos)?
                }
            }
        };
        self.checks.push(check);
        if !self.files.contains(FileId::Sod) {
            self.read(FileId::Sod)?;
        }
        Ok(())
    }

    fn agree_with_chip(&mut self, infos: &SecurityInfos) -> Result<Check, ReadError> {
        (self.progress)(Stage::ChipAuthentication);
        loop {
            let performed =
                chip_authentication::perform(&mut self.session, infos, &mut system_random);
            let error = match performed {
                Ok(Performed::NotOffered(reason)) => {
                    return Ok(Check::not_done(CHIP_AUTHENTICATION, reason));
                }
                Ok(Performed::Refused(reason)) => {
                    return Ok(Check::failed(CHIP_AUTHENTICATION, reason));
                }
                Ok(Performed::Restarted) => match self.read_once(FileId::Sod) {
                    Ok(()) => return Ok(Check::passed(CHIP_AUTHENTICATION)),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if let ReadError::Channel(gone) = &error
                && *gone != ChannelError::Failed
            {
                return Err(error);
            }
            // The chip dropped the keys: over a length, or for want of the private key.
            // The files can still be read, under the keys of a new session.
            let again = self.session.retry_shorter();
            self.open()?;
            if !again {
                return Ok(Check::failed(CHIP_AUTHENTICATION, error.to_string()));
            }
        }
    }

    fn authenticate_actively(&mut self) -> Result<(), ReadError> {
        let Some(dg15) = self.files.get(FileId::DataGroup(DataGroup::DG15)) else {
            self.checks
                .push(Check::not_done(ACTIVE_AUTHENTICATION, "there is no DG15"));
            return Ok(());
        };
        (self.progress)(Stage::ActiveAuthentication);
        let challenge = &self.request.challenge;
        let check = match active_authentication::perform(&mut self.session, challenge)? {
            Ok(proof) => {
                let dg14 = self.files.get(FileId::DataGroup(DataGroup::DG14));
                let check = active_authentication::verify(dg15, dg14, challenge, &proof.signature);
                self.active = Some(proof);
                check
            }
            Err(reason) => Check::failed(ACTIVE_AUTHENTICATION, reason),
        };
        self.checks.push(check);
        Ok(())
    }

    /// A data group that EF.COM lists, or that has to be found out.
    fn read_if_there(&mut self, group: DataGroup) -> Result<(), ReadError> {
        let id = FileId::DataGroup(group);
        if self.files.contains(id) {
            return Ok(());
        }
        let required = [DataGroup::DG1, DataGroup::DG2].contains(&group);
        match self.read(id) {
            Err(ReadError::File { .. }) if !required => Ok(()),
            result => result,
        }
    }

    fn read(&mut self, id: FileId) -> Result<(), ReadError> {
        loop {
            match self.read_once(id) {
                Err(ReadError::SecureMessaging(_) | ReadError::Channel(ChannelError::Failed))
                    if self.session.retry_shorter() =>
                {
                    self.open()?;
                }
                result => return result,
            }
        }
    }

    fn read_once(&mut self, id: FileId) -> Result<(), ReadError> {
        let progress = &mut *self.progress;
        let content = self
            .session
            .read_file(id, &mut |done, of| progress(Stage::File { id, done, of }))?;
        self.files.insert(id, content);
        Ok(())
    }
}
