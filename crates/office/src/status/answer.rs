//! From a request's bytes to a signed answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, Result};
use const_oid::ObjectIdentifier;
use der::{
    Decode, Encode,
    asn1::{BitString, GeneralizedTime, Null, OctetString},
};
use exchange::UnixMillis;
use sha2::{Digest as _, Sha256};
use spki::DynSignatureAlgorithmIdentifier;
use x509_cert::{Certificate, ext::Extension};

use super::ocsp::{
    BASIC, BasicResponse, CertId, CertStatus, NONCE, OcspRequest, OcspResponse, ResponderId,
    ResponseBytes, ResponseData, ResponseStatus, RevokedInfo, SingleResponse, Version,
};
use crate::{
    authority::Responder,
    db::{
        Database,
        certificates::{self, CertificateState},
    },
    layout::Layout,
};

/// More certificates than this in one request are nobody's honest question.
const MOST_CERTIFICATES: usize = 16;
/// RFC 9654 section 2.1.
const LONGEST_NONCE: usize = 128;
/// How long an answer is good, and for how much of that others may keep it.
const GOOD_MILLIS: i64 = 3_600_000;
pub const KEEP_SECONDS: u64 = 300;

/// id-sha1 and id-sha256: the hashes that name an issuer.
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// One answer.
pub struct Answer {
    /// OCSPResponse, DER.
    pub der: Vec<u8>,
    /// Good for everybody who asks the same until then: no nonce, no error.
    pub cacheable: Option<(UnixMillis, UnixMillis)>,
}

impl Answer {
    fn error(status: ResponseStatus) -> Self {
        let response = OcspResponse {
            status,
            bytes: None,
        };
        Self {
            der: response.to_der().unwrap_or_default(),
            cacheable: None,
        }
    }

    /// For those whom this part cannot serve now.
    pub fn try_later() -> Self {
        Self::error(ResponseStatus::TryLater)
    }
}

/// Name and key of an issuer, hashed.
struct IssuerHash {
    algorithm: ObjectIdentifier,
    name: Vec<u8>,
    key: Vec<u8>,
}

/// Answers from the database with the key that `issue` left.
pub struct Answering {
    layout: Layout,
    database: Arc<Database>,
    issuer: [IssuerHash; 2],
    /// The key as it was when its file had this time.
    responder: Mutex<Option<(SystemTime, Arc<Responder>)>>,
}

impl Answering {
    /// # Errors
    /// The authority's certificate or the database cannot be read.
    pub fn open(layout: &Layout) -> Result<Self> {
        let issuer = issuer(layout)?;
        let name = issuer.tbs_certificate().subject().to_der()?;
        let info = issuer.tbs_certificate().subject_public_key_info();
        let key = info.subject_public_key.raw_bytes();
        let sha1 = |bytes: &[u8]| openssl::sha::sha1(bytes).to_vec();
        let sha256 = |bytes: &[u8]| Sha256::digest(bytes).to_vec();
        Ok(Self {
            layout: layout.clone(),
            database: Arc::new(Database::open_to_read(&layout.database())?),
            issuer: [
                IssuerHash {
                    algorithm: SHA1,
                    name: sha1(&name),
                    key: sha1(key),
                },
                IssuerHash {
                    algorithm: SHA256,
                    name: sha256(&name),
                    key: sha256(key),
                },
            ],
            responder: Mutex::new(None),
        })
    }

    /// Never fails: what cannot be answered is an answer too.
    pub fn answer(&self, request: &[u8], now: UnixMillis) -> Answer {
        let Some(request) = read(request) else {
            return Answer::error(ResponseStatus::MalformedRequest);
        };
        match self.signed(request, now) {
            Ok(answer) => answer,
            Err(e) => {
                tracing::error!("a question of status was not answered: {e:#}");
                Answer::error(ResponseStatus::InternalError)
            }
        }
    }

