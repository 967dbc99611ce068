"""Sealing and opening of what is secret at rest, and names that only we can derive.

A sealed value is bound to its table, column and row: moved to another place, it does not open.
Format: one octet version, one octet length of the key id, the key id, 12 octets nonce, ciphertext with tag.
"""

import base64
import binascii
import hmac
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from daemon import secret_files
from daemon.errors import ConfigError, SealBroken

NAMES = "names"
_VERSION, _NONCE, _KEY_OCTETS = 1, 12, 32
_LENGTHS = tuple(length.to_bytes(8, "big") for length in range(256))


class Vault:
    """The keys of one installation. The first seals, all open; `names` derives identifiers and never rotates."""

    def __init__(self, keys: Mapping[str, bytes], names: bytes, file: Path | None = None) -> None:
        """`file`: where they were read; looked at again for a key that is not among them."""
        self._file = file
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._first = next(iter(keys))
        self._names = names
        key_id = self._first.encode()
        self._head = bytes((_VERSION, len(key_id))) + key_id

    @classmethod
    def load(cls, path: Path) -> "Vault":
        """The vault of the key file at `path`. Raises ConfigError naming what is wrong and the remedy."""
        keys = _read_keys(path)
        names = keys.pop(NAMES, None)
        if names is None or not keys:
            raise ConfigError(f"keys.file: {path} needs one `{NAMES}:` line and at least one other key; see `keys new`")
        return cls(keys, names, path)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the keys that open, the one that seals first."""
        return tuple(self._ciphers)

    def seal(self, plain: bytes, *, table: str, column: str, row: str | int) -> bytes:
        """`plain` encrypted for just this place."""
        nonce = os.urandom(_NONCE)
        sealed = self._ciphers[self._first].encrypt(nonce, plain, _place(table, column, row))
        return self._head + nonce + sealed

    def seal_many(self, plain: Sequence[tuple[int, bytes]], *, table: str, column: str) -> list[bytes]:
        """Each (row, octets) sealed for its own place: `seal` for a batch, several times as fast."""
        encrypt, head = self._ciphers[self._first].encrypt, self._head
        place = _column(table, column)
        nonces = os.urandom(_NONCE * len(plain))
        sealed = []
        for index, (row, octets) in enumerate(plain):
            nonce = nonces[index * _NONCE : (index + 1) * _NONCE]
            sealed.append(head + nonce + encrypt(nonce, octets, place + _framed(b"%d" % row)))
        return sealed

    def holds_many(self, sealed: Sequence[tuple[int, bytes, bytes]], *, table: str, column: str) -> list[bool]:
        """For each (row, sealed value, octets): whether it opens to just these octets. False where it does not open."""
        decrypt, head = self._ciphers[self._first].decrypt, self._head
        place, begin, end = _column(table, column), len(self._head), len(self._head) + _NONCE
        same = []
        for row, value, octets in sealed:
            try:
                if value.startswith(head):
                    plain = decrypt(value[begin:end], value[end:], place + _framed(b"%d" % row))
                else:
                    plain = self.open(value, table=table, column=column, row=row)
            except (InvalidTag, SealBroken):
                plain = b""
            same.append(hmac.compare_digest(plain, octets))
        return same

    def open(self, sealed: bytes, *, table: str, column: str, row: str | int) -> bytes:
        """What was sealed for just this place. Raises SealBroken."""
        key_id, body = _split(sealed)
        cipher = self._ciphers.get(key_id) or self._added(key_id)
        if cipher is None:
            raise SealBroken(f"{table}.{column} of row {row}: sealed with key {key_id!r}, which is not in the key file")
        try:
            return cipher.decrypt(body[:_NONCE], body[_NONCE:], _place(table, column, row))
        except InvalidTag:
            raise SealBroken(f"{table}.{column} of row {row}: altered, or moved from another row") from None

    def _added(self, key_id: str) -> AESGCM | None:
        """A key that `keys rotate` put into the file since: an import seals with it before `run` is started anew."""
        try:
            keys = _read_keys(self._file) if self._file is not None else {}
        except ConfigError:
            return None
        if key_id not in keys or keys.pop(NAMES, None) != self._names:
            return None
        cipher = self._ciphers[key_id] = AESGCM(keys[key_id])
        return cipher

    def derive(self, *parts: str | bytes) -> bytes:
        """32 octets that only this installation derives from `parts` (HMAC-SHA256, lengths included)."""
        return hmac.digest(self._names, b"".join([_framed(part) for part in parts]), "sha256")

    def __repr__(self) -> str:
        return f"<vault, keys {', '.join(self._ciphers)}>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("the vault is never pickled or copied")


def _framed(part: str | bytes) -> bytes:
    raw = part.encode() if isinstance(part, str) else part
    length = len(raw)
    return (_LENGTHS[length] if length < len(_LENGTHS) else length.to_bytes(8, "big")) + raw


def _place(table: str, column: str, row: str | int) -> bytes:
    return _column(table, column) + _framed(str(row))


@cache
def _column(table: str, column: str) -> bytes:
    """There are few."""
    return _framed(table) + _framed(column)


def _split(sealed: bytes) -> tuple[str, bytes]:
    if len(sealed) < 2 + _NONCE or sealed[0] != _VERSION:
        raise SealBroken("a sealed value has an unknown form")
    end = 2 + sealed[1]
    return sealed[2:end].decode("ascii", "replace"), sealed[end:]


def _read_keys(path: Path) -> dict[str, bytes]:
    try:
        lines = path.read_text("ascii").splitlines()
        secret_files.check(path)
    except FileNotFoundError:
        raise ConfigError(f"keys.file: {path} does not exist; make it with `keys new`") from None
    except OSError as error:
        raise ConfigError(f"keys.file: {secret_files.unreadable(path, error)}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"keys.file: {path} is no key file; put back the copy of yours") from None
    except secret_files.Exposed as fault:
        raise ConfigError(f"keys.file: {fault}") from None
    entries = (line.strip() for line in lines if line.strip() and not line.startswith("#"))
    keys: dict[str, bytes] = {}
    for number, entry in enumerate(entries, 1):
        key_id, _, encoded = entry.partition(":")
        if key_id in keys:
            raise ConfigError(f"keys.file: {path} names the key {key_id!r} twice")
        keys[key_id] = _decoded(encoded, path, number)
    return keys


def _decoded(encoded: str, path: Path, number: int) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_OCTETS:
        raise ConfigError(f"keys.file: entry {number} of {path} is not `id:base64 of 32 octets`")
    return key


def _line(key_id: str) -> str:
    return f"{key_id}:{base64.b64encode(os.urandom(_KEY_OCTETS)).decode()}\n"


def new_key_file(path: Path) -> None:
    """A key file with a first key and the names key, readable by its owner alone; never overwrites."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path} exists; a key file is never overwritten (`keys rotate` adds a key)") from None
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(_line("k1") + _line(NAMES))
        file.flush()
        os.fsync(file.fileno())


def rotate(path: Path) -> str:
    """Put a new key first and keep the others; the file changes all at once. Returns the new key's id."""
    keys = _read_keys(path)
    numbers = [int(k[1:]) for k in keys if k[:1] == "k" and k[1:].isdigit()]
    key_id = f"k{max(numbers, default=0) + 1}"
    draft = path.with_name(path.name + ".new")
    try:
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(_line(key_id) + path.read_text("ascii"))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise ConfigError(
            f"cannot write {draft}: {error.strerror}; no key was added, and {path} is as it was"
        ) from None
    return key_id
