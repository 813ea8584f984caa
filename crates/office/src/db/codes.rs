//! One-time codes, tries and proofs of a phone.

use exchange::{KioskId, PhoneNumber, SubmissionId, UnixMillis, api::CodePurpose};
use rusqlite::{Connection, OptionalExtension, Row, params};

pub fn purpose_text(purpose: CodePurpose) -> &'static str {
    match purpose {
        CodePurpose::Enrol => "enrol",
        CodePurpose::Collect => "collect",
    }
}

pub struct SentCode {
    pub kiosk: String,
    pub phone: PhoneNumber,
    pub mac: String,
    pub sent_at: UnixMillis,
    pub expires_at: UnixMillis,
    pub proof: Option<String>,
}

fn phone(text: &str) -> rusqlite::Result<PhoneNumber> {
    PhoneNumber::parse(text).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(e))
    })
}

pub fn sent(
    c: &Connection,
    purpose: CodePurpose,
    submission: SubmissionId,
) -> rusqlite::Result<Option<SentCode>> {
    c.query_row(
        "SELECT kiosk, phone, code_mac, sent_at, expires_at, proof FROM phone_code
         WHERE purpose = ? AND submission = ?",
        params![purpose_text(purpose), submission.to_string()],
        |r| {
            Ok(SentCode {
                kiosk: r.get(0)?,
                phone: phone(&r.get::<_, String>(1)?)?,
                mac: r.get(2)?,
                sent_at: UnixMillis(r.get(3)?),
                expires_at: UnixMillis(r.get(4)?),
                proof: r.get(5)?,
            })
        },
    )
    .optional()
}

/// Remembers a code that is about to be sent; an earlier one is good no more.
pub fn remember(
    c: &Connection,
    purpose: CodePurpose,
    submission: SubmissionId,
    code: &SentCode,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT OR REPLACE INTO phone_code
         (purpose, submission, kiosk, phone, code_mac, sent_at, expires_at, proof)
         VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
        params![
            purpose_text(purpose),
            submission.to_string(),
            code.kiosk,
            code.phone.expose(),
            code.mac,
            code.sent_at.0,
            code.expires_at.0
        ],
    )
    .map(drop)
}

/// Tries spent on a number, and until when it is frozen.
#[derive(Default)]
pub struct Tries {
    pub wrong: u8,
    pub last_wrong_at: UnixMillis,
    pub frozen_until: Option<UnixMillis>,
}

pub fn tries(c: &Connection, phone: &PhoneNumber) -> rusqlite::Result<Tries> {
    c.query_row(
        "SELECT wrong, last_wrong_at, frozen_until FROM phone_tries WHERE phone = ?",
        [phone.expose()],
        |r: &Row| {
            Ok(Tries {
                wrong: r.get(0)?,
                last_wrong_at: UnixMillis(r.get(1)?),
                frozen_until: r.get::<_, Option<i64>>(2)?.map(UnixMillis),
            })
        },
    )
    .optional()
    .map(Option::unwrap_or_default)
}

pub fn set_tries(c: &Connection, phone: &PhoneNumber, tries: &Tries) -> rusqlite::Result<()> {
    c.execute(
        "INSERT OR REPLACE INTO phone_tries (phone, wrong, last_wrong_at, frozen_until)
         VALUES (?, ?, ?, ?)",
        params![
            phone.expose(),
            tries.wrong,
            tries.last_wrong_at.0,
            tries.frozen_until.map(|t| t.0)
        ],
    )
    .map(drop)
}

/// The code was right: records `proof` and forgets the wrong tries.
pub fn prove(
    c: &Connection,
    purpose: CodePurpose,
    submission: SubmissionId,
    code: &SentCode,
    proof: &str,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let purpose = purpose_text(purpose);
    c.execute(
        "UPDATE phone_code SET proof = ? WHERE purpose = ? AND submission = ?",
        params![proof, purpose, submission.to_string()],
    )?;
    c.execute(
        "INSERT INTO phone_proof (proof, purpose, submission, kiosk, phone, proven_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        params![
            proof,
            purpose,
            submission.to_string(),
            code.kiosk,
            code.phone.expose(),
            now.0
        ],
    )?;
    c.execute(
        "DELETE FROM phone_tries WHERE phone = ?",
        [code.phone.expose()],
    )
    .map(drop)
}

pub struct Proof {
    pub phone: PhoneNumber,
    pub proven_at: UnixMillis,
}

fn proof(r: &Row) -> rusqlite::Result<Proof> {
    Ok(Proof {
        phone: phone(&r.get::<_, String>(0)?)?,
        proven_at: UnixMillis(r.get(1)?),
    })
}

/// The record behind the proof that a form names, if it is of this submission and kiosk.
pub fn enrol_proof(
    c: &Connection,
    text: &str,
    submission: SubmissionId,
    kiosk: &KioskId,
) -> rusqlite::Result<Option<Proof>> {
    c.query_row(
        "SELECT phone, proven_at FROM phone_proof
         WHERE proof = ? AND purpose = 'enrol' AND submission = ? AND kiosk = ?",
        params![text, submission.to_string(), kiosk.as_str()],
        proof,
    )
    .optional()
}

/// The newest proof of purpose enrol for this submission at this kiosk.
pub fn newest_enrol_proof(
    c: &Connection,
    submission: SubmissionId,
    kiosk: &KioskId,
) -> rusqlite::Result<Option<Proof>> {
    c.query_row(
        "SELECT phone, proven_at FROM phone_proof
         WHERE purpose = 'enrol' AND submission = ? AND kiosk = ?
         ORDER BY proven_at DESC LIMIT 1",
        params![submission.to_string(), kiosk.as_str()],
        proof,
    )
    .optional()
}
