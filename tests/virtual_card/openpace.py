"""PACE and the secure messaging after it, by OpenPACE (Debian's libeac3)."""

import ctypes
from ctypes import POINTER, Structure, c_char, c_char_p, c_int, c_size_t, c_ulong, c_void_p
from functools import cache
from types import SimpleNamespace

# Kinds of secret in PACE_SEC_new.
CAN = 2
RAW = 5
"""The hash of the MRZ information: `PACE_MRZ` knows only the zone of a TD1."""

_FIRST_CONTEXT = 0


class OpenPaceError(Exception):
    """OpenPACE refused: mostly what the other side sent is wrong."""


class _Buffer(Structure):
    _fields_ = [
        ("length", c_size_t),
        ("data", POINTER(c_char)),
        ("max", c_size_t),
        ("flags", c_ulong),
    ]


_BUFFER = POINTER(_Buffer)

_FUNCTIONS = {
    "EAC_init": (None, []),
    "EAC_CTX_new": (c_void_p, []),
    "EAC_CTX_clear_free": (None, [c_void_p]),
    "EAC_CTX_init_ef_cardaccess": (c_int, [c_char_p, c_size_t, c_void_p]),
    "EAC_CTX_set_encryption_ctx": (c_int, [c_void_p, c_int]),
    "EAC_reset_ssc": (c_int, [c_void_p]),
    "EAC_increment_ssc": (c_int, [c_void_p]),
    "EAC_encrypt": (_BUFFER, [c_void_p, _BUFFER]),
    "EAC_decrypt": (_BUFFER, [c_void_p, _BUFFER]),
    "EAC_authenticate": (_BUFFER, [c_void_p, _BUFFER]),
    "PACE_SEC_new": (c_void_p, [c_char_p, c_size_t, c_int]),
    "PACE_SEC_clear_free": (None, [c_void_p]),
    "PACE_STEP1_enc_nonce": (_BUFFER, [c_void_p, c_void_p]),
    "PACE_STEP2_dec_nonce": (c_int, [c_void_p, c_void_p, _BUFFER]),
    "PACE_STEP3A_generate_mapping_data": (_BUFFER, [c_void_p]),
    "PACE_STEP3A_map_generator": (c_int, [c_void_p, _BUFFER]),
    "PACE_STEP3B_generate_ephemeral_key": (_BUFFER, [c_void_p]),
    "PACE_STEP3B_compute_shared_secret": (c_int, [c_void_p, _BUFFER]),
    "PACE_STEP3C_derive_keys": (c_int, [c_void_p]),
    "PACE_STEP3D_compute_authentication_token": (_BUFFER, [c_void_p, _BUFFER]),
    "PACE_STEP3D_verify_authentication_token": (c_int, [c_void_p, _BUFFER]),
    "BUF_MEM_create_init": (_BUFFER, [c_char_p, c_size_t]),
    "BUF_MEM_clear_free": (None, [_BUFFER]),
}


@cache
def _library() -> SimpleNamespace:
    crypto = ctypes.CDLL("libcrypto.so.3")
    crypto.OSSL_PROVIDER_load.restype = c_void_p
    crypto.OSSL_PROVIDER_load.argtypes = [c_void_p, c_char_p]
    # Single DES, of which the retail MAC is made, is in the legacy provider; and
    # the default one is no longer loaded by itself once another is.
    for provider in (b"default", b"legacy"):
        if not crypto.OSSL_PROVIDER_load(None, provider):
            raise OpenPaceError(f"OpenSSL has no provider {provider.decode()}")
    library = ctypes.CDLL("libeac.so.3")
    functions = SimpleNamespace()
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
        setattr(functions, name, function)
    functions.EAC_init()
    return functions


class _Borrowed:
    """Octets as OpenPACE takes them, for the time of one call."""

    def __init__(self, octets: bytes) -> None:
        self._buffer = _library().BUF_MEM_create_init(octets, len(octets))

    def __enter__(self) -> object:
        return self._buffer

    def __exit__(self, *_: object) -> None:
        _library().BUF_MEM_clear_free(self._buffer)


def _taken(buffer: object) -> bytes:
    if not buffer:
        raise OpenPaceError("OpenPACE gave nothing")
    octets = ctypes.string_at(buffer.contents.data, buffer.contents.length)  # type: ignore[attr-defined]
    _library().BUF_MEM_clear_free(buffer)
    return octets


