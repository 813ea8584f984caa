"""Chip authentication with ECDH, the card's side (ICAO 9303-11, 6.2)."""

from cryptography.hazmat.primitives.asymmetric import ec

from virtual_card import apdu, ciphers, security_infos
from virtual_card.apdu import StatusError
from virtual_card.ciphers import Cipher


def cipher_named(protocol: bytes) -> str:
    """The cipher of a chip authentication protocol, by the value of its OID."""
    for name in security_infos.CIPHERS:
        info = security_infos.chip_authentication(name, 0)
        if info["protocol"].contents == protocol:
            return name
    raise StatusError(apdu.WRONG_DATA)


def agree(key: ec.EllipticCurvePrivateKey, point: bytes, cipher: str) -> Cipher:
    """The new session keys from the terminal's ephemeral public key."""
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, point)
    except ValueError as error:
        raise StatusError(apdu.ACCESS_KEY_WRONG) from error
    return ciphers.from_secret(key.exchange(ec.ECDH(), public), cipher)
