//! The outside of a PKCS#12 file (RFC 7292 section 4): its parts and their MAC.
//! For files that are not DER, and to tell a wrong password from damage.

use der::{
    Any, Decode, Encode, Sequence,
    asn1::{ObjectIdentifier, OctetString},
};
use openssl::{hash::MessageDigest, memcmp, pkey::PKey, sign::Signer};
use p12_keystore::Pkcs12Archive;
use sha1::{Digest, Sha1, digest::common::BlockSizeUser};
use sha2::{Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use crate::pkcs12_ber;

/// As the library caps them: a hostile file must not keep the processor busy.
const MOST_ROUNDS: u32 = 1_000_000;

/// pkcs7-data, RFC 2315 section 14.
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

#[derive(Sequence)]
struct Pfx {
    version: u8,
    auth_safe: ContentInfo,
    mac_data: Option<MacData>,
}

#[derive(Sequence)]
struct ContentInfo {
    content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: OctetString,
}

#[derive(Sequence)]
struct MacData {
    mac: DigestInfo,
    salt: OctetString,
    #[asn1(default = "one")]
    iterations: u32,
}

fn one() -> u32 {
    1
}

#[derive(Sequence)]
struct DigestInfo {
    algorithm: AlgorithmIdentifierOwned,
    digest: OctetString,
}

/// A file whose outer structure was read.
pub(crate) struct Outside {
    /// AuthenticatedSafe as it is in the file: what the MAC is over.
    authenticated: Vec<u8>,
    mac: Option<MacData>,
}

/// What the MAC says of the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mac {
    Right,
    Wrong,
    /// There is none, or of an algorithm that is not known.
    Absent,
    Unknown,
}

impl Outside {
    /// Takes BER. None: no PKCS#12 file.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let pfx = Pfx::from_der(&pkcs12_ber::to_der(bytes)?).ok()?;
        let is_known = pfx.version == 3 && pfx.auth_safe.content_type == DATA;
        is_known.then(|| Self {
            authenticated: pfx.auth_safe.content.into_bytes().into(),
            mac: pfx.mac_data,
        })
    }

    pub fn check(&self, password: &str) -> Mac {
        let Some(mac) = &self.mac else {
            return Mac::Absent;
        };
        if mac.iterations > MOST_ROUNDS {
            return Mac::Unknown;
        }
        let (key, digest) = match mac.mac.algorithm.oid {
            SHA1 => (key::<Sha1>(mac, password), MessageDigest::sha1()),
            SHA256 => (key::<Sha256>(mac, password), MessageDigest::sha256()),
            SHA384 => (key::<Sha384>(mac, password), MessageDigest::sha384()),
            SHA512 => (key::<Sha512>(mac, password), MessageDigest::sha512()),
            _ => return Mac::Unknown,
        };
        let computed = PKey::hmac(&key)
            .and_then(|key| Signer::new(digest, &key)?.sign_oneshot_to_vec(&self.authenticated));
        let expected = mac.mac.digest.as_bytes();
        match computed {
            Ok(mac) if mac.len() == expected.len() && memcmp::eq(&mac, expected) => Mac::Right,
            Ok(_) => Mac::Wrong,
            Err(_) => Mac::Unknown,
        }
    }

    /// All parts in DER, without MAC: for after [`Outside::check`].
    pub fn without_mac(&self) -> Option<Vec<u8>> {
        outside_of(&pkcs12_ber::to_der(&self.authenticated)?)
    }

    /// Whether a wrong MAC is the file's fault: the password decrypts a part all the
    /// same, or there are no parts any more.
    pub fn is_damaged(&self, password: &str) -> bool {
        let parts =
            pkcs12_ber::to_der(&self.authenticated).and_then(|der| Vec::<Any>::from_der(&der).ok());
        parts.is_none_or(|parts| parts.into_iter().any(|part| opens(part, password)))
    }
}

fn opens(part: Any, password: &str) -> bool {
    let is_plain = part.decode_as::<ContentInfo>();
    let is_plain = is_plain.is_ok_and(|p| p.content_type == DATA);
    let alone = vec![part].to_der().ok();
    let opened = alone
        .and_then(|alone| outside_of(&alone))
        .and_then(|file| Pkcs12Archive::from_pkcs12(&file, password).ok());
    // Certificates that were not encrypted open with every password.
    opened.is_some_and(|a| !a.keys.is_empty() || (!is_plain && !a.certs.is_empty()))
}

fn outside_of(authenticated: &[u8]) -> Option<Vec<u8>> {
    let pfx = Pfx {
        version: 3,
        auth_safe: ContentInfo {
            content_type: DATA,
            content: OctetString::new(authenticated).ok()?,
        },
        mac_data: None,
    };
    pfx.to_der().ok()
}

/// RFC 7292 appendix B.2 with ID 3; one block, because the key is as long as the
/// digest.
fn key<D: Digest + BlockSizeUser>(mac: &MacData, password: &str) -> Zeroizing<Vec<u8>> {
    let block = D::block_size();
    let salt = mac.salt.as_bytes();
    // BMPString with its two zeros.
    let mut letters = Zeroizing::new(Vec::with_capacity(4 * password.len() + 2));
    for unit in password.encode_utf16().chain([0]) {
        letters.extend_from_slice(&unit.to_be_bytes());
    }
    let repeated = |bytes: &[u8]| bytes.len().div_ceil(block) * block;
    let (of_salt, of_letters) = (repeated(salt), repeated(&letters));
    let mut input = Zeroizing::new(Vec::with_capacity(block + of_salt + of_letters));
    input.resize(block, 3);
    input.extend(salt.iter().cycle().take(of_salt));
    input.extend(letters.iter().cycle().take(of_letters));
    let mut digest = D::digest(&*input);
    for _ in 1..mac.iterations {
        digest = D::digest(&digest);
    }
    Zeroizing::new(digest.to_vec())
}
