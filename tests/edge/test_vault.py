"""The vault: what is sealed opens in its own place alone, and neither keys nor codes are ever shown."""

import base64
import copy
import logging
import pickle
import stat
import traceback
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from daemon.edge import vault as vault_module
from daemon.edge.vault import Vault
from daemon.errors import ConfigError, SealBroken
from daemon.rules.identifiers import InstallCode, grouped, install_code

KEYS = {"k1": bytes(range(32))}
NAMES = bytes(range(32, 64))
PLACE = {"table": "device", "column": "install_code", "row": 7}
CANARY = bytes.fromhex("83FED3407A939723A5C639B26916D505")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A fresh key file."""
    path = tmp_path / "keys"
    vault_module.new_key_file(path)
    return path


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_in_its_place(plain: bytes) -> None:
    """And the sealed octets hold nothing of it."""
    vault = Vault(KEYS, NAMES)
    sealed = vault.seal(plain, **PLACE)
    assert vault.open(sealed, **PLACE) == plain
    assert len(plain) < 4 or plain not in sealed


def test_the_same_value_is_never_sealed_alike() -> None:
    """Two devices with one code, or a code sealed again, do not look the same in a dump."""
    vault = Vault(KEYS, NAMES)
    assert len({vault.seal(CANARY, **PLACE) for _ in range(100)}) == 100


@pytest.mark.parametrize("change", [{"row": 8}, {"row": "07"}, {"table": "letter"}, {"column": "content"}])
def test_a_value_moved_to_another_place_does_not_open(change: dict[str, object]) -> None:
    """Row 60: swapped rows, columns or tables in a stolen and altered database show."""
    vault = Vault(KEYS, NAMES)
    sealed = vault.seal(CANARY, **PLACE)
    with pytest.raises(SealBroken, match="altered, or moved"):
        vault.open(sealed, **(PLACE | change))  # type: ignore[arg-type]


def test_places_do_not_run_into_each_other() -> None:
    """Lengths are part of a place: `ab` + `c` is not `a` + `bc`."""
    vault = Vault(KEYS, NAMES)
    sealed = vault.seal(CANARY, table="ab", column="c", row=1)
    with pytest.raises(SealBroken):
        vault.open(sealed, table="a", column="bc", row=1)
    assert vault.derive("ab", "c") != vault.derive("a", "bc")


def test_names_and_places_are_what_they_were_in_releases_before() -> None:
    """A rebuilt database names the same things the same way, and what was sealed once opens for ever, wherever it stands now."""
    vault = Vault(KEYS, NAMES)
    assert vault.derive("case", "x").hex() == "016b8b7eaac670c223837edb9e681618c10ece7b3f7219e123c8ade9f2c7c7e2"
    assert (
        vault.derive("audit", "é" * 70, b"\x00", "").hex()
        == "7ab8893555a2fccf72cadf97ff49b85ab00c32d54a0b0b05b381ee04af82a0e6"
    )
    head = "01026b31" + "00" * 12
    letter = bytes.fromhex(head + "62d9c1aad05e901c61cf3eb6143e4a4fe9817eed48f5")
    code = bytes.fromhex(head + "6dd3d1bb08236b10fcb9a7cf05c236ccdd5e742c")
    assert vault.open(letter, table="letter", column="content", row="<a@b>") == b"letter"
    assert vault.open(code, table="device", column="install_code", row=-7) == b"code"


def test_a_batch_seals_as_one_by_one_does() -> None:
    """Each row of a batch opens in its own place and in no other's."""
    vault = Vault(KEYS, NAMES)
    sealed = vault.seal_many([(7, CANARY), (8, b"other")], table="device", column="install_code")
    assert vault.open(sealed[0], **PLACE) == CANARY
    assert vault.open(sealed[1], **(PLACE | {"row": 8})) == b"other"
    with pytest.raises(SealBroken):
        vault.open(sealed[1], **PLACE)


