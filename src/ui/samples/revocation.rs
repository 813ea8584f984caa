//! A holder ends a certificate.

use exchange::certificates::{HeldCertificate, RevocationReason, RevocationStanding};
use exchange::{Digest, StorageType, UnixMillis};

use super::contents::{field, phone_code};
use super::{Sample, sample};
use crate::session::event::Field;
use crate::session::view::*;

const DAY: i64 = 86_400_000;
const ISSUED: UnixMillis = UnixMillis(1_795_800_000_000);

pub(super) fn all() -> Vec<Sample> {
    let none = Screen::RevokeCertificate {
        certificates: Vec::new(),
        chosen: None,
    };
    let several = Screen::RevokeCertificate {
        certificates: vec![
            held("4F09A2C7", StorageType::Pkcs12, 365),
            held("B81D3E50", StorageType::Piv, 1096),
            held("07C6F19D", StorageType::AKEToken72KStore, 1096),
        ],
        chosen: Some(1),
    };
    let revoking = |reason| Screen::Revoking {
        certificate: held("07C6F19D", StorageType::AKEToken72KStore, 1096),
        reason,
    };
    let revoked = |standing| Screen::Revoked {
        standing,
        closes_in_seconds: 87,
    };
    vec![
        sample(
            "revoke_identity",
            Some(1),
            Screen::RevokeIdentity {
                number: field(Field::IdentityNumber, "8804 1240 1006", true, None),
            },
        )
        .digits(),
        sample(
            "revoke_phone_code",
            Some(2),
            Screen::RevokePhoneCode(PhoneCodeView {
                sent_to_masked: String::new(),
                helping: true,
                ..phone_code("", Some(FieldError::CodeRefused))
            }),
        )
        .primary(Some(PrimaryLabel::Confirm))
        .discreet(),
        sample("revoke_certificate", Some(3), several),
        sample("revoke_certificate_none", Some(3), none).primary(Some(PrimaryLabel::Finish)),
        sample(
            "revoking",
            None,
            revoking(Some(RevocationReason::KeyCompromise)),
        )
        .primary(Some(PrimaryLabel::RevokeCertificate)),
        sample(
            "revoked",
            None,
            revoked(RevocationStanding::Revoked { at: ISSUED }),
        )
        .primary(Some(PrimaryLabel::Finish)),
        sample("revoked_later", None, revoked(RevocationStanding::Waiting))
            .primary(Some(PrimaryLabel::Finish)),
    ]
}

fn held(serial_tail: &str, storage: StorageType, days: i64) -> HeldCertificate {
    HeldCertificate {
        sha256: Digest::of(serial_tail.as_bytes()),
        serial_tail: serial_tail.into(),
        not_before: ISSUED,
        not_after: ISSUED.plus_millis(days * DAY),
        storage,
    }
}
