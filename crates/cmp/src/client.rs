//! The client itself: each call sends one message and judges its answer.

use der::{
    Decode, Encode,
    asn1::{Any, GeneralizedTime, OctetString},
};
use exchange::UnixMillis;
use keystore::VerifyingKey;
use x509_cert::{
    ext::pkix::{CrlReason, name::GeneralName},
    name::Name,
    request::CertReq,
};

use crate::{
    Body, CERT_PROFILE, CertOrEncCert, CertRepMessage, CertStatus, Configuration, Credentials,
    DerCertificate, Error, FailInfo, Header, InfoTypeAndValue, Issued, Message, PollRep, PollReq,
    Status, StatusInfo, TransactionId, Transport, Unfit, Waiting,
    answer::{self, Asked},
    header::{CMP_2000, directory_name},
    issued, protect, revocation,
    transaction::{AskedFor, Extra, Nonce, Transaction, random},
};

/// Some authorities number the one request of a p10cr, the profile does not.
const CERT_REQ_IDS: [i64; 2] = [-1, 0];

/// Nonces of the authority that may not come again. An old answer already fails by our
/// own nonce, which is fresh in every message.
const REMEMBERED: usize = 32;

pub struct Client<'a> {
    configuration: &'a Configuration,
    transport: &'a dyn Transport,
}

/// Where a transaction stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    Waiting(Waiting),
    Issued(Box<Issued>),
}

impl<'a> Client<'a> {
    pub fn new(configuration: &'a Configuration, transport: &'a dyn Transport) -> Self {
        Self {
            configuration,
            transport,
        }
    }

