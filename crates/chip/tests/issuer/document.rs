//! Documents: their data groups, and EF.SOD over them.

use chip::digest_algorithm::DigestAlgorithm;
use chip::{ChipFiles, DataGroup, FileId};

use super::{
    Envelope, Key, Kind, LDS_SECURITY_OBJECT, P256, SECURITY_OBJECT, Template, security_object,
    small, tlv,
};

/// ICAO 9303-5's example, of this issuing state.
pub fn dg1(state: &str) -> Vec<u8> {
    use chip::mrz::check_digit;
    let mut lines = String::from("I<");
    lines.push_str(state);
    lines.push_str("D231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<");
    let checked: Vec<u8> = [
        &lines[5..30],
        &lines[30..37],
        &lines[38..45],
        &lines[48..59],
    ]
    .concat()
    .into_bytes();
    lines.push(char::from(check_digit(checked)));
    lines.push_str("ERIKSSON<<ANNA<MARIA<<<<<<<<<<");
    tlv(0x61, &[&tlv(0x5F1F, &[lines.as_bytes()])])
}

pub fn dg2() -> Vec<u8> {
    let picture = [&[0xFF, 0xD8, 0xFF, 0xE0][..], &[0x5A; 40]].concat();
    let mut record = b"FAC\x00010\0".to_vec();
    record.extend((14 + 32 + picture.len() as u32).to_be_bytes());
    record.extend([0, 1]);
    record.extend((32 + picture.len() as u32).to_be_bytes());
    record.extend([0; 28]);
    record.extend(picture);
    let template = tlv(
        0x7F60,
        &[&tlv(0xA1, &[&tlv(0x81, &[&[2]])]), &tlv(0x5F2E, &[&record])],
    );
    tlv(0x75, &[&tlv(0x7F61, &[&small(1), &template])])
}

pub fn dg12(date: &str) -> Vec<u8> {
    tlv(0x6C, &[&tlv(0x5F26, &[date.as_bytes()])])
}

pub fn com(groups: &[(u8, Vec<u8>)], version: &str) -> Vec<u8> {
    let tags: Vec<u8> = groups.iter().map(|(_, file)| file[0]).collect();
    tlv(
        0x60,
        &[
            &tlv(0x5F01, &[version.as_bytes()]),
            &tlv(0x5F36, &[b"040000"]),
            &tlv(0x5C, &[&tags]),
        ],
    )
}

/// A document and all that went into it.
#[derive(Clone)]
pub struct Document {
    pub csca_key: Key,
    pub csca: Template,
    pub signer_key: Key,
    pub signer: Template,
    pub envelope: Envelope,
    pub groups: Vec<(u8, Vec<u8>)>,
    pub digest: DigestAlgorithm,
    pub v1: bool,
    /// The SecurityInfos of EF.CardSecurity, where there is one.
    pub infos: Option<Vec<u8>>,
}

impl Document {
    pub fn new(csca: Kind, signer: Kind) -> Document {
        let signer_key = Key::generate(signer);
        let mut envelope = Envelope::new(LDS_SECURITY_OBJECT);
        envelope.digest = signer_key.digest();
        Document {
            csca_key: Key::generate(csca),
            csca: Template::csca("KZ"),
            digest: signer_key.digest(),
            signer_key,
            signer: Template::signer("KZ"),
            envelope,
            groups: vec![(1, dg1("KAZ")), (2, dg2()), (12, dg12("20240701"))],
            v1: false,
            infos: None,
        }
    }

    pub fn plain() -> Document {
        Document::new(P256, P256)
    }

    pub fn csca_der(&self) -> Vec<u8> {
        self.csca.certify(&self.csca_key, &self.csca_key)
    }

    pub fn signer_der(&self) -> Vec<u8> {
        self.signer.certify(&self.signer_key, &self.csca_key)
    }

    pub fn cms(&self) -> Vec<u8> {
        let object = security_object(&self.groups, self.digest, self.v1);
        self.envelope.sign(
            &object,
            &self.signer,
            &[&self.signer_der()],
            &self.signer_key,
        )
    }

    /// As EF.SOD, but for its content.
    pub fn card_security(&self, infos: &[u8]) -> Vec<u8> {
        let envelope = Envelope {
            content_type: SECURITY_OBJECT,
            ..self.envelope.clone()
        };
        envelope.sign(infos, &self.signer, &[&self.signer_der()], &self.signer_key)
    }

    pub fn files(&self) -> ChipFiles {
        let mut files = ChipFiles::default();
        for (number, file) in &self.groups {
            let id = FileId::DataGroup(DataGroup::new(*number).unwrap());
            files.insert(id, file.clone());
        }
        let version = if self.v1 { "0108" } else { "0107" };
        files.insert(FileId::Com, com(&self.groups, version));
        files.insert(FileId::Sod, tlv(0x77, &[&self.cms()]));
        if let Some(infos) = &self.infos {
            files.insert(FileId::CardSecurity, self.card_security(infos));
        }
        files
    }
}

/// SecurityInfos: PACE with the chip-authentication mapping over brainpoolP256r1,
/// with the generic one, and chip authentication by AES-128.
pub const PACE_CAM: &str = "3012060A04007F0007020204060202010202010D";
pub const PACE_GM: &str = "3012060A04007F0007020204020202010202010D";
pub const CHIP_AUTHENTICATION: &str = "300F060A04007F00070202030202020101";

/// The SET of these.
pub fn security_infos(infos: &[&str]) -> Vec<u8> {
    tlv(0x31, &[&hex::decode(infos.concat()).unwrap()])
}
