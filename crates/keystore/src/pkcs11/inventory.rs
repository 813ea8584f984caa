//! What lies on a token, ordered by CKA_ID: a key pair and its certificates
//! share one.

use cryptoki::object::{Attribute, AttributeType, CertificateType, ObjectClass, ObjectHandle};
use der::{Decode, Encode};
use x509_cert::{Certificate, ext::pkix::BasicConstraints};

use super::session::TokenSession;
use crate::{
    KeyId, SlotContent, StorageError,
    certificate::{extension_of, key_of},
    placeholder,
};

/// CKA_LABEL of a key until the authority's certificate lies beside it.
pub(super) const PENDING: &str = "PENDING";

/// What shares one CKA_ID.
#[derive(Default)]
pub(super) struct Entry {
    pub id: Vec<u8>,
    pub certificates: Vec<StoredCertificate>,
    pub public_keys: Vec<ObjectHandle>,
    /// Seen only by the owner.
    pub private_keys: Vec<ObjectHandle>,
    key_is_pending: bool,
}

pub(super) struct StoredCertificate {
    pub handle: ObjectHandle,
    pub der: Vec<u8>,
    is_placeholder: bool,
}

impl StoredCertificate {
    fn parsed(&self) -> Option<Certificate> {
        Certificate::from_der(&self.der).ok()
    }

    /// Of a key that this project knows.
    fn key_id(&self) -> Option<KeyId> {
        Some(key_of(&self.parsed()?).ok()?.id())
    }
}

impl Entry {
    /// An unfinished key of ours: a cut left it without a certificate.
    pub fn is_leftover(&self) -> bool {
        self.certificates.is_empty() && self.key_is_pending
    }

    /// In a fixed place. A key without a certificate belongs to nobody: a cut left it, or
    /// its certificate was taken away, which the key itself cannot be.
    pub fn fills_place(&self) -> bool {
        !self.certificates.is_empty()
    }

    pub fn content(&self) -> SlotContent {
        let certified = self.certificates.iter().filter(|c| !c.is_placeholder);
        let (mut known, mut unknown) = (None, false);
        for certificate in certified {
            match certificate.key_id() {
                Some(id) => known = Some(id),
                None => unknown = true,
            }
        }
        match (known, unknown) {
            (Some(id), _) => SlotContent::Installed(id),
            (None, true) => SlotContent::Unknown,
            (None, false) => self
                .certificates
                .first()
                .and_then(StoredCertificate::key_id)
                .map_or(SlotContent::Unknown, SlotContent::Pending),
        }
    }

    /// The certificate of any authority, else the placeholder.
    pub fn certificate_of(&self, key: &KeyId) -> Option<Certificate> {
        let of_key = || {
            let all = self.certificates.iter();
            all.filter(|c| c.key_id() == Some(*key))
        };
        of_key()
            .find(|c| !c.is_placeholder)
            .or_else(|| of_key().next())?
            .parsed()
    }

    /// Certificates of this key other than the one that shall stay.
    pub fn superseded(&self, key: &KeyId, kept: &[u8]) -> Vec<ObjectHandle> {
        let all = self.certificates.iter();
        all.filter(|c| c.der != kept && c.key_id() == Some(*key))
            .map(|c| c.handle)
            .collect()
    }

    fn holds(&self, key: &KeyId) -> bool {
        self.certificates.iter().any(|c| c.key_id() == Some(*key))
    }

    /// A certificate of an authority that only lies there for others' sake.
    fn is_issuer_only(&self) -> bool {
        let is_issuer = |c: &StoredCertificate| {
            let constraints = c
                .parsed()
                .and_then(|c| extension_of::<BasicConstraints>(&c));
            constraints.is_some_and(|b| b.ca)
        };
        self.public_keys.is_empty()
            && self.private_keys.is_empty()
            && self.certificates.iter().all(is_issuer)
    }
}

