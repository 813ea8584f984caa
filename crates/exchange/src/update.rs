//! Software updates: the office offers, the kiosk asks, downloads, installs and tells.
//!
//! An offer is an order of the office to one kiosk. It is numbered, so that an older one
//! cannot undo a newer; it expires, so that one that was withdrawn dies by itself where
//! nobody hears of that; and it names the bundle by its digest, so that it does not matter
//! where its bytes come from. That the bundle is one of ours is told by its own signature.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::{
    Digest, FaultCode, KioskId, KioskStatement, Signed, Statement, UnixMillis, VerifyingKey,
    ids::as_text,
};

/// GET -> `Signed<UpdateOffer>`; 204 when there is nothing for this kiosk.
pub const OFFER: &str = "/v1/update/offer";
/// GET `/v1/update/bundles/{sha256}` of the current offer; `Range: bytes=N-` goes on after
/// N bytes (RFC 9110 section 14).
pub const BUNDLES: &str = "/v1/update/bundles";
/// POST `Signed<UpdateResult>` -> 204.
pub const RESULT: &str = "/v1/update/result";

/// No bundle is longer: 4 GiB.
pub const LONGEST_BUNDLE: u64 = 4 << 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateFieldError {
    #[error("a version has 1 to 32 characters of A-Z, a-z, 0-9, '.', '+', '~' and '-'")]
    Version,
    #[error("a window is HH:MM-HH:MM")]
    Window,
}

/// Of a bundle. Compared for equality only: what is newer, the office says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(String);

impl Version {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Version {
    type Err = UpdateFieldError;

    fn from_str(text: &str) -> Result<Self, UpdateFieldError> {
        let fits = (1..=32).contains(&text.len())
            && text.as_bytes()[0].is_ascii_alphanumeric()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b".+~-".contains(&b));
        fits.then(|| Self(text.to_owned()))
            .ok_or(UpdateFieldError::Version)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

const MINUTES_A_DAY: u16 = 24 * 60;
/// Kazakhstan has one time, UTC+5, since 1 March 2024.
const KAZAKHSTAN_MINUTES: i64 = 5 * 60;

/// When in a day of Kazakhstan an update may begin; over midnight, too. With both ends the
/// same, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Minutes after midnight.
    opens: u16,
    closes: u16,
}

impl Window {
    pub const ALWAYS: Self = Self {
        opens: 0,
        closes: 0,
    };

    pub fn contains(self, now: UnixMillis) -> bool {
        let minute = now.0.div_euclid(60_000).saturating_add(KAZAKHSTAN_MINUTES);
        let minute = minute.rem_euclid(i64::from(MINUTES_A_DAY)) as u16;
        match self.opens.cmp(&self.closes) {
            std::cmp::Ordering::Less => (self.opens..self.closes).contains(&minute),
            std::cmp::Ordering::Equal => true,
            std::cmp::Ordering::Greater => minute >= self.opens || minute < self.closes,
        }
    }
}

impl std::str::FromStr for Window {
    type Err = UpdateFieldError;

    fn from_str(text: &str) -> Result<Self, UpdateFieldError> {
        let time = |text: &str| {
            let (hours, minutes) = text.split_once(':')?;
            let two = |t: &str, below: u16| -> Option<u16> {
                let digits = t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit());
                t.parse().ok().filter(|n| digits && *n < below)
            };
            Some(two(hours, 24)? * 60 + two(minutes, 60)?)
        };
        text.split_once('-')
            .and_then(|(opens, closes)| {
                let (opens, closes) = (time(opens)?, time(closes)?);
                Some(Self { opens, closes })
            })
            .ok_or(UpdateFieldError::Window)
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (o, c) = (self.opens, self.closes);
        write!(f, "{:02}:{:02}-{:02}:{:02}", o / 60, o % 60, c / 60, c % 60)
    }
}

as_text!(Version);
as_text!(Window);

/// Signed by the office's decision key, for one kiosk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateOffer {
    pub kiosk: KioskId,
    /// Grows with each order to this kiosk; the same order signed anew, to live longer,
    /// keeps it.
    pub number: u64,
    pub version: Version,
    /// Of the bundle.
    pub sha256: Digest,
    /// Bytes of the bundle.
    pub length: u64,
    pub window: Window,
    pub signed_at: UnixMillis,
    pub expires_at: UnixMillis,
}

