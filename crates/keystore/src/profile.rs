//! Object identifiers of the National Certification Authority's profile, and of
//! the algorithms in use.
//!
//! Arc 1.2.398.3.3 belongs to the authority. Values are those of its published
//! certificates, requests and test suite.

use const_oid::ObjectIdentifier;
use exchange::StorageType;

/// extendedKeyUsage: the subject is a natural person.
pub const NATURAL_PERSON: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.398.3.3.4.1.1");
/// extendedKeyUsage: identified at a service centre.
pub const IDENTIFIED_AT_SERVICE_CENTRE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.398.3.3.4.3.1");
/// extendedKeyUsage: identified remotely.
pub const IDENTIFIED_REMOTELY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.398.3.3.4.3.2");
/// extendedKeyUsage: identified remotely with a Digital ID.
pub const IDENTIFIED_BY_DIGITAL_ID: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.398.3.3.4.3.2.1");
/// certificatePolicies of signing certificates.
pub const CERTIFICATE_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.398.3.3.2");
/// Extension that names the type of the key storage.
pub const STORE_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.398.3.3.5");
/// Value of [`STORE_TYPE`]: a PKCS#12 file.
pub const STORE_TYPE_PKCS12: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.398.3.3.5.1.1");

/// id-kp-emailProtection, RFC 5280 section 4.2.1.12.
pub const EMAIL_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
/// id-kp-clientAuth, RFC 5280 section 4.2.1.12.
pub const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
/// id-kp-OCSPSigning, RFC 5280 section 4.2.1.12.
pub const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");

/// rsaEncryption, RFC 8017 appendix A.1.
pub const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// sha256WithRSAEncryption, RFC 8017 appendix A.2.4.
pub const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
/// id-ecPublicKey, RFC 5480 section 2.1.1.
pub const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// secp256r1, RFC 5480 section 2.1.1.1.
pub const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// ecdsa-with-SHA256, RFC 5758 section 3.2.
pub const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// commonName, X.520.
pub const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// surname, X.520.
pub const SURNAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.4");
/// serialNumber, X.520; holds `IIN` and 12 digits.
pub const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");
/// countryName, X.520.
pub const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
/// organizationName, X.520.
pub const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
/// givenName, X.520; the authority puts the patronymic here.
pub const GIVEN_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.42");

/// The value of [`STORE_TYPE`] for a storage. Only that of the file is
/// published; requests for other storages go without the extension.
pub fn store_type(storage: StorageType) -> Option<ObjectIdentifier> {
    (storage == StorageType::Pkcs12).then_some(STORE_TYPE_PKCS12)
}