impl TokenSession<'_> {
    /// All keys with their certificates, and all certificates of persons.
    pub fn inventory(&self) -> Result<Vec<Entry>, StorageError> {
        let mut entries = Vec::new();
        for class in [
            ObjectClass::CERTIFICATE,
            ObjectClass::PUBLIC_KEY,
            ObjectClass::PRIVATE_KEY,
        ] {
            for handle in self.session.find_objects(&[Attribute::Class(class)])? {
                self.add(&mut entries, class, handle)?;
            }
        }
        entries.retain(|e| !e.is_issuer_only());
        Ok(entries)
    }

    fn add(
        &self,
        entries: &mut Vec<Entry>,
        class: ObjectClass,
        handle: ObjectHandle,
    ) -> Result<(), StorageError> {
        let wanted = [
            AttributeType::Id,
            AttributeType::Label,
            AttributeType::Token,
            AttributeType::Value,
        ];
        // The value of a private key is not to be asked for.
        let wanted = match class {
            ObjectClass::CERTIFICATE => &wanted[..],
            _ => &wanted[..3],
        };
        let (mut id, mut label, mut value) = (Vec::new(), Vec::new(), Vec::new());
        for attribute in self.session.get_attributes(handle, wanted)? {
            match attribute {
                Attribute::Id(bytes) => id = bytes,
                Attribute::Label(bytes) => label = bytes,
                Attribute::Value(bytes) => value = bytes,
                Attribute::Token(false) => return Ok(()),
                _ => {}
            }
        }
        let at = entries.iter().position(|e| e.id == id);
        let at = at.unwrap_or_else(|| {
            entries.push(Entry {
                id,
                ..Entry::default()
            });
            entries.len() - 1
        });
        let entry = &mut entries[at];
        match class {
            ObjectClass::CERTIFICATE => entry.certificates.push(StoredCertificate {
                handle,
                is_placeholder: Certificate::from_der(&value)
                    .is_ok_and(|certificate| self.is_placeholder(&certificate)),
                der: value,
            }),
            ObjectClass::PUBLIC_KEY => entry.public_keys.push(handle),
            _ => entry.private_keys.push(handle),
        }
        if class != ObjectClass::CERTIFICATE && label == PENDING.as_bytes() {
            entry.key_is_pending = true;
        }
        Ok(())
    }

    /// Ours, or the one that the module itself makes: a cut may leave it alone there.
    pub fn is_placeholder(&self, certificate: &Certificate) -> bool {
        let tbs = certificate.tbs_certificate();
        let is_modules = |beginning: &String| {
            let name = tbs.subject().common_name().ok().flatten();
            name.is_some_and(|name| name.value().starts_with(beginning.as_str()))
                && tbs.issuer() == tbs.subject()
        };
        placeholder::is_one(certificate)
            || self
                .profile
                .keys
                .placeholder
                .as_ref()
                .is_some_and(is_modules)
    }

    /// Where a key lies: beside its certificate, else under its own identifier.
    pub fn find(&self, key: &KeyId) -> Result<Entry, StorageError> {
        let mut entries = self.inventory()?;
        let at = entries
            .iter()
            .position(|e| e.holds(key))
            .or_else(|| entries.iter().position(|e| e.id == key.as_bytes()))
            .ok_or(StorageError::NoKey)?;
        Ok(entries.swap_remove(at))
    }

    /// The owner's private key under a CKA_ID.
    pub fn private_key(&self, id: &[u8]) -> Result<ObjectHandle, StorageError> {
        let template = [
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::Id(id.to_vec()),
        ];
        let found = self.session.find_objects(&template)?;
        found.first().copied().ok_or(StorageError::NoKey)
    }

    /// Certificates under a CKA_ID, byte for byte.
    pub fn certificates(&self, id: &[u8]) -> Result<Vec<Vec<u8>>, StorageError> {
        let template = [
            Attribute::Class(ObjectClass::CERTIFICATE),
            Attribute::Id(id.to_vec()),
        ];
        let mut all = Vec::new();
        for handle in self.session.find_objects(&template)? {
            let values = self
                .session
                .get_attributes(handle, &[AttributeType::Value])?;
            all.extend(values.into_iter().filter_map(|a| match a {
                Attribute::Value(der) => Some(der),
                _ => None,
            }));
        }
        Ok(all)
    }
}

/// The attributes of a certificate object (PKCS #11 2.40 section 4.6.3).
pub(super) fn certificate_template(
    id: &[u8],
    label: &str,
    certificate: &Certificate,
) -> der::Result<Vec<Attribute>> {
    let tbs = certificate.tbs_certificate();
    Ok(vec![
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509),
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
        Attribute::Subject(tbs.subject().to_der()?),
        Attribute::Issuer(tbs.issuer().to_der()?),
        Attribute::SerialNumber(tbs.serial_number().to_der()?),
        Attribute::Value(certificate.to_der()?),
    ])
}