@pytest.mark.parametrize("at", range(0, 44, 3))
def test_every_altered_octet_shows(at: int) -> None:
    """A flipped bit anywhere, head, nonce, text or tag: SealBroken and never another value."""
    vault = Vault(KEYS, NAMES)
    sealed = bytearray(vault.seal(CANARY, **PLACE))
    sealed[at] ^= 1
    with pytest.raises(SealBroken):
        vault.open(bytes(sealed), **PLACE)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01\x02k1", b"\x02\x02k1" + bytes(40), b"\x01\xffk1" + bytes(40)])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    """Garbage is SealBroken, whatever its shape."""
    with pytest.raises(SealBroken):
        Vault(KEYS, NAMES).open(sealed, **PLACE)


def test_a_missing_key_is_named(key_file: Path) -> None:
    """Row 61: ops read which key id is wanted, of which row; never a value."""
    sealed = Vault({"old": bytes(32)}, NAMES).seal(CANARY, **PLACE)
    with pytest.raises(SealBroken, match=r"device\.install_code of row 7: sealed with key 'old'"):
        Vault.load(key_file).open(sealed, **PLACE)


def test_after_a_rotation_the_new_seals_and_all_open(key_file: Path) -> None:
    """The first key seals; names derived from the file stay what they were."""
    before = Vault.load(key_file)
    old = before.seal(CANARY, **PLACE)
    assert vault_module.rotate(key_file) == "k2"
    after = Vault.load(key_file)
    assert after.key_ids == ("k2", "k1")
    assert after.open(old, **PLACE) == CANARY
    key_file.unlink()
    with pytest.raises(SealBroken, match="'k2'"):  # the new one seals
        before.open(after.seal(CANARY, **PLACE), **PLACE)
    assert after.derive("case", "x") == before.derive("case", "x")


def test_a_key_that_was_added_meanwhile_opens(key_file: Path) -> None:
    """An import seals with the new key at once; a `run` that was started before reads the file anew, and goes on sealing with its own."""
    running = Vault.load(key_file)
    vault_module.rotate(key_file)
    sealed = Vault.load(key_file).seal(CANARY, **PLACE)  # type: ignore[arg-type]

    assert running.open(sealed, **PLACE) == CANARY  # type: ignore[arg-type]
    assert running.key_ids == ("k1", "k2")
    assert Vault.load(key_file).open(running.seal(CANARY, **PLACE), **PLACE) == CANARY  # type: ignore[arg-type]


def test_a_key_out_of_another_installations_file_does_not_open(tmp_path: Path, key_file: Path) -> None:
    """Where the file was replaced by another, its keys are not taken over: names would no longer fit. Nor where it is gone."""
    running = Vault.load(key_file)
    key_file.unlink()
    vault_module.new_key_file(key_file)
    vault_module.rotate(key_file)
    sealed = Vault.load(key_file).seal(CANARY, **PLACE)  # type: ignore[arg-type]
    for _ in ("another", "none"):
        with pytest.raises(SealBroken, match="'k2', which is not in the key file"):
            running.open(sealed, **PLACE)  # type: ignore[arg-type]
        key_file.unlink(missing_ok=True)


def test_a_rotation_that_was_cut_off_is_done_again(key_file: Path) -> None:
    """Row 61: a half-written draft beside the file is no key file, and the next rotation replaces it."""
    draft = key_file.with_name(key_file.name + ".new")
    draft.write_text("k9:", "ascii")
    assert Vault.load(key_file).key_ids == ("k1",)
    assert vault_module.rotate(key_file) == "k2"
    assert Vault.load(key_file).key_ids == ("k2", "k1")
    assert not draft.exists()


def test_a_key_file_is_its_owners_alone(key_file: Path) -> None:
    """Made 0600 and kept so by a rotation; refused as soon as others may read it."""
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    vault_module.rotate(key_file)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    for mode in (0o640, 0o604, 0o610, 0o602):
        key_file.chmod(mode)
        with pytest.raises(ConfigError, match="chmod 600"):
            Vault.load(key_file)


def test_a_key_file_is_never_overwritten(key_file: Path) -> None:
    """`keys new` on an existing file would lose every code that is kept."""
    content = key_file.read_bytes()
    with pytest.raises(ConfigError, match="never overwritten"):
        vault_module.new_key_file(key_file)
    assert key_file.read_bytes() == content


GOOD = base64.b64encode(bytes(32)).decode()
BAD_FILES = {
    "empty": "",
    "no names": f"k1:{GOOD}\n",
    "names alone": f"names:{GOOD}\n",
    "short key": "k1:AAAA\nnames:" + GOOD,
    "no base64": f"k1:{'*' * 44}\nnames:{GOOD}",
    "twice": f"k1:{GOOD}\nk1:{GOOD}\nnames:{GOOD}",
    "no colon": f"{GOOD}\nnames:{GOOD}",
    "not ascii": f"k1:{GOOD}\nnames:{GOOD}\né",
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_key_file_that_cannot_be_used_stops_the_start(tmp_path: Path, kind: str) -> None:
    """And the complaint holds no key."""
    path = tmp_path / "keys"
    path.write_text(BAD_FILES[kind], "utf-8")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=r"keys\.file") as raised:
        Vault.load(path)
    assert GOOD not in str(raised.value)


def test_a_key_file_that_is_not_there_names_the_remedy(tmp_path: Path) -> None:
    """`keys new` is how one is made."""
    with pytest.raises(ConfigError, match="keys new"):
        Vault.load(tmp_path / "none")


# Row 59: secrets are not shown ──────────────────────────────────────────────────────────────────────

SPELLINGS = (CANARY.hex(), CANARY.hex().upper(), grouped(InstallCode(CANARY)), repr(CANARY), str(list(CANARY)))


def _shown(secret: object, caplog: pytest.LogCaptureFixture) -> str:
    """All the ways in which a careless line would print `secret`."""
    logging.getLogger("careless").warning("%s %r %s", secret, secret, {"code": [secret]})
    structlog.get_logger().warning("careless", secret=secret)
    try:
        raise ValueError(secret)
    except ValueError:
        trace = traceback.format_exc()
    return f"{secret} {secret!r} {secret!s} {[secret]} {trace} {caplog.text}"


def test_a_code_is_in_no_text(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    """Not in str, repr, format, containers, logs, nor in an exception that holds it."""
    code = install_code(CANARY.hex())
    text = _shown(code, caplog) + f"{code:>40} {code:x}" + capsys.readouterr().out
    assert "<install code>" in text
    assert not [spelling for spelling in SPELLINGS if spelling in text]


def test_a_vault_is_in_no_text(caplog: pytest.LogCaptureFixture) -> None:
    """Its key ids are shown, its keys never."""
    text = _shown(Vault({"k1": CANARY * 2}, CANARY * 2), caplog)
    assert "<vault, keys k1>" in text
    assert not [spelling for spelling in SPELLINGS if spelling in text]


@pytest.mark.parametrize("secret", [InstallCode(CANARY), Vault(KEYS, NAMES)], ids=["code", "vault"])
def test_secrets_are_neither_pickled_nor_copied(secret: object) -> None:
    """Whatever would carry them elsewhere is refused."""
    for carry in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never"):
            carry(secret)


@pytest.mark.parametrize("text", [CANARY.hex()[:-1], CANARY.hex() + "zz", CANARY.hex() + "0000"])
def test_a_bad_code_is_not_quoted_in_its_refusal(text: str) -> None:
    """What is wrong is said; the digits are not."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011  # the text is what is tested
        install_code(text)
    assert CANARY.hex()[:8] not in str(raised.value)
