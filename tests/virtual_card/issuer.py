"""The issuing state: CSCA, document signer and EF.SOD (ICAO 9303-12, 9303-10, 4.6.2)."""

import datetime
import hashlib
from typing import Literal

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from virtual_card import tlv

SignerKey = Literal["ecdsa", "rsa", "rsa-pss"]

LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
SINCE = datetime.datetime(2023, 1, 1)
SIGNED = datetime.datetime(2024, 6, 23, 12)

COUNTRIES = {"KAZ": ("KZ", "Qazaqstan"), "UTO": ("UT", "Utopia")}
"""Country code and name in certificates, by the state in the zone."""


class Digest(core.Sequence):  # type: ignore[misc]
    """DataGroupHash."""

    _fields = [("number", core.Integer), ("value", core.OctetString)]


class Digests(core.SequenceOf):  # type: ignore[misc]
    """One for each data group."""

    _child_spec = Digest


class LdsSecurityObject(core.Sequence):  # type: ignore[misc]
    """LDSSecurityObject, version 0."""

    _fields = [
        ("version", core.Integer),
        ("algorithm", cms.DigestAlgorithm),
        ("digests", Digests),
    ]


class Issuer:
    """A CSCA with one document signer, made anew each time."""

    def __init__(self, state: str, signer_key: SignerKey) -> None:
        self._country, self._organization = COUNTRIES[state]
        self._kind = signer_key
        self._csca_key = ec.generate_private_key(ec.BrainpoolP384R1())
        self._key = _signer_key(signer_key)
        self.csca = self._certificate_of_csca()
        self.signer = self._certificate_of_signer()

    def sod(self, data_groups: dict[int, bytes]) -> bytes:
        """EF.SOD over these data groups."""
        algorithm = {"algorithm": "sha256"}
        content = LdsSecurityObject(
            {
                "version": 0,
                "algorithm": algorithm,
                "digests": [
                    {"number": number, "value": hashlib.sha256(file).digest()}
                    for number, file in sorted(data_groups.items())
                ],
            }
        ).dump()
        signer = asn1_x509.Certificate.load(self.signer.public_bytes(serialization.Encoding.DER))
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": [LDS_SECURITY_OBJECT]},
                {"type": "signing_time", "values": [_utc(SIGNED)]},
                {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
            ]
        )
        name, signature = self._sign(attributes.dump())
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [algorithm],
                "encap_content_info": {
                    "content_type": LDS_SECURITY_OBJECT,
                    "content": core.ParsableOctetString(content),
                },
                "certificates": [signer],
                "signer_infos": [
                    {
                        "version": "v1",
                        "sid": cms.SignerIdentifier(
                            "issuer_and_serial_number",
                            {"issuer": signer.issuer, "serial_number": signer.serial_number},
                        ),
                        "digest_algorithm": algorithm,
                        "signed_attrs": attributes,
                        "signature_algorithm": name,
                        "signature": signature,
                    }
                ],
            }
        )
        message = cms.ContentInfo({"content_type": "signed_data", "content": signed})
        return tlv.write(0x77, message.dump())

    def _sign(self, octets: bytes) -> tuple[dict[str, object], bytes]:
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return {"algorithm": "sha256_ecdsa"}, self._key.sign(octets, ec.ECDSA(hashes.SHA256()))
        if self._kind == "rsa":
            signature = self._key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
            return {"algorithm": "sha256_rsa"}, signature
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        digest = {"algorithm": "sha256"}
        parameters = {
            "hash_algorithm": digest,
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": digest},
            "salt_length": 32,
        }
        signature = self._key.sign(octets, pss, hashes.SHA256())
        return {"algorithm": "rsassa_pss", "parameters": parameters}, signature

    def _certificate_of_csca(self) -> x509.Certificate:
        public = self._csca_key.public_key()
        return (
            self._builder("CSCA", 15)
            .public_key(public)
            .serial_number(1)
            .add_extension(x509.BasicConstraints(True, 0), True)
            .add_extension(_key_usage(certificates=True), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
            .sign(self._csca_key, hashes.SHA384())
        )

    def _certificate_of_signer(self) -> x509.Certificate:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._csca_key.public_key())
        return (
            self._builder("Document Signer 1", 12)
            .public_key(self._key.public_key())
            .serial_number(77)
            .add_extension(_key_usage(certificates=False), True)
            .add_extension(authority, False)
            .sign(self._csca_key, hashes.SHA384())
        )

    def _builder(self, subject: str, years: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(self._name(subject))
            .issuer_name(self._name("CSCA"))
            .not_valid_before(SINCE)
            .not_valid_after(SINCE.replace(year=SINCE.year + years))
        )

    def _name(self, common_name: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, self._country),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self._organization),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{self._organization} {common_name}"),
            ]
        )


def _signer_key(kind: SignerKey) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if kind == "ecdsa":
        return ec.generate_private_key(ec.BrainpoolP256R1())
    return rsa.generate_private_key(65537, 2048)


def _key_usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _utc(moment: datetime.datetime) -> cms.Time:
    return cms.Time("utc_time", core.UTCTime(moment.replace(tzinfo=datetime.UTC)))
