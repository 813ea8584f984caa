//! Protection by a shared secret: PasswordBasedMac (RFC 9810 section 5.1.3.1) and
//! PBMAC1 (RFC 8018 section 7.1, RFC 9481 section 6.1.2).

use const_oid::ObjectIdentifier;
use der::{
    Choice, Sequence,
    asn1::{Any, OctetString},
};
use openssl::{
    hash::{MessageDigest, hash},
    pkcs5::pbkdf2_hmac,
    pkey::PKey,
    sign::Signer,
};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::{Mac, Unproven};
use crate::{Error, oid};

/// ```text
/// PBMParameter ::= SEQUENCE {
///     salt            OCTET STRING,
///     owf             AlgorithmIdentifier,
///     iterationCount  INTEGER,
///     mac             AlgorithmIdentifier }
/// ```
#[derive(Sequence)]
struct PbmParameter {
    salt: OctetString,
    owf: AlgorithmIdentifierOwned,
    iteration_count: u32,
    mac: AlgorithmIdentifierOwned,
}

/// ```text
/// PBMAC1-params ::= SEQUENCE {
///     keyDerivationFunc  AlgorithmIdentifier,
///     messageAuthScheme  AlgorithmIdentifier }
/// ```
#[derive(Sequence)]
struct Pbmac1Params {
    key_derivation_func: AlgorithmIdentifierOwned,
    message_auth_scheme: AlgorithmIdentifierOwned,
}

/// ```text
/// PBKDF2-params ::= SEQUENCE {
///     salt            CHOICE { specified OCTET STRING, otherSource AlgorithmIdentifier },
///     iterationCount  INTEGER (1..MAX),
///     keyLength       INTEGER (1..MAX) OPTIONAL,
///     prf             AlgorithmIdentifier DEFAULT algid-hmacWithSHA1 }
/// ```
#[derive(Sequence)]
struct Pbkdf2Params {
    salt: Salt,
    iteration_count: u32,
    key_length: Option<u32>,
    prf: Option<AlgorithmIdentifierOwned>,
}

#[derive(Choice)]
enum Salt {
    #[asn1(type = "OCTET STRING")]
    Specified(OctetString),
}

/// What ours use. RFC 9481 section 6.1.1 asks for more than a thousand.
const ITERATIONS: u32 = 10_000;
/// A salt of fewer iterations is a mistake, one of more costs whoever reads it.
const FEWEST: u32 = 100;
const MOST_PBM: u32 = 100_000;
const MOST_PBMAC1: u32 = 1_000_000;

pub(super) fn is_mac(algorithm: &ObjectIdentifier) -> bool {
    *algorithm == oid::PASSWORD_BASED_MAC || *algorithm == oid::PBMAC1
}

/// The protection algorithm of one message, with a salt of its own.
pub(super) fn choose(mac: Mac) -> Result<AlgorithmIdentifierOwned, Error> {
    let encoding = |_: der::Error| Error::Encoding;
    let plain = |oid| AlgorithmIdentifierOwned {
        oid,
        parameters: Some(Any::null()),
    };
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| Error::Random)?;
    let salt = OctetString::new(salt.as_slice()).map_err(encoding)?;
    let (oid, parameters) = match mac {
        Mac::Pbm => {
            let parameters = PbmParameter {
                salt,
                owf: plain(oid::SHA256),
                iteration_count: ITERATIONS,
                mac: plain(oid::HMAC_WITH_SHA256),
            };
            (oid::PASSWORD_BASED_MAC, Any::encode_from(&parameters))
        }
        Mac::Pbmac1 => {
            let derivation = Pbkdf2Params {
                salt: Salt::Specified(salt),
                iteration_count: ITERATIONS,
                key_length: Some(32),
                prf: Some(plain(oid::HMAC_WITH_SHA256)),
            };
            let parameters = Pbmac1Params {
                key_derivation_func: AlgorithmIdentifierOwned {
                    oid: oid::PBKDF2,
                    parameters: Some(Any::encode_from(&derivation).map_err(encoding)?),
                },
                message_auth_scheme: plain(oid::HMAC_WITH_SHA256),
            };
            (oid::PBMAC1, Any::encode_from(&parameters))
        }
    };
    Ok(AlgorithmIdentifierOwned {
        oid,
        parameters: Some(parameters.map_err(encoding)?),
    })
}

