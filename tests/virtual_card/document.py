"""A document: its files, what opens it, and the chip's private keys."""

import json
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from virtual_card import data_groups, security_infos
from virtual_card.issuer import Issuer, SignerKey
from virtual_card.mrz import KAZAKHSTAN_CARD, KAZAKHSTAN_PASSPORT, UTOPIA_PASSPORT
from virtual_card.portrait import Encoding, portrait

HOLDERS = {
    "kaz-card": (KAZAKHSTAN_CARD, "СЕРІКҚЫЗЫ<<АЙГҮЛ"),
    "kaz-passport": (KAZAKHSTAN_PASSPORT, "СЕРІКҚЫЗЫ<<АЙГҮЛ"),
    "utopia-passport": (UTOPIA_PASSPORT, "ÉRIKSSON<<ANNA<MARÍA"),
}
"""The documents that can be made: the zone and the name in national characters."""

ActiveKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_CHIP_KEY_ID = 1
_CHIP_KEY = "chip_authentication.der"
_ACTIVE_KEY = "active_authentication.der"


@dataclass(frozen=True)
class DocumentSpec:
    """What to make. An empty string leaves the protocol out."""

    holder: str = "kaz-card"
    picture: Encoding = "jpeg"
    portrait: int = 19_000
    can: str = "123456"
    pace: str = "ECDH-GM-AES-CBC-CMAC-128"
    pace_parameters: int = 13
    chip_authentication: str = "AES-CBC-CMAC-128"
    active_authentication: str = "rsa"
    signer: SignerKey = "ecdsa"


@dataclass(frozen=True)
class Document:
    """A made document. Files by name: `EF.COM`, `EF.SOD`, `EF.CardAccess`, `DG1`, ..."""

    mrz: list[str]
    information: str
    can: str
    files: dict[str, bytes]
    chip_key: ec.EllipticCurvePrivateKey | None
    active_key: ActiveKey | None

    def data_group(self, number: int) -> bytes | None:
        """A data group, where the document has it."""
        return self.files.get(f"DG{number}")


def make(spec: DocumentSpec, directory: Path) -> None:
    """Makes a document in `directory`: `files/`, keys, `csca.der` and `document.json`."""
    holder, name = HOLDERS[spec.holder]
    lines = holder.td1() if spec.holder.endswith("card") else holder.td3()
    chip_key = ec.generate_private_key(ec.BrainpoolP256R1()) if spec.chip_authentication else None
    active_key = _active_key(spec.active_authentication)

    pace = [security_infos.pace(spec.pace, spec.pace_parameters)] if spec.pace else []
    options = list(pace)
    if chip_key:
        options.append(security_infos.chip_authentication(spec.chip_authentication, _CHIP_KEY_ID))
        options.append(security_infos.chip_authentication_key(_spki(chip_key), _CHIP_KEY_ID))
    if isinstance(active_key, ec.EllipticCurvePrivateKey):
        options.append(security_infos.active_authentication_ecdsa())

    groups = {
        1: data_groups.dg1(lines),
        2: data_groups.dg2(portrait(spec.picture, spec.portrait), spec.picture),
        11: data_groups.dg11(holder, name),
        12: data_groups.dg12("Authority of the specimen", "20240623"),
    }
    if options:
        groups[14] = data_groups.dg14(security_infos.encode(options))
    if active_key:
        groups[15] = data_groups.dg15(_spki(active_key))

    issuer = Issuer(holder.issuing_state, spec.signer)
    files = {f"DG{number}": file for number, file in groups.items()}
    files["EF.SOD"] = issuer.sod(groups)
    files["EF.COM"] = data_groups.com(list(groups))
    if pace:
        files["EF.CardAccess"] = security_infos.encode(pace)

    (directory / "files").mkdir(parents=True)
    for file_name, content in files.items():
        (directory / "files" / file_name).write_bytes(content)
    for key, key_name in ((chip_key, _CHIP_KEY), (active_key, _ACTIVE_KEY)):
        if key:
            (directory / key_name).write_bytes(_private(key))
    der = serialization.Encoding.DER
    (directory / "csca.der").write_bytes(issuer.csca.public_bytes(der))
    (directory / "signer.der").write_bytes(issuer.signer.public_bytes(der))
    described = {"mrz": lines, "information": holder.information, "can": spec.can}
    (directory / "document.json").write_text(json.dumps(described, indent=1) + "\n")


def load(directory: Path) -> Document:
    """A document that `make` made."""
    described = json.loads((directory / "document.json").read_text())
    chip_key = _load_key(directory / _CHIP_KEY)
    active_key = _load_key(directory / _ACTIVE_KEY)
    assert chip_key is None or isinstance(chip_key, ec.EllipticCurvePrivateKey)
    return Document(
        mrz=described["mrz"],
        information=described["information"],
        can=described["can"],
        files={path.name: path.read_bytes() for path in (directory / "files").iterdir()},
        chip_key=chip_key,
        active_key=active_key,
    )


def _active_key(kind: str) -> ActiveKey | None:
    match kind:
        case "":
            return None
        case "rsa":
            return rsa.generate_private_key(65537, 2048)
        case "rsa-1024":
            return rsa.generate_private_key(65537, 1024)
        case "ecdsa":
            return ec.generate_private_key(ec.BrainpoolP256R1())
    raise ValueError(f"no active authentication by {kind}")


def _spki(key: ActiveKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _private(key: ActiveKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _load_key(path: Path) -> ActiveKey | None:
    if not path.exists():
        return None
    key = serialization.load_der_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return key
