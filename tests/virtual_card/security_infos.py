"""SecurityInfos of EF.CardAccess and DG14 (ICAO 9303-11, 9.2; TR-03110-3, A.1.1)."""

from asn1crypto import core, keys
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

PACE_PREFIX = "0.4.0.127.0.7.2.2.4"
PACE_MAPPINGS = {"DH-GM": 1, "ECDH-GM": 2, "DH-IM": 3, "ECDH-IM": 4}
CHIP_AUTHENTICATION_PREFIX = "0.4.0.127.0.7.2.2.3"
CIPHERS = {"3DES-CBC-CBC": 1, "AES-CBC-CMAC-128": 2, "AES-CBC-CMAC-192": 3, "AES-CBC-CMAC-256": 4}
PUBLIC_KEY_ECDH = "0.4.0.127.0.7.2.2.1.2"
ACTIVE_AUTHENTICATION = "2.23.136.1.1.5"
PROPRIETARY_PARAMETERS = 64
"""An id outside the standardized ones (ICAO 9303-11, table 6)."""
ECDSA_PLAIN_SHA256 = "0.4.0.127.0.7.1.1.4.1.3"


class SecurityInfo(core.Sequence):  # type: ignore[misc]
    """`protocol` names what the rest is."""

    _fields = [
        ("protocol", core.ObjectIdentifier),
        ("required", core.Any),
        ("optional", core.Any, {"optional": True}),
    ]


class SecurityInfos(core.SetOf):  # type: ignore[misc]
    """What a chip can do."""

    _child_spec = SecurityInfo


def pace(algorithm: str, parameter_id: int) -> SecurityInfo:
    """PACEInfo of such as `ECDH-GM-AES-CBC-CMAC-128` and a standardized parameter id."""
    return SecurityInfo(
        {
            "protocol": pace_oid(algorithm),
            "required": core.Integer(2),
            "optional": core.Integer(parameter_id),
        }
    )


def pace_oid(algorithm: str) -> str:
    """The dotted object identifier of `id-PACE-` + algorithm."""
    agreement, mapping, cipher = algorithm.split("-", 2)
    return f"{PACE_PREFIX}.{PACE_MAPPINGS[f'{agreement}-{mapping}']}.{CIPHERS[cipher]}"


def chip_authentication(cipher: str, key_id: int) -> SecurityInfo:
    """ChipAuthenticationInfo for ECDH with the key of that id."""
    return SecurityInfo(
        {
            "protocol": f"{CHIP_AUTHENTICATION_PREFIX}.2.{CIPHERS[cipher]}",
            "required": core.Integer(1),
            "optional": core.Integer(key_id),
        }
    )


def chip_authentication_key(public_key_info: bytes, key_id: int) -> SecurityInfo:
    """ChipAuthenticationPublicKeyInfo."""
    return SecurityInfo(
        {
            "protocol": PUBLIC_KEY_ECDH,
            "required": core.Sequence.load(public_key_info),
            "optional": core.Integer(key_id),
        }
    )


def active_authentication_ecdsa() -> SecurityInfo:
    """ActiveAuthenticationInfo: ECDSA with SHA-256."""
    return SecurityInfo(
        {
            "protocol": ACTIVE_AUTHENTICATION,
            "required": core.Integer(1),
            "optional": core.ObjectIdentifier(ECDSA_PLAIN_SHA256),
        }
    )


def encode(infos: list[SecurityInfo]) -> bytes:
    """DER of the set."""
    return bytes(SecurityInfos(infos).dump())


def find_pace(encoded: bytes, protocol: bytes, parameter_id: int | None) -> bytes | None:
    """A set of the one PACEInfo that MSE:Set AT names by the value of its OID."""
    for info in SecurityInfos.load(encoded):
        if info["protocol"].contents != protocol:
            continue
        named = info["optional"]
        if parameter_id is None or named.native is None or named.native == parameter_id:
            return encode([info])
    return None


def with_parameters(encoded: bytes, parameter_id: int) -> bytes:
    """The PACEInfos with another id for their domain parameters."""
    infos = SecurityInfos.load(encoded)
    return encode(
        [
            SecurityInfo(
                {
                    "protocol": info["protocol"].native,
                    "required": info["required"].parsed,
                    "optional": core.Integer(parameter_id),
                }
            )
            for info in infos
        ]
    )


def with_crafted_generator(encoded: bytes) -> bytes:
    """The PACEInfos on explicit parameters: P-256, but for a generator whose discrete
    logarithm to the true one its maker knows."""
    crafted = ec.derive_private_key(0x9303, ec.SECP256R1()).public_key()
    prime = (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    domain = keys.SpecifiedECDomain(
        {
            "version": "ecdpVer1",
            "field_id": {"field_type": "prime_field", "parameters": prime},
            "curve": {"a": (prime - 3).to_bytes(32, "big"), "b": b.to_bytes(32, "big")},
            "base": crafted.public_bytes(
                serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
            ),
            "order": order,
            "cofactor": 1,
        }
    )
    algorithm = keys.PublicKeyAlgorithm(
        {"algorithm": "ec", "parameters": keys.ECDomainParameters("specified", domain)}
    )
    parameters = SecurityInfo(
        {
            "protocol": f"{PACE_PREFIX}.{PACE_MAPPINGS['ECDH-GM']}",
            "required": core.Sequence.load(algorithm.dump()),
            "optional": core.Integer(PROPRIETARY_PARAMETERS),
        }
    )
    infos = SecurityInfos.load(with_parameters(encoded, PROPRIETARY_PARAMETERS))
    return encode([*infos, parameters])
