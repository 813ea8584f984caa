//! PKIStatusInfo (RFC 9810 section 5.2.3): what an authority says about a request.

use der::{Sequence, asn1::BitString};

/// ```text
/// PKIStatusInfo ::= SEQUENCE {
///     status        PKIStatus,
///     statusString  PKIFreeText     OPTIONAL,
///     failInfo      PKIFailureInfo  OPTIONAL }
/// ```
///
/// The free text may name a person: neither `Debug` nor `Display` show it.
#[derive(Clone, PartialEq, Eq, Sequence)]
pub struct StatusInfo {
    status: u8,
    status_string: Option<Vec<String>>,
    fail_info: Option<BitString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Accepted,
    GrantedWithMods,
    Rejection,
    Waiting,
    /// Warnings and notifications, and whatever has no name.
    Other(u8),
}

/// A bit of PKIFailureInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailInfo(u8);

impl FailInfo {
    /// The signed data is wrong.
    pub const INCORRECT_DATA: Self = Self(7);
    pub const CERT_REVOKED: Self = Self(10);
    pub const CERT_CONFIRMED: Self = Self(11);
    pub const BAD_CERT_TEMPLATE: Self = Self(19);
    pub const SYSTEM_FAILURE: Self = Self(25);

    /// As the standard spells it.
    pub fn name(self) -> &'static str {
        const NAMES: [&str; 27] = [
            "badAlg",
            "badMessageCheck",
            "badRequest",
            "badTime",
            "badCertId",
            "badDataFormat",
            "wrongAuthority",
            "incorrectData",
            "missingTimeStamp",
            "badPOP",
            "certRevoked",
            "certConfirmed",
            "wrongIntegrity",
            "badRecipientNonce",
            "timeNotAvailable",
            "unacceptedPolicy",
            "unacceptedExtension",
            "addInfoNotAvailable",
            "badSenderNonce",
            "badCertTemplate",
            "signerNotTrusted",
            "transactionIdInUse",
            "unsupportedVersion",
            "notAuthorized",
            "systemUnavail",
            "systemFailure",
            "duplicateCertReq",
        ];
        NAMES.get(usize::from(self.0)).copied().unwrap_or("unnamed")
    }
}

impl StatusInfo {
    /// A status without a reason.
    pub fn of(status: Status) -> Self {
        Self {
            status: match status {
                Status::Accepted => 0,
                Status::GrantedWithMods => 1,
                Status::Rejection => 2,
                Status::Waiting => 3,
                Status::Other(number) => number,
            },
            status_string: None,
            fail_info: None,
        }
    }

    /// A refusal with its reason.
    pub fn rejection(reason: FailInfo, text: &str) -> der::Result<Self> {
        let bit = usize::from(reason.0);
        let mut bytes = vec![0; bit / 8 + 1];
        bytes[bit / 8] = 0x80 >> (bit % 8);
        // A named bit string ends with its last set bit (X.690 section 11.2.2).
        let unused = 7 - reason.0 % 8;
        Ok(Self {
            status_string: Some(vec![text.to_owned()]),
            fail_info: Some(BitString::new(unused, bytes)?),
            ..Self::of(Status::Rejection)
        })
    }

    pub fn status(&self) -> Status {
        match self.status {
            0 => Status::Accepted,
            1 => Status::GrantedWithMods,
            2 => Status::Rejection,
            3 => Status::Waiting,
            number => Status::Other(number),
        }
    }

    /// Free text of the authority. It may name a person.
    pub fn text(&self) -> &[String] {
        self.status_string.as_deref().unwrap_or_default()
    }

    pub fn fail_info(&self) -> impl Iterator<Item = FailInfo> + '_ {
        let bits = self.fail_info.as_ref().map(BitString::bits);
        let bits = bits.into_iter().flatten().zip(0u8..=255);
        bits.filter_map(|(set, number)| set.then_some(FailInfo(number)))
    }
}

impl std::fmt::Display for StatusInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.status() {
            Status::Accepted => f.write_str("accepted")?,
            Status::GrantedWithMods => f.write_str("grantedWithMods")?,
            Status::Rejection => f.write_str("rejection")?,
            Status::Waiting => f.write_str("waiting")?,
            Status::Other(number) => write!(f, "status {number}")?,
        }
        for reason in self.fail_info() {
            write!(f, " {}", reason.name())?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for StatusInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StatusInfo({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::{Decode, Encode};

    #[test]
    fn a_reason_is_one_bit_and_comes_back() {
        for bit in 0..27 {
            let said = StatusInfo::rejection(FailInfo(bit), "no").unwrap();
            let read = StatusInfo::from_der(&said.to_der().unwrap()).unwrap();
            assert_eq!(read.fail_info().collect::<Vec<_>>(), [FailInfo(bit)]);
            assert_eq!(read.status(), Status::Rejection);
            assert_eq!(read.text(), ["no"]);
        }
    }

    #[test]
    fn free_text_is_not_shown() {
        let said = StatusInfo::rejection(FailInfo::INCORRECT_DATA, "IIN 061211600012").unwrap();
        assert_eq!(format!("{said:?}"), "StatusInfo(rejection incorrectData)");
    }
}
