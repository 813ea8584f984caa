//! Who may maintain this kiosk: the list of those who may no more, kept here, and the authority
//! that was pinned when the kiosk was provisioned.

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use exchange::{
    AtMost, RevokedTechnicians, SignatureError, Signed, Technician, TechnicianError, UnixMillis,
    VerifyingKey, technician,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::{OfficeClient, SyncError, private_file};

/// Works without a link, until the list is too old.
#[derive(Debug)]
pub struct Technicians {
    path: PathBuf,
    /// Of the office's channel.
    authorities: Vec<CertificateDer<'static>>,
    office: VerifyingKey,
    /// The newest that was ever accepted; its number is the floor of the next.
    list: RwLock<Option<RevokedTechnicians>>,
}

impl Technicians {
    /// Reads the list kept in `path`. What is there and not signed by `office` does not count.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(
        path: PathBuf,
        office_ca_pem: &str,
        office: VerifyingKey,
    ) -> Result<Self, SyncError> {
        let kept = private_file::read(&path)?;
        let signed = kept.and_then(|t| serde_json::from_str::<Signed<RevokedTechnicians>>(&t).ok());
        let list = signed.and_then(|s| RevokedTechnicians::accept(&s, &office, 0).ok());
        let authorities = CertificateDer::pem_slice_iter(office_ca_pem.as_bytes())
            .filter_map(Result::ok)
            .collect();
        Ok(Self {
            path,
            authorities,
            office,
            list: RwLock::new(list),
        })
    }

    /// `certificate`: from the card, DER. Whether the card has its key is for the caller to see.
    ///
    /// # Errors
    /// See [`TechnicianError`]. Before there was a list, nobody is admitted.
    pub fn admit(
        &self,
        certificate: &[u8],
        now: UnixMillis,
    ) -> Result<Technician, TechnicianError> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        // Strangers are strangers also where there never was a list.
        let none = RevokedTechnicians {
            number: 0,
            issued_at: UnixMillis(0),
            good_until: UnixMillis(0),
            serials: AtMost::default(),
        };
        let list = list.as_ref().unwrap_or(&none);
        let mut refused = TechnicianError::OtherOffice;
        for authority in &self.authorities {
            match Technician::admit(certificate, authority, list, now) {
                Err(TechnicianError::OtherOffice) => {}
                Err(error) => refused = error,
                admitted => return admitted,
            }
        }
        Err(refused)
    }

    /// Until when somebody can be admitted without a newer list.
    pub fn good_until(&self) -> Option<UnixMillis> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        list.as_ref().map(|list| list.good_until)
    }

    fn take(&self, signed: &Signed<RevokedTechnicians>) -> Result<(), SyncError> {
        let mut kept = self.list.write().unwrap_or_else(PoisonError::into_inner);
        let newest_seen = kept.as_ref().map_or(0, |list| list.number);
        let list =
            RevokedTechnicians::accept(signed, &self.office, newest_seen).map_err(|error| {
                match error {
                    TechnicianError::ListNotSigned => SyncError::Forged(SignatureError::Wrong),
                    other => SyncError::Unexpected(other.to_string()),
                }
            })?;
        if kept.as_ref() != Some(&list) {
            let text =
                serde_json::to_vec(signed).map_err(|e| SyncError::Unexpected(e.to_string()))?;
            private_file::write(&self.path, &text)?;
            *kept = Some(list);
        }
        Ok(())
    }
}

impl OfficeClient {
    /// Asks for the newest list and keeps it.
    ///
    /// # Errors
    /// See [`SyncError`]; a list that is older than the kept one is refused.
    pub async fn ask_revoked_technicians(&self, kept: &Technicians) -> Result<(), SyncError> {
        kept.take(&self.get(technician::REVOKED).await?)
    }
}

#[cfg(test)]
mod tests {
    use exchange::SigningKey;

    use super::*;

    #[test]
    fn the_list_never_goes_back_also_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("technicians.json");
        let office = SigningKey::from_slice(&[7; 32]).unwrap();
        let key = *office.verifying_key();
        let list = |number: u64| {
            let list = RevokedTechnicians {
                number,
                issued_at: UnixMillis(1),
                good_until: UnixMillis(number as i64),
                serials: AtMost::default(),
            };
            Signed::new(&list, &office)
        };
        let technicians = Technicians::open(path.clone(), "", key).unwrap();
        let nobody = technicians.admit(b"card", UnixMillis(0));
        assert_eq!(nobody, Err(TechnicianError::OtherOffice));
        technicians.take(&list(5)).unwrap();
        assert!(technicians.take(&list(4)).is_err());

        let again = Technicians::open(path.clone(), "", key).unwrap();
        assert_eq!(again.good_until(), Some(UnixMillis(5)));
        assert!(again.take(&list(4)).is_err());
        let other = SigningKey::from_slice(&[8; 32]).unwrap();
        let forged = again.take(&Signed::new(&list(9).read_unverified().unwrap(), &other));
        assert!(matches!(forged, Err(SyncError::Forged(_))), "{forged:?}");
        assert_eq!(again.good_until(), Some(UnixMillis(5)));
        let strangers = Technicians::open(path, "", *other.verifying_key()).unwrap();
        assert_eq!(strangers.good_until(), None);
    }
}
