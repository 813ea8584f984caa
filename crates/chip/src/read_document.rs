//! A whole document, from EF.CardAccess to active authentication (ICAO 9303-11, 4.2;
//! 9303-10, 4). What EF.SOD says of the files is examined elsewhere.

use std::collections::BTreeSet;

use crate::access_key::AccessKey;
use crate::active_authentication;
use crate::bac;
use crate::card_access;
use crate::card_security::CardSecurity;
use crate::check::{Check, CheckName};
use crate::chip_authentication::{self, Performed};
use crate::file_id::{DataGroup, FileId};
use crate::files::ChipFiles;
use crate::group::system_random;
use crate::lds::com::Com;
use crate::pace::{self, MappingProof};
use crate::read::{Access, ActiveProof, ChipRead, ReadError, ReadRequest, Stage};
use crate::security_info::SecurityInfos;
use crate::session::Session;
use crate::sod::{self, Sod};
use apdu::{CardChannel, ChannelError};

/// Reads what `request` asks for and the document has, and lets the chip prove itself.
///
/// The order: EF.CardAccess, PACE or BAC, EF.CardSecurity behind the chip-authentication
/// mapping, EF.COM and EF.SOD, DG14 and chip authentication, the other data groups under
/// its keys, active authentication.
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
        self.read_if_there(FileId::Com)?;
        self.read(FileId::Sod)?;
        let present = self.present();
        let wished: BTreeSet<DataGroup> = self
            .request
            .data_groups
            .iter()
            .copied()
            .filter(|group| present.is_empty() || present.contains(group))
            .collect();

        if wished.contains(&DataGroup::DG14) {
            self.read_if_there(FileId::DataGroup(DataGroup::DG14))?;
        }
        self.checks.push(card_access::compare(&self.files));
        let check = self.authenticate_chip(proof)?;
        self.checks.push(check);
        for group in wished {
            let id = FileId::DataGroup(group);
            if [DataGroup::DG1, DataGroup::DG2].contains(&group) {
                self.read(id)?;
            } else {
                self.read_if_there(id)?;
            }
        }
        let check = self.authenticate_actively()?;
        self.checks.push(check);
        Ok(access)
    }

    /// PACE, else BAC. The application is selected when this is done. Done again where
    /// the chip dropped its keys over a length.
    fn open(&mut self) -> Result<(Access, Option<MappingProof>), ReadError> {
        loop {
            match self.open_once() {
                Err(error) if self.may_retry(&error) => {}
                result => return result,
            }
        }
    }

    fn open_once(&mut self) -> Result<(Access, Option<MappingProof>), ReadError> {
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
        if established
            .as_ref()
            .is_some_and(|pace| pace.proof.is_some())
        {
            // Before the application is selected: EF.SOD has the same identifiers there.
            self.read_card_security()?;
        }
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

    /// Under PACE, in the master file.
    fn read_card_security(&mut self) -> Result<(), ReadError> {
        if self.files.contains(FileId::CardSecurity) {
            return Ok(());
        }
        match self.bring(FileId::CardSecurity) {
            Ok(content) => self.files.insert(FileId::CardSecurity, content),
            Err(ReadError::File { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The data groups that EF.COM or EF.SOD lists: what one of them hides is read all
    /// the same. None where both say nothing; then all that are wished for are tried.
    fn present(&self) -> BTreeSet<DataGroup> {
        let com = self.files.get(FileId::Com).map(Com::parse);
        let sod = self.files.get(FileId::Sod).map(Sod::parse);
        let mut present = BTreeSet::new();
        if let Some(Ok(com)) = com {
            present.extend(com.data_groups);
        }
        if let Some(Ok(sod)) = sod {
            present.extend(sod.security_object().digests.keys());
        }
        present
    }

    fn authenticate_chip(&mut self, proof: Option<MappingProof>) -> Result<Check, ReadError> {
        const NAME: CheckName = CheckName::ChipAuthentication;
        if let Some(proof) = &proof
            && let Some(file) = self.files.get(FileId::CardSecurity)
        {
            return Ok(proved_by_card_security(proof, file));
        }
        let dg14 = self.files.get(FileId::DataGroup(DataGroup::DG14));
        let infos = match dg14.map(SecurityInfos::of_dg14) {
            None => return Ok(self.without_key(NAME, DataGroup::DG14)),
            Some(Err(error)) => return Ok(Check::failed(NAME, format!("DG14: {error}"))),
            Some(Ok(infos)) => infos,
        };
        if let Some(proof) = &proof
            && chip_authentication::proved_by_mapping(proof, &infos)
        {
            return Ok(Check::warning(
                NAME,
                "the mapping of PACE proved a key of DG14, for there is no EF.CardSecurity",
            ));
        }
        (self.progress)(Stage::ChipAuthentication);
        let performed = chip_authentication::perform(&mut self.session, &infos, &mut system_random);
        let reason = match performed {
            Ok(Performed::Proved) => return Ok(Check::passed(NAME)),
            Ok(Performed::NotOffered(_)) if proof.is_some() => {
                let reason = "the key of the chip-authentication mapping is not in DG14, and there is no EF.CardSecurity";
                return Ok(Check::not_done(NAME, reason));
            }
            Ok(Performed::NotOffered(reason)) => return Ok(Check::not_done(NAME, reason)),
            Ok(Performed::Refused(reason)) => return Ok(Check::failed(NAME, reason)),
            Ok(Performed::Failed(reason)) | Err(ReadError::SecureMessaging(reason)) => reason,
            Err(error) => return Err(error),
        };
        // The files can still be read, under the keys of a new session.
        self.session.start_over();
        self.open()?;
        Ok(Check::failed(NAME, reason))
    }

    /// The chip has no key to prove, or says so.
    fn without_key(&self, name: CheckName, group: DataGroup) -> Check {
        let asked = self.request.data_groups.contains(&group);
        match asked && sod::lists(&self.files, group) {
            true => Check::failed(name, hidden(group)),
            false => Check::not_done(name, format!("there is no {}", FileId::DataGroup(group))),
        }
    }

    fn authenticate_actively(&mut self) -> Result<Check, ReadError> {
        const NAME: CheckName = CheckName::ActiveAuthentication;
        let Some(dg15) = self.files.get(FileId::DataGroup(DataGroup::DG15)) else {
            return Ok(self.without_key(NAME, DataGroup::DG15));
        };
        (self.progress)(Stage::ActiveAuthentication);
        let challenge = &self.request.challenge;
        let proof = match active_authentication::perform(&mut self.session, challenge) {
            Ok(Ok(proof)) => proof,
            // The last command of all: what has been read remains.
            Ok(Err(reason)) | Err(ReadError::SecureMessaging(reason)) => {
                return Ok(Check::failed(NAME, reason));
            }
            Err(error) => return Err(error),
        };
        let dg14 = self.files.get(FileId::DataGroup(DataGroup::DG14));
        let check = active_authentication::verify(dg15, dg14, challenge, &proof.signature);
        self.active = Some(proof);
        Ok(check)
    }

    /// A file that need not be there.
    fn read_if_there(&mut self, id: FileId) -> Result<(), ReadError> {
        match self.read(id) {
            Err(ReadError::File { .. }) => Ok(()),
            result => result,
        }
    }

    /// A file, unless it has been read. The chip is opened once more where it dropped
    /// its keys over a length.
    fn read(&mut self, id: FileId) -> Result<(), ReadError> {
        if self.files.contains(id) {
            return Ok(());
        }
        loop {
            match self.bring(id) {
                Ok(content) => {
                    self.files.insert(id, content);
                    return Ok(());
                }
                Err(error) if self.may_retry(&error) => {
                    self.open()?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn bring(&mut self, id: FileId) -> Result<Vec<u8>, ReadError> {
        let progress = &mut *self.progress;
        self.session
            .read_file(id, &mut |done, of| progress(Stage::File { id, done, of }))
    }

    fn may_retry(&mut self, error: &ReadError) -> bool {
        matches!(
            error,
            ReadError::SecureMessaging(_) | ReadError::Channel(ChannelError::Failed)
        ) && self.session.retry_shorter()
    }
}

fn hidden(group: DataGroup) -> String {
    let file = FileId::DataGroup(group);
    format!("EF.SOD has a digest of {file}, but the chip does not give it")
}

/// The mapping of PACE has proved a key only by the file that the state signed for it
/// (ICAO 9303-11, 4.4.3.5.3). Whether it did sign is for passive authentication.
fn proved_by_card_security(proof: &MappingProof, file: &[u8]) -> Check {
    let name = CheckName::ChipAuthentication;
    match CardSecurity::parse(file) {
        Err(error) => Check::failed(name, format!("EF.CardSecurity: {error}")),
        Ok(signed) if chip_authentication::proved_by_mapping(proof, signed.infos()) => {
            Check::passed(name)
        }
        Ok(_) => Check::failed(name, "the mapping of PACE proved no key of EF.CardSecurity"),
    }
}