def _succeeded(result: int) -> None:
    if result != 1:
        raise OpenPaceError("OpenPACE refused what it was given")


class Pace:
    """One run of PACE, of either side: the calls in the order of ICAO 9303-11, 4.4.4.

    `secret` is the CAN, or with `RAW` the SHA-1 of the MRZ information.
    """

    def __init__(self, card_access: bytes, secret: bytes, kind: int) -> None:
        self._eac = _library()
        self._context = self._eac.EAC_CTX_new()
        self._secret = self._eac.PACE_SEC_new(secret, len(secret), kind)
        if not self._eac.EAC_CTX_init_ef_cardaccess(card_access, len(card_access), self._context):
            raise OpenPaceError("OpenPACE does not know what EF.CardAccess offers")

    def __del__(self) -> None:
        self._eac.PACE_SEC_clear_free(self._secret)
        self._eac.EAC_CTX_clear_free(self._context)

    def encrypted_nonce(self) -> bytes:
        """The card's first answer."""
        return _taken(self._eac.PACE_STEP1_enc_nonce(self._context, self._secret))

    def decrypt_nonce(self, encrypted: bytes) -> None:
        """What the terminal does with it."""
        with _Borrowed(encrypted) as buffer:
            _succeeded(self._eac.PACE_STEP2_dec_nonce(self._context, self._secret, buffer))

    def mapping_data(self) -> bytes:
        """One's own mapping data; with integrated mapping, the terminal's alone."""
        return _taken(self._eac.PACE_STEP3A_generate_mapping_data(self._context))

    def map_generator(self, mapping_data: bytes) -> None:
        """With the other side's, or with the terminal's in integrated mapping."""
        with _Borrowed(mapping_data) as buffer:
            _succeeded(self._eac.PACE_STEP3A_map_generator(self._context, buffer))

    def ephemeral_key(self) -> bytes:
        """One's own public key on the mapped generator."""
        return _taken(self._eac.PACE_STEP3B_generate_ephemeral_key(self._context))

    def agree(self, public_key: bytes) -> None:
        """Session keys with the other side's public key."""
        with _Borrowed(public_key) as buffer:
            _succeeded(self._eac.PACE_STEP3B_compute_shared_secret(self._context, buffer))
        _succeeded(self._eac.PACE_STEP3C_derive_keys(self._context))

    def token(self, public_key: bytes) -> bytes:
        """One's own authentication token, over the other side's public key."""
        with _Borrowed(public_key) as buffer:
            compute = self._eac.PACE_STEP3D_compute_authentication_token
            return _taken(compute(self._context, buffer))

    def verify(self, token: bytes) -> None:
        """The other side's token."""
        with _Borrowed(token) as buffer:
            verify = self._eac.PACE_STEP3D_verify_authentication_token
            _succeeded(verify(self._context, buffer))

    def cipher(self, block: int) -> "OpenPaceCipher":
        """The agreed session keys, with blocks of so many octets."""
        _succeeded(self._eac.EAC_CTX_set_encryption_ctx(self._context, _FIRST_CONTEXT))
        _succeeded(self._eac.EAC_reset_ssc(self._context))
        return OpenPaceCipher(self, block)

    def count(self) -> None:
        """For `OpenPaceCipher`."""
        _succeeded(self._eac.EAC_increment_ssc(self._context))

    def transform(self, name: str, octets: bytes) -> bytes:
        """For `OpenPaceCipher`: EAC_encrypt, EAC_decrypt or EAC_authenticate."""
        with _Borrowed(octets) as buffer:
            return _taken(getattr(self._eac, name)(self._context, buffer))


class OpenPaceCipher:
    """`ciphers.Cipher` by OpenPACE."""

    def __init__(self, pace: Pace, block: int) -> None:
        self._pace = pace
        self.block = block

    def count(self) -> None:
        self._pace.count()

    def encrypt(self, octets: bytes) -> bytes:
        return self._pace.transform("EAC_encrypt", octets)

    def decrypt(self, octets: bytes) -> bytes:
        return self._pace.transform("EAC_decrypt", octets)

    def mac(self, octets: bytes) -> bytes:
        return self._pace.transform("EAC_authenticate", octets)[:8]