/// The MAC of a message under these parameters.
pub(super) fn compute(
    algorithm: &AlgorithmIdentifierOwned,
    secret: &[u8],
    message: &[u8],
    hmac_sha1: bool,
) -> Result<Vec<u8>, Unproven> {
    let parameters = algorithm.parameters.as_ref().ok_or(Unproven::Algorithm)?;
    if algorithm.oid == oid::PBMAC1 {
        let parameters: Pbmac1Params = decoded(parameters)?;
        let digest = hmac_digest(&parameters.message_auth_scheme, false)?;
        let key = pbkdf2(&parameters.key_derivation_func, secret)?;
        return hmac(digest, &key, message);
    }
    let parameters: PbmParameter = decoded(parameters)?;
    let digest = hmac_digest(&parameters.mac, hmac_sha1)?;
    let key = pbm_key(&parameters, secret)?;
    hmac(digest, &key, message)
}

/// The secret and the salt, digested over and over.
fn pbm_key(parameters: &PbmParameter, secret: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unproven> {
    let owf = match parameters.owf.oid {
        oid::SHA256 => MessageDigest::sha256(),
        oid::SHA384 => MessageDigest::sha384(),
        oid::SHA512 => MessageDigest::sha512(),
        _ => return Err(Unproven::Algorithm),
    };
    if !(FEWEST..=MOST_PBM).contains(&parameters.iteration_count) {
        return Err(Unproven::Algorithm);
    }
    let salt = parameters.salt.as_bytes();
    let mut key = Zeroizing::new(Vec::with_capacity(secret.len() + salt.len()));
    key.extend_from_slice(secret);
    key.extend_from_slice(salt);
    for _ in 0..parameters.iteration_count {
        let digest = hash(owf, &key).map_err(|_| Unproven::Algorithm)?;
        key = Zeroizing::new(digest.to_vec());
    }
    Ok(key)
}

fn pbkdf2(
    algorithm: &AlgorithmIdentifierOwned,
    secret: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unproven> {
    if algorithm.oid != oid::PBKDF2 {
        return Err(Unproven::Algorithm);
    }
    let parameters = algorithm.parameters.as_ref().ok_or(Unproven::Algorithm)?;
    let parameters: Pbkdf2Params = decoded(parameters)?;
    // Left out it means SHA-1.
    let prf = parameters.prf.as_ref().ok_or(Unproven::HmacSha1)?;
    let prf = hmac_digest(prf, false)?;
    // RFC 9579 section 5: the length must be said.
    let length = parameters.key_length.ok_or(Unproven::Algorithm)?;
    if !(FEWEST..=MOST_PBMAC1).contains(&parameters.iteration_count) || !(16..=64).contains(&length)
    {
        return Err(Unproven::Algorithm);
    }
    let Salt::Specified(salt) = &parameters.salt;
    let mut key = Zeroizing::new(vec![0; length as usize]);
    let iterations = parameters.iteration_count as usize;
    pbkdf2_hmac(secret, salt.as_bytes(), iterations, prf, &mut key)
        .map_err(|_| Unproven::Algorithm)?;
    Ok(key)
}

fn hmac_digest(
    algorithm: &AlgorithmIdentifierOwned,
    sha1: bool,
) -> Result<MessageDigest, Unproven> {
    match algorithm.oid {
        oid::HMAC_WITH_SHA256 => Ok(MessageDigest::sha256()),
        oid::HMAC_WITH_SHA384 => Ok(MessageDigest::sha384()),
        oid::HMAC_WITH_SHA512 => Ok(MessageDigest::sha512()),
        oid::HMAC_SHA1 | oid::HMAC_WITH_SHA1 if sha1 => Ok(MessageDigest::sha1()),
        oid::HMAC_SHA1 | oid::HMAC_WITH_SHA1 => Err(Unproven::HmacSha1),
        _ => Err(Unproven::Algorithm),
    }
}

fn hmac(digest: MessageDigest, key: &[u8], message: &[u8]) -> Result<Vec<u8>, Unproven> {
    PKey::hmac(key)
        .and_then(|key| Signer::new(digest, &key)?.sign_oneshot_to_vec(message))
        .map_err(|_| Unproven::Algorithm)
}

fn decoded<T>(any: &Any) -> Result<T, Unproven>
where
    T: der::FixedTag + for<'a> der::DecodeValue<'a, Error = der::Error>,
{
    any.decode_as().map_err(|_| Unproven::Algorithm)
}
