//! An issuing state made up for tests: its keys, certificates, master lists,
//! revocation lists and documents, written byte by byte so that any of them can be
//! as unusual, or as wrong, as real ones are. It shares no code with what reads them
//! but the writing of data objects.

// No test uses all of it.
#![allow(dead_code)]

mod document;
mod key;

use chip::digest_algorithm::DigestAlgorithm::{self, *};
use chip::tlv::write;

pub use document::*;
pub use key::*;

/// 2024-07-01.
pub const SIGNED_AT: u64 = 1_719_792_000;
/// 2026-01-01.
pub const READ_AT: u64 = 1_767_225_600;

pub const LDS_SECURITY_OBJECT: &str = "2.23.136.1.1.1";
pub const SECURITY_OBJECT: &str = "0.4.0.127.0.7.3.2.1";
pub const CSCA_MASTER_LIST: &str = "2.23.136.1.1.2";
pub const MASTER_LIST_SIGNING_KEY: &str = "2.23.136.1.1.3";
pub const DATA: &str = "1.2.840.113549.1.7.1";

pub fn tlv(tag: u32, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, tag, &parts.concat());
    out
}

pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts)
}

pub fn oid(text: &str) -> Vec<u8> {
    use der::Encode;
    der::asn1::ObjectIdentifier::new_unwrap(text)
        .to_der()
        .unwrap()
}

pub fn small(number: u8) -> Vec<u8> {
    tlv(2, &[&[number]])
}

/// Without parameters.
pub fn identifier(text: &str) -> Vec<u8> {
    sequence(&[&oid(text)])
}

fn digest_identifier(digest: DigestAlgorithm) -> Vec<u8> {
    identifier(&digest.oid().to_string())
}

fn bits(content: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], content])
}

/// `C=country, CN=common`.
pub fn name(country: &str, common: &str) -> Vec<u8> {
    let attribute = |kind, tag, text: &str| {
        tlv(
            0x31,
            &[&sequence(&[&oid(kind), &tlv(tag, &[text.as_bytes()])])],
        )
    };
    sequence(&[
        &attribute("2.5.4.6", 0x13, country),
        &attribute("2.5.4.3", 0x0C, common),
    ])
}

fn time(year: u16) -> Vec<u8> {
    tlv(0x17, &[format!("{:02}0101000000Z", year - 2000).as_bytes()])
}

fn extension(kind: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xFF] } else { &[] };
    sequence(&[&oid(kind), critical, &tlv(4, &[value])])
}

#[derive(Clone)]
pub struct Template {
    pub subject: Vec<u8>,
    pub issuer: Vec<u8>,
    /// As encoded.
    pub serial: Vec<u8>,
    /// First of January of both years.
    pub valid: (u16, u16),
    pub authority: bool,
    /// First byte of `keyUsage` and its unused bits.
    pub key_usage: (u8, u8),
    pub purpose: Option<&'static str>,
    pub subject_key: Option<Vec<u8>>,
    /// Replaces the key's own.
    pub key_info: Option<Vec<u8>>,
}

impl Template {
    pub fn csca(country: &str) -> Template {
        Template {
            subject: name(country, "CSCA"),
            issuer: name(country, "CSCA"),
            serial: vec![1],
            valid: (2020, 2035),
            authority: true,
            // keyCertSign and cRLSign.
            key_usage: (0x06, 1),
            purpose: None,
            subject_key: None,
            key_info: None,
        }
    }

    pub fn signer(country: &str) -> Template {
        Template {
            subject: name(country, "Document Signer"),
            serial: vec![0x77],
            valid: (2024, 2034),
            authority: false,
            // digitalSignature.
            key_usage: (0x80, 7),
            ..Template::csca(country)
        }
    }

    /// A certificate for `key`, signed by `by`.
    pub fn certify(&self, key: &Key, by: &Key) -> Vec<u8> {
        let (usage, unused) = self.key_usage;
        let mut extensions = extension("2.5.29.15", true, &tlv(3, &[&[unused, usage]]));
        if self.authority {
            let constraints = sequence(&[&[1, 1, 0xFF], &small(0)]);
            extensions.extend(extension("2.5.29.19", true, &constraints));
        }
        if let Some(id) = &self.subject_key {
            extensions.extend(extension("2.5.29.14", false, &tlv(4, &[id])));
        }
        if let Some(purpose) = self.purpose {
            extensions.extend(extension("2.5.29.37", true, &sequence(&[&oid(purpose)])));
        }
        let signed = sequence(&[
            &tlv(0xA0, &[&small(2)]),
            &tlv(2, &[&self.serial]),
            &by.algorithm(),
            &self.issuer,
            &sequence(&[&time(self.valid.0), &time(self.valid.1)]),
            &self.subject,
            self.key_info.as_deref().unwrap_or(&key.info),
            &tlv(0xA3, &[&sequence(&[&extensions])]),
        ]);
        sequence(&[&signed, &by.algorithm(), &bits(&by.sign(&signed))])
    }
}

