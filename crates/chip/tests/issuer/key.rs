//! Keys of every kind that documents are signed with.

use chip::digest_algorithm::DigestAlgorithm::{self, *};
use openssl::bn::BigNum;
use openssl::ec::{Asn1Flag, EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};

use super::{digest_identifier, identifier, oid, sequence, small, tlv};

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Ec(Nid, DigestAlgorithm),
    /// With its parameters spelt out.
    ExplicitEc(Nid, DigestAlgorithm),
    /// Bits and exponent.
    Pkcs1(u32, u32, DigestAlgorithm),
    /// Hash, hash of the mask, bytes of salt.
    Pss(DigestAlgorithm, DigestAlgorithm, u8),
}

pub const P256: Kind = Kind::Ec(Nid::X9_62_PRIME256V1, Sha256);

#[derive(Clone)]
pub struct Key {
    pub kind: Kind,
    pub private: PKey<Private>,
    pub info: Vec<u8>,
}

impl Key {
    pub fn generate(kind: Kind) -> Key {
        let private = match kind {
            Kind::Ec(nid, _) | Kind::ExplicitEc(nid, _) => {
                let mut group = EcGroup::from_curve_name(nid).unwrap();
                if matches!(kind, Kind::ExplicitEc(..)) {
                    group.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
                }
                PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
            }
            Kind::Pkcs1(bits, exponent, _) => {
                let e = BigNum::from_u32(exponent).unwrap();
                PKey::from_rsa(Rsa::generate_with_e(bits, &e).unwrap()).unwrap()
            }
            Kind::Pss(..) => PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap(),
        };
        Key {
            kind,
            info: private.public_key_to_der().unwrap(),
            private,
        }
    }

    pub fn digest(&self) -> DigestAlgorithm {
        match self.kind {
            Kind::Ec(_, digest)
            | Kind::ExplicitEc(_, digest)
            | Kind::Pkcs1(_, _, digest)
            | Kind::Pss(digest, ..) => digest,
        }
    }

    pub fn algorithm(&self) -> Vec<u8> {
        let index = match self.digest() {
            Sha1 => 0,
            Sha224 => 1,
            Sha256 => 2,
            Sha384 => 3,
            Sha512 => 4,
        };
        match self.kind {
            Kind::Ec(..) | Kind::ExplicitEc(..) => identifier(
                [
                    "1.2.840.10045.4.1",
                    "1.2.840.10045.4.3.1",
                    "1.2.840.10045.4.3.2",
                    "1.2.840.10045.4.3.3",
                    "1.2.840.10045.4.3.4",
                ][index],
            ),
            Kind::Pkcs1(..) => {
                let number = [5, 14, 11, 12, 13][index];
                let name = oid(&format!("1.2.840.113549.1.1.{number}"));
                sequence(&[&name, &[5, 0]])
            }
            Kind::Pss(digest, mask, salt) => {
                let mask = sequence(&[&oid("1.2.840.113549.1.1.8"), &digest_identifier(mask)]);
                let parameters = sequence(&[
                    &tlv(0xA0, &[&digest_identifier(digest)]),
                    &tlv(0xA1, &[&mask]),
                    &tlv(0xA2, &[&small(salt)]),
                ]);
                sequence(&[&oid("1.2.840.113549.1.1.10"), &parameters])
            }
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signer = Signer::new(self.digest().message_digest(), &self.private).unwrap();
        if let Kind::Pss(_, mask, salt) = self.kind {
            signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
            let salt = RsaPssSaltlen::custom(i32::from(salt));
            signer.set_rsa_pss_saltlen(salt).unwrap();
            signer.set_rsa_mgf1_md(mask.message_digest()).unwrap();
        }
        signer.sign_oneshot_to_vec(message).unwrap()
    }
}