    /// Sends a PKCS#10 request, DER.
    ///
    /// A certificate that is not the right one is rejected at the authority before the
    /// error is given. A transaction whose answer was lost cannot be taken up again:
    /// begin another, the authority drops what nobody confirms.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn begin(&self, request: &[u8], now: UnixMillis) -> Result<Progress, Error> {
        VerifyingKey::of_request(request).map_err(|_| Error::Request)?;
        let read = CertReq::from_der(request).map_err(|_| Error::Request)?;
        let der = |value: der::Result<Vec<u8>>| value.map_err(|_| Error::Request);
        let mut transaction = Transaction {
            id: TransactionId::random()?,
            nonces: Vec::new(),
            begun_at: now,
            asked: AskedFor {
                subject: der(read.info.subject.to_der())?,
                key: der(read.info.public_key.to_der())?,
            },
        };
        let body = Body::P10cr(Any::from_der(request).map_err(|_| Error::Request)?);
        let answer = self.ask(&mut transaction, body, now)?;
        match &answer.body {
            Body::Ip(response) | Body::Cp(response) => {
                self.decided(transaction, response, &answer, now)
            }
            // The whole answer takes its time (RFC 9810 section 5.3.22).
            Body::Error(content) if content.status.status() == Status::Waiting => {
                Ok(Progress::Waiting(Waiting {
                    transaction,
                    cert_req_id: CERT_REQ_IDS[0],
                    polls: 0,
                    not_before: now,
                }))
            }
            other => Err(unexpected(other)),
        }
    }

    /// Asks again; None: still not decided. `waiting` has to be stored afterwards,
    /// whatever came of it.
    ///
    /// # Errors
    /// [`Error::TooEarly`] before [`Waiting::ask_at`], [`Error::Patience`] when it has
    /// taken too long altogether, else as [`Client::begin`].
    pub fn poll(&self, waiting: &mut Waiting, now: UnixMillis) -> Result<Option<Issued>, Error> {
        let patience = self.configuration.patience;
        if now < waiting.not_before {
            return Err(Error::TooEarly);
        }
        if waiting.polls >= patience.polls || now.0 >= self.last_moment(&waiting.transaction) {
            return Err(Error::Patience);
        }
        waiting.polls += 1;
        let cert_req_id = waiting.cert_req_id;
        let body = Body::PollReq(vec![PollReq { cert_req_id }]);
        let answer = self.ask(&mut waiting.transaction, body, now)?;
        match &answer.body {
            Body::PollRep(replies) => {
                self.put_off(waiting, replies, now)?;
                Ok(None)
            }
            Body::Ip(response) | Body::Cp(response) => {
                let transaction = waiting.transaction.clone();
                match self.decided(transaction, response, &answer, now)? {
                    Progress::Issued(issued) => Ok(Some(*issued)),
                    Progress::Waiting(again) => {
                        waiting.transaction = again.transaction;
                        waiting.cert_req_id = again.cert_req_id;
                        Ok(None)
                    }
                }
            }
            other => Err(unexpected(other)),
        }
    }

    /// Tells the authority that the certificate lies beside its key: never before it
    /// does. May be repeated when the answer was lost.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn confirm(&self, issued: &mut Issued, now: UnixMillis) -> Result<(), Error> {
        match self.conclude(issued, StatusInfo::of(Status::Accepted), now) {
            // The answer to an earlier confirmation got lost.
            Err(Error::Refused(status))
                if status.fail_info().any(|f| f == FailInfo::CERT_CONFIRMED) =>
            {
                Ok(())
            }
            done => done,
        }
    }

    /// Tells the authority that the certificate did not reach its key, so that it is
    /// revoked there. `text` names no person.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn reject(
        &self,
        issued: &mut Issued,
        reason: FailInfo,
        text: &'static str,
        now: UnixMillis,
    ) -> Result<(), Error> {
        let status = StatusInfo::rejection(reason, text).map_err(|_| Error::Encoding)?;
        self.conclude(issued, status, now)
    }

    fn conclude(
        &self,
        issued: &mut Issued,
        status: StatusInfo,
        now: UnixMillis,
    ) -> Result<(), Error> {
        let hash = issued.hash.digest(&issued.certificate)?;
        let status = CertStatus {
            cert_hash: OctetString::new(hash).map_err(|_| Error::Encoding)?,
            cert_req_id: issued.cert_req_id,
            status: Some(status),
            hash_alg: None,
        };
        let body = Body::CertConf(vec![status]);
        match self.ask(&mut issued.transaction, body, now)?.body {
            Body::PkiConf => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Asks the authority to end a certificate in use, on behalf of its holder (RFC 9483
    /// sections 4.2 and 5.3.2). May be repeated when the answer was lost: what is
    /// revoked already is no error.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Refused`] with [`Status::Waiting`] where the authority
    /// puts it off.
    pub fn revoke(
        &self,
        certificate: &DerCertificate,
        reason: CrlReason,
        now: UnixMillis,
    ) -> Result<(), Error> {
        let mut transaction = Transaction {
            id: TransactionId::random()?,
            nonces: Vec::new(),
            begun_at: now,
            asked: AskedFor {
                subject: Vec::new(),
                key: Vec::new(),
            },
        };
        let details = revocation::details(certificate, reason).map_err(|_| Error::Encoding)?;
        let body = Body::Rr(vec![details]);
        match self.ask(&mut transaction, body, now)?.body {
            Body::Rp(response) => revocation::judge(&response, certificate),
            Body::Error(content) => revocation::done_before(&content.status),
            other => Err(unexpected(&other)),
        }
    }

    /// Sends one message of a transaction and gives its answer, which is believed.
    fn ask(
        &self,
        transaction: &mut Transaction,
        body: Body,
        now: UnixMillis,
    ) -> Result<Message, Error> {
        let nonce = random()?;
        let sender = self.name();
        let header = self.header(transaction, &nonce, &sender, &body, now)?;
        let message = protect(header, &body, &self.configuration.credentials)?;
        let answer = self.transport.exchange(&message)?;
        let seen: Vec<Vec<u8>> = transaction.nonces.iter().map(|n| n.0.clone()).collect();
        let asked = Asked {
            transaction: transaction.id.as_bytes(),
            nonce: &nonce,
            seen: &seen,
            sender: &sender,
        };
        let (answer, theirs) = answer::accept(&answer, &asked, self.configuration, now)?;
        transaction.nonces.push(Nonce(theirs));
        let forgotten = transaction.nonces.len().saturating_sub(REMEMBERED);
        transaction.nonces.drain(..forgotten);
        Ok(answer)
    }

    /// Who we are: the subject of our certificate, or nobody who shares a secret.
    fn name(&self) -> GeneralName {
        match &self.configuration.credentials {
            Credentials::Signature(key) => directory_name(key.certificate().subject()),
            Credentials::Secret(_) => directory_name(&Name::default()),
        }
    }

    fn header(
        &self,
        transaction: &Transaction,
        nonce: &[u8],
        sender: &GeneralName,
        body: &Body,
        now: UnixMillis,
    ) -> Result<Header, Error> {
        let octets = |bytes: &[u8]| OctetString::new(bytes).map_err(|_| Error::Encoding);
        let since_1970 = std::time::Duration::from_millis(now.0.try_into().unwrap_or_default());
        let time = GeneralizedTime::from_unix_duration(since_1970).map_err(|_| Error::Encoding)?;
        let profile = match (&self.configuration.profile, body) {
            (Some(profile), Body::P10cr(_)) => {
                let value = Any::encode_from(&vec![profile.clone()]);
                Some(vec![InfoTypeAndValue {
                    info_type: CERT_PROFILE,
                    info_value: Some(value.map_err(|_| Error::Encoding)?),
                }])
            }
            _ => None,
        };
        let last = transaction.nonces.last();
        Ok(Header {
            pvno: CMP_2000,
            sender: sender.clone(),
            recipient: directory_name(&self.configuration.recipient),
            message_time: Some(time),
            protection_alg: None,
            sender_kid: None,
            recip_kid: None,
            transaction_id: Some(octets(transaction.id.as_bytes())?),
            sender_nonce: Some(octets(nonce)?),
            recip_nonce: last.map(|n| octets(&n.0)).transpose()?,
            free_text: None,
            general_info: profile,
        })
    }

    /// The one response to the one request.
    fn decided(
        &self,
        transaction: Transaction,
        response: &CertRepMessage,
        answer: &Message,
        now: UnixMillis,
    ) -> Result<Progress, Error> {
        let [one] = response.response.as_slice() else {
            return Err(Error::CertReqId);
        };
        if !CERT_REQ_IDS.contains(&one.cert_req_id) {
            return Err(Error::CertReqId);
        }
        match one.status.status() {
            Status::Accepted | Status::GrantedWithMods => {}
            Status::Waiting => {
                return Ok(Progress::Waiting(Waiting {
                    transaction,
                    cert_req_id: one.cert_req_id,
                    polls: 0,
                    not_before: now,
                }));
            }
            _ => return Err(Error::Refused(one.status.clone())),
        }
        let pair = one.certified_key_pair.as_ref().ok_or(Unfit::Malformed)?;
        let CertOrEncCert::Certificate(certificate) = &pair.cert_or_enc_cert else {
            return Err(Unfit::Encrypted.into());
        };
        let der = certificate.to_der().map_err(|_| Unfit::Malformed)?;
        let mut issued = Issued {
            transaction,
            cert_req_id: one.cert_req_id,
            certificate: der,
            extra: extra_certificates(response, answer),
            // Until it is known; a certificate that names none is rejected by this one.
            hash: crate::HashAlgorithm::Sha256,
        };
        let checked = if pair.private_key.is_some() {
            Err(Unfit::Encrypted)
        } else {
            self.judge(&issued, now)
        };
        match checked {
            Ok(hash) => {
                issued.hash = hash;
                Ok(Progress::Issued(Box::new(issued)))
            }
            Err(unfit) => {
                self.reject_unfit(&mut issued, now);
                Err(unfit.into())
            }
        }
    }

    fn judge(&self, issued: &Issued, now: UnixMillis) -> Result<crate::HashAlgorithm, Unfit> {
        let certificate =
            DerCertificate::from_der(&issued.certificate).map_err(|_| Unfit::Malformed)?;
        let extra: Vec<DerCertificate> = issued
            .extra_certificates()
            .filter_map(|der| DerCertificate::from_der(der).ok())
            .collect();
        let known = self.configuration.intermediates.iter().chain(&extra);
        let untrusted: Vec<&DerCertificate> = known.collect();
        let asked = &issued.transaction.asked;
        issued::check(&certificate, asked, &untrusted, self.configuration, now)
    }

    /// What is wrong with the certificate matters more than whether the authority took
    /// note; without a confirmation it drops the certificate anyway.
    fn reject_unfit(&self, issued: &mut Issued, now: UnixMillis) {
        if let Ok(certificate) = DerCertificate::from_der(&issued.certificate) {
            let algorithm = certificate.certificate().signature_algorithm();
            issued.hash = crate::HashAlgorithm::of_signature(algorithm).unwrap_or(issued.hash);
        }
        let text = "not the certificate that was asked for";
        let _ = self.reject(issued, FailInfo::BAD_CERT_TEMPLATE, text, now);
    }

    fn put_off(
        &self,
        waiting: &mut Waiting,
        replies: &[PollRep],
        now: UnixMillis,
    ) -> Result<(), Error> {
        let [reply] = replies else {
            return Err(Error::CertReqId);
        };
        if reply.cert_req_id != waiting.cert_req_id {
            return Err(Error::CertReqId);
        }
        let seconds = reply.check_after.max(0);
        waiting.not_before = UnixMillis(now.0.saturating_add(seconds.saturating_mul(1000)));
        // Asked to come back when it is too late: over now.
        if waiting.not_before.0 >= self.last_moment(&waiting.transaction) {
            return Err(Error::Patience);
        }
        Ok(())
    }

    fn last_moment(&self, transaction: &Transaction) -> i64 {
        let total = i64::try_from(self.configuration.patience.total).unwrap_or(i64::MAX);
        transaction.begun_at.0.saturating_add(total)
    }
}

fn unexpected(body: &Body) -> Error {
    match body {
        Body::Error(content) => Error::Refused(content.status.clone()),
        other => Error::UnexpectedBody(other.name()),
    }
}

fn extra_certificates(response: &CertRepMessage, answer: &Message) -> Vec<Extra> {
    let published = response.ca_pubs.iter().flatten();
    let published = published.filter_map(|any| any.to_der().ok());
    let all = published.chain(answer.extra_certs().iter().cloned());
    all.take(16).map(Extra).collect()
}