impl Statement for UpdateOffer {
    const DOMAIN: &'static str = "qoltanba update offer v1";
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    #[error("the offer is not signed by the office")]
    NotSigned,
    #[error("the offer is for another kiosk")]
    OtherKiosk,
    #[error("there was a newer offer than this one")]
    Superseded,
    #[error("the offer has expired")]
    Expired,
    #[error("a bundle has 1 to {LONGEST_BUNDLE} bytes")]
    Length,
}

impl UpdateOffer {
    /// The one way for a kiosk to read an offer. `newest_seen`: the highest number it ever
    /// accepted, 0 at first; kept across restarts and updates.
    ///
    /// # Errors
    /// See [`OfferError`]; nothing of a refused offer is to be believed.
    pub fn accept(
        signed: &Signed<Self>,
        office: &VerifyingKey,
        kiosk: &KioskId,
        newest_seen: u64,
        now: UnixMillis,
    ) -> Result<Self, OfferError> {
        let offer = signed.verify(office).map_err(|_| OfferError::NotSigned)?;
        if offer.kiosk != *kiosk {
            return Err(OfferError::OtherKiosk);
        }
        if offer.number < newest_seen {
            return Err(OfferError::Superseded);
        }
        if offer.expires_at <= now {
            return Err(OfferError::Expired);
        }
        if !(1..=LONGEST_BUNDLE).contains(&offer.length) {
            return Err(OfferError::Length);
        }
        Ok(offer)
    }

    /// Relative to the office's address.
    pub fn bundle_path(&self) -> String {
        format!("{BUNDLES}/{}", self.sha256)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error("the bundle is {missing} bytes shorter than offered")]
    Shorter { missing: u64 },
    #[error("the bundle is longer than offered")]
    Longer,
    #[error("the bundle is not the one that was offered")]
    Other,
}

/// Counts and digests a bundle while it is downloaded. To go on with half of one, feed it
/// the half that is there.
pub struct BundleCheck {
    sha256: Sha256,
    length: u64,
    offered: (Digest, u64),
}

impl BundleCheck {
    pub fn of(offer: &UpdateOffer) -> Self {
        Self {
            sha256: Sha256::new(),
            length: 0,
            offered: (offer.sha256, offer.length),
        }
    }

