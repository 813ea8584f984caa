//! Making a key pair inside a token, and reading its public half.

use cryptoki::{
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
};
use der::{Decode, Encode, asn1::OctetStringRef};
use exchange::KeyAlgorithm;
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey, EcPoint},
    error::ErrorStack,
    nid::Nid,
    pkey::PKey,
    rsa::Rsa,
};

use super::{Place, Template, inventory::PENDING, session::TokenSession};
use crate::{PrivateKeyError, PublicKey, StorageError, profile};

/// 65537.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// A key pair that was just made.
pub(super) struct Made {
    pub id: Vec<u8>,
    pub public: PublicKey,
}

impl TokenSession<'_> {
    /// Who may write has to be logged in.
    pub fn make_key_pair(
        &self,
        algorithm: KeyAlgorithm,
        place: Option<&Place>,
    ) -> Result<Made, StorageError> {
        let id = match place {
            Some(place) => place.id.clone(),
            // Until the public half is known, from which the identifier follows.
            None => random_id()?,
        };
        let mechanism = match algorithm {
            KeyAlgorithm::Rsa2048 => Mechanism::RsaPkcsKeyPairGen,
            KeyAlgorithm::EcdsaP256 => Mechanism::EccKeyPairGen,
        };
        let (public, private) = self.templates(algorithm, &id)?;
        let (public, private) = self
            .session
            .generate_key_pair(&mechanism, &public, &private)?;
        let made = || {
            let key = self.public_key(public, algorithm)?;
            self.refuse_extractable(private)?;
            Ok(key)
        };
        let key = match made() {
            Ok(key) => key,
            Err(e) => {
                // A key that cannot be used is not left behind; if this fails too, the
                // next run finds it by its label.
                let _ = self.session.destroy_object(private);
                let _ = self.session.destroy_object(public);
                return Err(e);
            }
        };
        let named = || {
            let name = [Attribute::Id(key.id().as_bytes().to_vec())];
            self.session.update_attributes(private, &name)?;
            self.session.update_attributes(public, &name)
        };
        let id = match place {
            None if named().is_ok() => key.id().as_bytes().to_vec(),
            _ => id,
        };
        Ok(Made { id, public: key })
    }

    /// PKCS #11 2.40 sections 4.8 and 4.9.
    fn templates(
        &self,
        algorithm: KeyAlgorithm,
        id: &[u8],
    ) -> Result<(Vec<Attribute>, Vec<Attribute>), StorageError> {
        let (key_type, size) = match algorithm {
            KeyAlgorithm::Rsa2048 => (
                KeyType::RSA,
                vec![
                    Attribute::ModulusBits(2048.into()),
                    Attribute::PublicExponent(EXPONENT.to_vec()),
                ],
            ),
            KeyAlgorithm::EcdsaP256 => {
                let curve = profile::P256.to_der();
                let curve = curve.map_err(|_| PrivateKeyError::Generation);
                let curve = curve.map_err(StorageError::Key)?;
                (KeyType::EC, vec![Attribute::EcParams(curve)])
            }
        };
        let about = |class| {
            vec![
                Attribute::Class(class),
                Attribute::KeyType(key_type),
                Attribute::Id(id.to_vec()),
            ]
        };
        let mut public = about(ObjectClass::PUBLIC_KEY);
        public.extend(size);
        let mut private = about(ObjectClass::PRIVATE_KEY);
        if self.profile.keys.template == Template::Full {
            let label = || Attribute::Label(PENDING.as_bytes().to_vec());
            public.extend([
                Attribute::Token(true),
                Attribute::Private(false),
                Attribute::Verify(true),
                label(),
            ]);
            private.extend([
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Sign(true),
                label(),
            ]);
        }
        Ok((public, private))
    }

    /// A module may take a template and not keep to it.
    fn refuse_extractable(&self, private: ObjectHandle) -> Result<(), StorageError> {
        let asked = [AttributeType::Sensitive, AttributeType::Extractable];
        for attribute in self.session.get_attributes(private, &asked)? {
            match attribute {
                Attribute::Sensitive(false) | Attribute::Extractable(true) => {
                    return Err(StorageError::TokenUnknown);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn public_key(
        &self,
        key: ObjectHandle,
        algorithm: KeyAlgorithm,
    ) -> Result<PublicKey, StorageError> {
        let asked: &[AttributeType] = match algorithm {
            KeyAlgorithm::Rsa2048 => &[AttributeType::Modulus, AttributeType::PublicExponent],
            KeyAlgorithm::EcdsaP256 => &[AttributeType::EcPoint],
        };
        let (mut modulus, mut exponent, mut point) = (None, None, None);
        for attribute in self.session.get_attributes(key, asked)? {
            match attribute {
                Attribute::Modulus(bytes) => modulus = Some(bytes),
                Attribute::PublicExponent(bytes) => exponent = Some(bytes),
                Attribute::EcPoint(bytes) => point = Some(bytes),
                _ => {}
            }
        }
        let info = match (modulus, exponent, point) {
            (Some(modulus), Some(exponent), _) => rsa_info(&modulus, &exponent),
            (_, _, Some(point)) => p256_info(&point),
            _ => return Err(StorageError::TokenFailed),
        };
        let info = info.map_err(|_| StorageError::TokenFailed)?;
        PublicKey::from_der(&info).map_err(|e| StorageError::Key(e.into()))
    }
}

fn random_id() -> Result<Vec<u8>, StorageError> {
    let mut id = vec![0; 20];
    getrandom::fill(&mut id).map_err(|_| StorageError::Key(PrivateKeyError::Generation))?;
    Ok(id)
}

/// SubjectPublicKeyInfo, DER.
fn rsa_info(modulus: &[u8], exponent: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let key =
        Rsa::from_public_components(BigNum::from_slice(modulus)?, BigNum::from_slice(exponent)?)?;
    PKey::from_rsa(key)?.public_key_to_der()
}

/// SubjectPublicKeyInfo, DER. CKA_EC_POINT is the point in an OCTET STRING; some
/// modules give it without.
fn p256_info(point: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let point = <&OctetStringRef>::from_der(point).map_or(point, OctetStringRef::as_bytes);
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let point = EcPoint::from_bytes(&group, point, &mut *BigNumContext::new()?)?;
    PKey::from_ec_key(EcKey::from_public_key(&group, &point)?)?.public_key_to_der()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PrivateKey;

    #[test]
    fn both_forms_of_a_point_are_one_key() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let raw = key.public().info().subject_public_key.raw_bytes();
        let wrapped = OctetStringRef::new(raw).unwrap().to_der().unwrap();
        for point in [raw, &wrapped] {
            let read = PublicKey::from_der(&p256_info(point).unwrap()).unwrap();
            assert_eq!(read.id(), key.public().id());
        }
        for broken in [&[][..], &raw[..64], &[4; 65], &wrapped[..66]] {
            assert!(p256_info(broken).is_err());
        }
    }
}
