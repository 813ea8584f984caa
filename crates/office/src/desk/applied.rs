//! What a citizen applies with: the form of an enrolment or of a renewal.

use exchange::{
    EmailAddress, Form, HolderName, IdentityDocument, Iin, KeyAlgorithm, Language, PhoneStanding,
    ReceiptCode, RenewalForm, StorageType, SubmissionKind, UnixMillis,
};

#[derive(Clone, Debug)]
pub enum Applied {
    Enrolment(Form),
    Renewal(RenewalForm),
}

/// What both say.
macro_rules! both {
    ($($name:ident: $kind:ty;)*) => {
        impl Applied {
            $(pub fn $name(&self) -> &$kind {
                match self {
                    Applied::Enrolment(form) => &form.$name,
                    Applied::Renewal(form) => &form.$name,
                }
            })*
        }
    };
}

both! {
    iin: Iin;
    phone: PhoneStanding;
    email: EmailAddress;
    storage: StorageType;
    algorithm: KeyAlgorithm;
    language: Language;
    consented_at: UnixMillis;
    receipt_code: ReceiptCode;
}

impl Applied {
    /// None: it is no such form.
    pub fn parse(kind: SubmissionKind, json: &[u8]) -> Option<Self> {
        match kind {
            SubmissionKind::Enrolment | SubmissionKind::KeylessEnrolment => {
                serde_json::from_slice(json).map(Applied::Enrolment)
            }
            SubmissionKind::Renewal => serde_json::from_slice(json).map(Applied::Renewal),
        }
        .ok()
    }

    pub fn holder(&self) -> &HolderName {
        match self {
            Applied::Enrolment(form) => &form.document.holder,
            Applied::Renewal(form) => &form.holder,
        }
    }

    /// None in a renewal, which shows none.
    pub fn document(&self) -> Option<&IdentityDocument> {
        match self {
            Applied::Enrolment(form) => Some(&form.document),
            Applied::Renewal(_) => None,
        }
    }
}