    /// Bytes so far: where to go on.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// # Errors
    /// [`BundleError::Longer`] as soon as it is: no disk is filled by an office that lies.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), BundleError> {
        self.length += bytes.len() as u64;
        if self.length > self.offered.1 {
            return Err(BundleError::Longer);
        }
        self.sha256.update(bytes);
        Ok(())
    }

    /// # Errors
    /// [`BundleError::Shorter`]: go on; [`BundleError::Other`]: begin anew.
    pub fn finish(self) -> Result<(), BundleError> {
        let (digest, length) = self.offered;
        if self.length < length {
            let missing = length - self.length;
            return Err(BundleError::Shorter { missing });
        }
        if Digest(self.sha256.finalize().into()) == digest {
            Ok(())
        } else {
            Err(BundleError::Other)
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum UpdateOutcome {
    /// The kiosk runs it and called it good.
    Installed,
    /// It was installed and did not come up.
    RolledBack { fault: FaultCode },
    /// It was not installed; the kiosk may try again while the offer stands.
    Refused { fault: FaultCode },
}

/// Where a bundle came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "source")]
pub enum UpdateSource {
    /// [`UpdateOffer::number`] and [`UpdateOffer::sha256`]
    Offer { offer: u64, sha256: Digest },
    /// A technician's USB drive; the version as the slot tells it, none before it was written.
    Drive { version: Option<Version> },
}

/// Signed by the kiosk's device key; the acknowledgement of an offer, and the word of an update
/// that the office did not order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateResult {
    pub kiosk: KioskId,
    /// Counts the kiosk's results.
    pub number: u64,
    #[serde(flatten)]
    pub source: UpdateSource,
    pub outcome: UpdateOutcome,
    pub at: UnixMillis,
}

impl Statement for UpdateResult {
    const DOMAIN: &'static str = "qoltanba update result v1";
}

impl KioskStatement for UpdateResult {
    fn kiosk(&self) -> &KioskId {
        &self.kiosk
    }

    fn number(&self) -> u64 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SigningKey;

    const BUNDLE: &[u8] = b"a bundle of some bytes";
    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_slice(&[seed; 32]).unwrap()
    }

    fn offer() -> UpdateOffer {
        UpdateOffer {
            kiosk: "kiosk-1".parse().unwrap(),
            number: 7,
            version: "2026.11.28".parse().unwrap(),
            sha256: Digest::of(BUNDLE),
            length: BUNDLE.len() as u64,
            window: "01:00-05:00".parse().unwrap(),
            signed_at: NOW,
            expires_at: NOW.plus_millis(1000),
        }
    }

    #[test]
    fn an_offer_is_for_one_kiosk_from_one_office_for_a_while() {
        let accept = |offer: &UpdateOffer, seed, kiosk: &str, seen, now| {
            let signed = Signed::new(offer, &key(seed));
            let kiosk = kiosk.parse().unwrap();
            UpdateOffer::accept(&signed, key(7).verifying_key(), &kiosk, seen, now)
        };
        assert_eq!(accept(&offer(), 7, "kiosk-1", 0, NOW), Ok(offer()));
        assert_eq!(accept(&offer(), 7, "kiosk-1", 7, NOW), Ok(offer()), "again");
        let refused = |seed, kiosk, seen, now| accept(&offer(), seed, kiosk, seen, now).err();
        assert_eq!(refused(8, "kiosk-1", 0, NOW), Some(OfferError::NotSigned));
        assert_eq!(refused(7, "kiosk-2", 0, NOW), Some(OfferError::OtherKiosk));
        assert_eq!(refused(7, "kiosk-1", 8, NOW), Some(OfferError::Superseded));
        let late = NOW.plus_millis(1000);
        assert_eq!(refused(7, "kiosk-1", 0, late), Some(OfferError::Expired));
        for length in [0, LONGEST_BUNDLE + 1] {
            let odd = UpdateOffer { length, ..offer() };
            assert_eq!(accept(&odd, 7, "kiosk-1", 0, NOW), Err(OfferError::Length));
        }
    }

    #[test]
    fn a_bundle_is_the_offered_one_to_the_last_byte() {
        let check = |parts: &[&[u8]]| {
            let mut check = BundleCheck::of(&offer());
            parts.iter().try_for_each(|p| check.add(p))?;
            check.finish()
        };
        assert_eq!(check(&[&BUNDLE[..9], &BUNDLE[9..]]), Ok(()));
        let missing = BUNDLE.len() as u64 - 9;
        assert_eq!(
            check(&[&BUNDLE[..9]]),
            Err(BundleError::Shorter { missing })
        );
        assert_eq!(check(&[BUNDLE, b"x"]), Err(BundleError::Longer));
        let mut other = BUNDLE.to_vec();
        other[3] ^= 1;
        assert_eq!(check(&[&other]), Err(BundleError::Other));
    }

    #[test]
    fn a_window_is_of_kazakhstan_and_may_pass_midnight() {
        // 1970-01-01 00:00 UTC is 05:00 there.
        let at = |hours: i64| UnixMillis((hours - 5) * 3_600_000);
        let open = |window: &str, hours| window.parse::<Window>().unwrap().contains(at(hours));
        assert!(open("01:00-05:00", 1) && open("01:00-05:00", 4 + 24));
        assert!(!open("01:00-05:00", 5) && !open("01:00-05:00", 0));
        assert!(open("22:00-04:00", 23) && open("22:00-04:00", 3) && !open("22:00-04:00", 4));
        assert!(open("00:00-00:00", 12));
        assert!(open("01:00-05:00", 2 - 24 * 400_000), "before 1970");
        for bad in [
            "",
            "1:00-5:00",
            "24:00-05:00",
            "01:60-05:00",
            "01:00",
            "+1:00-05:00",
        ] {
            assert!(bad.parse::<Window>().is_err(), "{bad}");
        }
        assert_eq!(
            "22:05-04:00".parse::<Window>().unwrap().to_string(),
            "22:05-04:00"
        );
    }

    proptest! {
        #[test]
        fn what_strangers_write_never_panics(text in ".{0,200}", at in any::<i64>()) {
            let _ = text.parse::<Version>();
            let _ = text.parse::<Window>();
            let _ = serde_json::from_str::<UpdateOffer>(&text);
            "22:00-04:00".parse::<Window>().unwrap().contains(UnixMillis(at));
        }
    }
}