    fn signed(&self, asked: Asked, now: UnixMillis) -> Result<Answer> {
        let responder = self.responder()?;
        let key = responder.public();
        let good_until = now.plus_millis(GOOD_MILLIS);
        let responses = asked
            .certificates
            .into_iter()
            .map(|certificate| {
                Ok(SingleResponse {
                    status: self.status(&certificate)?,
                    certificate,
                    this_update: time(now)?,
                    next_update: Some(time(good_until)?),
                    extensions: None,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let cacheable = asked.nonce.is_none().then_some((now, good_until));
        let data = ResponseData {
            version: Version::V1,
            responder: ResponderId::Key(OctetString::new(key.id().as_bytes().as_slice())?),
            produced_at: time(now)?,
            responses,
            extensions: asked.nonce.map(|nonce| vec![nonce]),
        };
        let signature = responder.sign(&data.to_der()?)?;
        let basic = BasicResponse {
            data,
            signature_algorithm: key.signature_algorithm_identifier()?,
            signature: BitString::from_bytes(&signature)?,
            certificates: Some(vec![responder.certificate().clone()]),
        };
        let response = OcspResponse {
            status: ResponseStatus::Successful,
            bytes: Some(ResponseBytes {
                kind: BASIC,
                response: OctetString::new(basic.to_der()?)?,
            }),
        };
        Ok(Answer {
            der: response.to_der()?,
            cacheable,
        })
    }

    /// Good is only what was issued and handed out; a serial number never given, and
    /// every other issuer's certificate, is unknown here.
    fn status(&self, certificate: &CertId) -> Result<CertStatus> {
        let unknown = Ok(CertStatus::Unknown(Null));
        let ours = self.issuer.iter().any(|issuer| {
            issuer.algorithm == certificate.hash.oid
                && issuer.name == certificate.issuer_name_hash.as_bytes()
                && issuer.key == certificate.issuer_key_hash.as_bytes()
        });
        if !ours {
            return unknown;
        }
        let serial = hex::encode(certificate.serial.as_bytes());
        let standing = self
            .database
            .read(|c| certificates::by_serial(c, &serial))?;
        let Some(found) = standing else {
            return unknown;
        };
        Ok(match (found.state, found.revoked_at) {
            (CertificateState::Reserved, _) => CertStatus::Unknown(Null),
            (CertificateState::Revoked, at) => CertStatus::Revoked(RevokedInfo {
                at: time(at.unwrap_or_default())?,
                reason: found.reason.map(|r| r.crl_reason()),
            }),
            _ => CertStatus::Good(Null),
        })
    }

    /// The key on disk, read again when its file is another one.
    fn responder(&self) -> Result<Arc<Responder>> {
        let path = self.layout.responder();
        let read = || -> Result<Arc<Responder>> {
            let changed = std::fs::metadata(&path)?.modified()?;
            let mut kept = self
                .responder
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some((at, responder)) = kept.as_ref()
                && *at == changed
            {
                return Ok(Arc::clone(responder));
            }
            let text = zeroize::Zeroizing::new(std::fs::read_to_string(&path)?);
            let responder = Arc::new(Responder::from_pem(&text)?);
            *kept = Some((changed, Arc::clone(&responder)));
            Ok(responder)
        };
        read().with_context(|| format!("reading {}", path.display()))
    }
}

/// The issuing CA's certificate, the first of its chain.
pub fn issuer(layout: &Layout) -> Result<Certificate> {
    let path = layout.authority_chain();
    let read = || -> Result<Certificate> {
        let chain = Certificate::load_pem_chain(&std::fs::read(&path)?)?;
        chain.into_iter().next().context("no certificate")
    };
    read().with_context(|| format!("reading {}", path.display()))
}

/// What is asked, checked.
struct Asked {
    certificates: Vec<CertId>,
    /// Echoed as it came.
    nonce: Option<Extension>,
}

fn read(bytes: &[u8]) -> Option<Asked> {
    let request = OcspRequest::from_der(bytes).ok()?;
    let count = request.tbs.requests.len();
    if !(1..=MOST_CERTIFICATES).contains(&count) {
        return None;
    }
    let extensions = request.tbs.extensions.unwrap_or_default();
    let mut nonces = extensions.into_iter().filter(|e| e.extn_id == NONCE);
    let (nonce, second) = (nonces.next(), nonces.next());
    if second.is_some() {
        return None;
    }
    let nonce = match nonce {
        None => None,
        Some(nonce) => {
            let value = OctetString::from_der(nonce.extn_value.as_bytes()).ok()?;
            if !(1..=LONGEST_NONCE).contains(&value.as_bytes().len()) {
                return None;
            }
            Some(Extension {
                critical: false,
                ..nonce
            })
        }
    };
    let certificates = request.tbs.requests;
    Some(Asked {
        certificates: certificates.into_iter().map(|r| r.certificate).collect(),
        nonce,
    })
}

fn time(at: UnixMillis) -> Result<GeneralizedTime> {
    let since_1970 = std::time::Duration::from_secs(at.0.max(0).unsigned_abs() / 1000);
    Ok(GeneralizedTime::from_unix_duration(since_1970)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As `openssl ocsp -reqout` makes it, without a nonce.
    fn request() -> Vec<u8> {
        let id = CertId {
            hash: spki::AlgorithmIdentifierOwned {
                oid: SHA1,
                parameters: Some(der::Any::null()),
            },
            issuer_name_hash: OctetString::new(vec![1; 20]).unwrap(),
            issuer_key_hash: OctetString::new(vec![2; 20]).unwrap(),
            serial: der::asn1::Int::new(&[0x41; 20]).unwrap(),
        };
        with(vec![id], None)
    }

    fn with(ids: Vec<CertId>, nonce: Option<&[u8]>) -> Vec<u8> {
        use super::super::ocsp::{Request, TbsRequest};
        let extension = |nonce: &[u8]| Extension {
            extn_id: NONCE,
            critical: false,
            extn_value: OctetString::new(OctetString::new(nonce).unwrap().to_der().unwrap())
                .unwrap(),
        };
        let request = OcspRequest {
            tbs: TbsRequest {
                version: Version::V1,
                requestor_name: None,
                requests: ids
                    .into_iter()
                    .map(|certificate| Request {
                        certificate,
                        extensions: None,
                    })
                    .collect(),
                extensions: nonce.map(|n| vec![extension(n)]),
            },
            signature: None,
        };
        request.to_der().unwrap()
    }

    #[test]
    fn a_nonce_has_1_to_128_bytes_and_a_request_some_certificates() {
        let id = read(&request()).unwrap().certificates.remove(0);
        let reads = |count: usize, nonce: Option<usize>| {
            let nonce = nonce.map(|n| vec![7; n]);
            read(&with(vec![id.clone(); count], nonce.as_deref())).is_some()
        };
        assert!(reads(1, None) && reads(1, Some(1)) && reads(16, Some(128)));
        assert!(!reads(1, Some(0)) && !reads(1, Some(129)));
        assert!(!reads(0, None) && !reads(17, None));
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn neither_do_damaged_requests(at in 0..100usize, to: u8, cut in 0..100usize) {
            let mut bytes = request();
            let at = at % bytes.len();
            bytes[at] = to;
            let _ = read(&bytes);
            bytes.truncate(cut);
            let _ = read(&bytes);
        }
    }
}