/// A revocation list of `issuer` from 2025 to `next`.
pub fn revocation_list(issuer: &[u8], by: &Key, serials: &[&[u8]], next: u16) -> Vec<u8> {
    let entries: Vec<u8> = serials
        .iter()
        .flat_map(|serial| sequence(&[&tlv(2, &[serial]), &time(2025)]))
        .collect();
    let entries = if entries.is_empty() {
        Vec::new()
    } else {
        sequence(&[&entries])
    };
    let signed = sequence(&[
        &small(1),
        &by.algorithm(),
        issuer,
        &time(2025),
        &time(next),
        &entries,
    ]);
    sequence(&[&signed, &by.algorithm(), &bits(&by.sign(&signed))])
}

/// How SignedData is put together.
#[derive(Clone)]
pub struct Envelope {
    pub content_type: &'static str,
    pub digest: DigestAlgorithm,
    /// Named by subject key instead of issuer and serial number.
    pub by_subject_key: bool,
    /// UTCTime.
    pub signing_time: Option<&'static str>,
    pub without_attributes: bool,
    /// `rsaEncryption` instead of the algorithm with its hash.
    pub rsa_encryption: bool,
    /// Unsigned attributes, for there may be some.
    pub unsigned_attributes: bool,
    /// By the same signer two times.
    pub twice: bool,
}

impl Envelope {
    pub fn new(content_type: &'static str) -> Envelope {
        Envelope {
            content_type,
            digest: Sha256,
            by_subject_key: false,
            signing_time: None,
            without_attributes: false,
            rsa_encryption: false,
            unsigned_attributes: false,
            twice: false,
        }
    }

    pub fn sign(
        &self,
        content: &[u8],
        template: &Template,
        certificates: &[&[u8]],
        key: &Key,
    ) -> Vec<u8> {
        let attribute = |kind, value: &[u8]| sequence(&[&oid(kind), &tlv(0x31, &[value])]);
        let mut attributes = vec![
            attribute("1.2.840.113549.1.9.3", &oid(self.content_type)),
            attribute(
                "1.2.840.113549.1.9.4",
                &tlv(4, &[&self.digest.digest(content).unwrap()]),
            ),
        ];
        if let Some(time) = self.signing_time {
            attributes.push(attribute(
                "1.2.840.113549.1.9.5",
                &tlv(0x17, &[time.as_bytes()]),
            ));
        }
        // A SET OF in DER is sorted.
        attributes.sort();
        let attributes = attributes.concat();
        let signed = if self.without_attributes {
            content.to_vec()
        } else {
            tlv(0x31, &[&attributes])
        };
        let id = match (&template.subject_key, self.by_subject_key) {
            (Some(id), true) => tlv(0x80, &[id]),
            _ => sequence(&[&template.issuer, &tlv(2, &[&template.serial])]),
        };
        let signed_attributes = if self.without_attributes {
            Vec::new()
        } else {
            tlv(0xA0, &[&attributes])
        };
        let algorithm = if self.rsa_encryption {
            sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]])
        } else {
            key.algorithm()
        };
        let unsigned = if self.unsigned_attributes {
            tlv(0xA1, &[&attribute("1.2.3.4", &small(1))])
        } else {
            Vec::new()
        };
        let signer = sequence(&[
            &small(if self.by_subject_key { 3 } else { 1 }),
            &id,
            &digest_identifier(self.digest),
            &signed_attributes,
            &algorithm,
            &tlv(4, &[&key.sign(&signed)]),
            &unsigned,
        ]);
        let data = sequence(&[
            &small(3),
            &tlv(0x31, &[&digest_identifier(self.digest)]),
            &sequence(&[&oid(self.content_type), &tlv(0xA0, &[&tlv(4, &[content])])]),
            &tlv(0xA0, certificates),
            &tlv(0x31, &[&signer, if self.twice { &signer } else { &[] }]),
        ]);
        sequence(&[&oid("1.2.840.113549.1.7.2"), &tlv(0xA0, &[&data])])
    }
}

pub fn security_object(groups: &[(u8, Vec<u8>)], digest: DigestAlgorithm, v1: bool) -> Vec<u8> {
    let digests: Vec<u8> = groups
        .iter()
        .flat_map(|(number, file)| {
            let digest = digest.digest(file).unwrap();
            sequence(&[&small(*number), &tlv(4, &[&digest])])
        })
        .collect();
    let versions = if v1 {
        sequence(&[&tlv(0x13, &[b"0108"]), &tlv(0x13, &[b"040000"])])
    } else {
        Vec::new()
    };
    sequence(&[
        &small(u8::from(v1)),
        &digest_identifier(digest),
        &sequence(&[&digests]),
        &versions,
    ])
}

pub fn master_list(certificates: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[&small(0), &tlv(0x31, &[&certificates.concat()])])
}
