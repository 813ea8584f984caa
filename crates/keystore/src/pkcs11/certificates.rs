//! Writing certificates beside their key and taking away what is superseded, in
//! an order that a cut at any moment leaves to be gone on from.

use cryptoki::object::{Attribute, ObjectHandle};
use der::Encode;
use x509_cert::Certificate;

use super::{
    Template,
    inventory::{Entry, PENDING, certificate_template},
    session::TokenSession,
};
use crate::{CertificateError, StorageError};

impl TokenSession<'_> {
    /// Writes a certificate and reads it back byte for byte. Who may write has to
    /// be logged in.
    pub fn write_certificate(
        &self,
        id: &[u8],
        label: &str,
        certificate: &Certificate,
    ) -> Result<(), StorageError> {
        let encoding = |_| CertificateError::Encoding;
        let mut template = certificate_template(id, label, certificate).map_err(encoding)?;
        if self.profile.keys.template == Template::Minimal {
            // Where places are fixed, all of them are public token objects, and nothing
            // but these can be said.
            template.retain(|a| {
                matches!(
                    a,
                    Attribute::Class(_)
                        | Attribute::CertificateType(_)
                        | Attribute::Token(_)
                        | Attribute::Id(_)
                        | Attribute::Value(_)
                )
            });
        }
        self.session.create_object(&template)?;
        let written = certificate.to_der().map_err(encoding)?;
        match self.certificates(id)?.contains(&written) {
            true => Ok(()),
            false => Err(StorageError::TestFailed),
        }
    }

    /// Takes away all under one CKA_ID. Certificates go first and the key's label is
    /// set back before, so that what a cut leaves is known as unfinished and ours.
    pub fn destroy(&self, entry: &Entry) -> Result<(), StorageError> {
        let keys = || entry.private_keys.iter().chain(&entry.public_keys);
        if self.profile.keys.places.is_empty() {
            self.label(keys().copied(), PENDING);
        }
        for certificate in &entry.certificates {
            self.session.destroy_object(certificate.handle)?;
        }
        // A key in a fixed place cannot be taken away, only made anew; without
        // certificate the place counts as empty.
        if self.profile.keys.places.is_empty() {
            for key in keys() {
                self.session.destroy_object(*key)?;
            }
        }
        Ok(())
    }

    /// Destroys what interrupted writes left; says how many keys. The owner has to
    /// be logged in, who alone sees private keys.
    pub fn destroy_leftovers(&self) -> Result<usize, StorageError> {
        let mut count = 0;
        for entry in self.inventory()? {
            if entry.is_leftover() {
                self.destroy(&entry)?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// Labels are for people: a module that refuses one is no reason to stop.
    pub fn label(&self, objects: impl Iterator<Item = ObjectHandle>, label: &str) {
        for object in objects {
            let label = Attribute::Label(label.as_bytes().to_vec());
            let _ = self.session.update_attributes(object, &[label]);
        }
    }
}
