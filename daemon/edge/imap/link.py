"""One IMAP connection, for one thread at a time.

Reading is done under EXAMINE, so that it changes nothing by protocol. A folder is opened anew for each step, and
its UIDVALIDITY held against the one that the caller's UIDs belong to. What the library raises goes out as it is:
`imap.Mailbox` translates it, and never uses a link again that raised.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from imapclient import IMAPClient, SocketTimeout

from daemon.edge.database import chunks
from daemon.edge.imap import replies as imap_replies
from daemon.edge.imap.folders import Listed, Naming, SpecialFolders, naming_without_namespace, special_folders
from daemon.edge.tls import client_context
from daemon.errors import Declined, LoginRefused, Refused, Renumbered, Unavailable
from daemon.mail.message import Place, RawMail

CONNECT_S = 10.0
MOST_KEYS = 20
"""Message-IDs asked for in one SEARCH; some servers bound the length of a line."""
CUT_BYTES = 512 << 10
"""What is fetched of a mail that is too large: enough for its header, the text and a good guess."""
DONE_KEYWORD = "$InstallCodesDone"
"""Marks a handled mail where the server can neither MOVE nor expunge by UID, so that it stays where it is."""
_ANY_FLAG = (b"\\Answered", b"\\Deleted", b"\\Draft", b"\\Flagged", b"\\Seen", b"\\*")
"""What a folder keeps whose server says nothing about it (RFC 3501 7.1, PERMANENTFLAGS)."""
_GREETED = "NONAUTH"


@dataclass(frozen=True, slots=True)
class Account:
    """A mailbox at a server. `password` is asked for at each login, and kept nowhere.

    `security`: `tls`, `starttls` or `none` (loopback alone). `ca_file`: the only authorities believed.
    """

    host: str
    port: int
    security: str
    username: str
    password: Callable[[], str] = field(repr=False)
    ca_file: Path | None = None
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class _Open:
    folder: str
    uidvalidity: int
    flags: frozenset[str]
    """Flags that stay when set, lower case; has `\\*` where we may make up keywords."""
    mails: int
    next_uid: int | None
    """UIDNEXT; None where the server leaves that out."""

    @property
    def reach(self) -> int:
        """What grows with each mail that comes."""
        return self.mails if self.next_uid is None else self.next_uid


def plain(text: str) -> str:
    """`text`, which must not hold a control character: imaplib would send it as a command of its own."""
    if not text.isascii() or any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
        raise Refused("a name or a Message-ID with control or non-ASCII characters is not handed to the mail server")
    return text


def _without_controls(name: str) -> str:
    if any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in name):
        raise Refused("a folder name with control characters is not handed to the mail server")
    return name


class Link:
    """A connection that is logged in. Folder names are ours (see `imap.folders`)."""

    def __init__(self, account: Account) -> None:
        self._timeout_s = account.timeout_s
        context = None if account.security == "none" else client_context(account.ca_file)
        self._client = _connect(account, context)
        self._open: _Open | None = None
        self._looked = ("", 0)
        """The folder that was last looked through, and its reach then."""
        self._news = False
        """A mail came to a folder after it was looked through: told beside another answer, or seen at opening."""
        try:
            self._greet(account, context)
            self._login(account)
            self.naming = self._find_naming()
        except BaseException:
            self.cut()
            raise

    # The connection ────────────────────────────────────────────────────────────────────────────────

    def _greet(self, account: Account, context: ssl.SSLContext | None) -> None:
        if self._imap.state != _GREETED:
            # A man in the middle would so keep us from STARTTLS, and show us a mailbox of his own.
            raise Unavailable("the mail server greets us as already logged in (PREAUTH), which is not accepted")
        if account.security == "starttls":
            if not self._client.has_capability("STARTTLS"):
                raise Unavailable("the mail server does not offer STARTTLS; no password was sent")
            self._client.starttls(context)

    def _login(self, account: Account) -> None:
        password = account.password()
        if any(ord(c) < 0x20 or ord(c) == 0x7F for c in account.username + password):
            raise LoginRefused("mailbox.username or mailbox.password holds a control character")
        if self._client.has_capability("AUTH=PLAIN"):
            self._client.plain_login(account.username, password)
        else:
            self._client.login(account.username, password)
        # The list from before the login lacks MOVE and UIDPLUS on some servers, and may have been tampered with.
        self._client._cached_capabilities = None  # noqa: SLF001  # there is no public way to ask anew
        self._imap.untagged_responses.clear()
        self._client.capabilities()

    @property
    def _imap(self) -> Any:
        """The imaplib connection beneath, for codes like COPYUID that the library does not hand on."""
        return self._client._imap  # noqa: SLF001  # there is no public way to them

    def offers(self, capability: str) -> bool:
        """Whether the server announced `capability` after the login."""
        return bool(self._client.has_capability(capability))

    def cut(self) -> None:
        """Shut the connection down, from any thread: a call that waits on it raises at once."""
        try:
            self._client.socket().shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):  # it is gone already
            return

    def close(self) -> None:
        """Drop the connection without a word."""
        self.cut()
        try:
            self._client.shutdown()
        except (OSError, IMAPClient.Error):
            return

    def logout(self) -> None:
        """Say good-bye."""
        self._client.logout()

    # Folders ───────────────────────────────────────────────────────────────────────────────────────

    def _find_naming(self) -> Naming:
        if self.offers("NAMESPACE"):
            personal = self._client.namespace().personal
            if personal:
                prefix, separator = personal[0]
                return Naming(prefix or "", separator or "")
        return naming_without_namespace(self.listed())

    def listed(self) -> list[Listed]:
        """Every folder of the account."""
        return [
            Listed(name, frozenset(_text(flag).lower() for flag in flags), _text(separator or b""))
            for flags, separator, name in self._client.list_folders()
        ]

    def folders(self) -> tuple[str, ...]:
        """Those that can hold mail, by our names."""
        return tuple(self.naming.in_house(f.name) for f in self.listed() if f.selectable)

    def special_folders(self) -> SpecialFolders:
        """What people and their mail programs use."""
        return special_folders(self.listed(), self.naming)

    def ensure(self, folders: Sequence[str]) -> None:
        """Create and subscribe those that are missing, parents first."""
        there = self.folders()
        for folder in folders:
            if folder not in there:
                self._create(_without_controls(folder))

    def _create(self, folder: str) -> None:
        spelled = self.naming.at_server(folder)
        try:
            self._client.create_folder(spelled)
        except IMAPClient.Error:
            if folder not in self.folders():  # else our other connection, or a person, made it at the same moment
                raise
        self._client.subscribe_folder(spelled)

    def _enter(self, folder: str, uidvalidity: int | None, *, write: bool = False) -> _Open:
        """Open `folder` anew, so that its view is fresh. Raises Renumbered where the UIDs are of another epoch."""
        reply = self._client.select_folder(self.naming.at_server(_without_controls(folder)), readonly=not write)
        found, next_uid = int(reply[b"UIDVALIDITY"]), reply.get(b"UIDNEXT")
        if uidvalidity not in (None, found):
            raise Renumbered(folder, found)
        self._open = _Open(
            folder=folder,
            uidvalidity=found,
            flags=frozenset(_text(flag).lower() for flag in reply.get(b"PERMANENTFLAGS", _ANY_FLAG)),
            mails=int(reply[b"EXISTS"]),
            next_uid=None if next_uid is None else int(next_uid),
        )
        self._imap.untagged_responses.clear()
        self._news = self._looked[0] == folder and self._looked != (folder, self._open.reach)
        return self._open

    def _forget(self) -> None:
        """Drop what imaplib gathers for ever; but a mail that was announced beside another answer is news."""
        self._news = self._news or "EXISTS" in self._imap.untagged_responses
        self._imap.untagged_responses.clear()

    # Reading ───────────────────────────────────────────────────────────────────────────────────────

    def uids(self, folder: str, after: int = 0, since: date | None = None) -> tuple[int, list[int]]:
        """UIDVALIDITY, and the UIDs above `after`, rising; `since`: those that arrived on that day or later."""
        state = self._enter(folder, None)
        self._looked, self._news = (folder, state.reach), False
        if not state.mails:
            return state.uidvalidity, []
        criteria: list[object] = ["UID", f"{after + 1}:*"] if after else ["ALL"]
        found = self._client.search(criteria if since is None else [*criteria, "SINCE", since])
        self._forget()
        # `n:*` names the last mail too where n lies beyond it (RFC 9051 9, seq-range).
        return state.uidvalidity, sorted(uid for uid in set(found) if uid > after)

    def sizes(self, folder: str, uidvalidity: int, uids: Sequence[int]) -> dict[int, int]:
        """Octets of each mail; a UID that is gone is left out."""
        self._enter(folder, uidvalidity)
        reply = self._client.fetch(uids, ["UID", "RFC822.SIZE"])
        return {uid: int(data[b"RFC822.SIZE"]) for uid, data in reply.items() if data.get(b"RFC822.SIZE") is not None}

    def bodies(self, folder: str, uidvalidity: int, uids: Sequence[int], *, cut: bool = False) -> list[RawMail]:
        """The mails, each whole, or with `cut` its first CUT_BYTES; no flag changes.

        A UID answered with NIL or with nothing was expunged elsewhere, or the view is stale: it is left out.
        """
        state = self._open
        if state is None or (state.folder, state.uidvalidity) != (folder, uidvalidity):
            self._enter(folder, uidvalidity)
        self._client.normalise_times = False
        item = f"BODY.PEEK[]<0.{CUT_BYTES}>" if cut else "BODY.PEEK[]"
        reply = self._client.fetch(uids, ["UID", "INTERNALDATE", item])
        self._forget()
        mails = (_mail(Place(folder, uidvalidity, uid), reply.get(uid, {}), cut=cut) for uid in sorted(uids))
        return [mail for mail in mails if mail is not None]

    def next_uid(self, folder: str) -> tuple[int, int | None]:
        """UIDVALIDITY, and the UID that no mail there reaches yet; None where the server does not tell."""
        state = self._enter(folder, None)
        return state.uidvalidity, state.next_uid

    def with_message_ids(self, folder: str, message_ids: Sequence[str], from_uid: int = 1) -> frozenset[str]:
        """Those that a mail in `folder` has as its Message-ID; `from_uid`: among the mails from there on.

        SEARCH finds likenesses (it looks for the text anywhere in the field), so each find is looked at.
        """
        self._enter(folder, None)
        likely = [
            uid
            for some in chunks(message_ids, MOST_KEYS)
            for uid in self._client.search(["UID", f"{from_uid}:*", *_any_of(some)])
        ]
        if not likely:
            return frozenset()
        field_name = "HEADER.FIELDS (MESSAGE-ID)"
        reply = self._client.fetch(likely, [f"BODY.PEEK[{field_name}]"])
        self._forget()
        found = {_message_id(data.get(f"BODY[{field_name}]".encode())) for data in reply.values()}
        return frozenset(found & set(message_ids))

    def idle(self, folder: str, seconds: float, ask_every_s: float = 0.0) -> bool:
        """Wait for news of `folder`; whether there were any. Look again whatever it says.

        The folder stays open from the last look, so that a mail that came since then is news. `ask_every_s`: ask so often
        instead of waiting to be told, which some servers take their time with; 0: be told, where the server can.
        """
        if self._open is None or self._open.folder != folder:
            self._enter(folder, None)
        if self._news:
            self._news = False
            return True
        if ask_every_s or not self.offers("IDLE"):
            return self._ask(seconds, ask_every_s or seconds)
        self._begin_idle()
        got = self._client.idle_check(timeout=0 if self._already_here() else seconds)
        _, more = self._client.idle_done()  # raises on a dead line; returns what had been buffered
        self._imap.untagged_responses.clear()
        return any(len(line) > 1 and line[1] in (b"EXISTS", b"EXPUNGE") for line in got + more)

    def _begin_idle(self) -> None:
        try:
            self._client.idle()
        except IMAPClient.AbortError:
            raise
        except IMAPClient.Error:
            raise Declined("the mail server offers IDLE, and refuses it") from None

    def _already_here(self) -> bool:
        """News that came together with `+ idling` sit in imaplib's buffer, where poll() does not see them."""
        line = self._client.socket()
        line.settimeout(0)
        try:
            return bool(self._imap.file.peek(1))
        except OSError:
            return False
        finally:
            line.settimeout(self._timeout_s)

    def _ask(self, seconds: float, every_s: float) -> bool:
        """Without IDLE: whether a mail comes. A line that is cut ends the wait."""
        poller = select.poll()
        poller.register(self._client.socket().fileno(), select.POLLIN)
        ends_s = time.monotonic() + seconds
        while (left_s := ends_s - time.monotonic()) > 0:
            poller.poll(1000 * min(every_s, left_s))
            self._client.noop()
            self._forget()
            if self._news:
                self._news = False
                return True
        return False

    # Changing ──────────────────────────────────────────────────────────────────────────────────────

    def move(self, folder: str, uidvalidity: int, uids: Sequence[int], target: str) -> list[Place | None]:
        """Where each mail lies now: None for one that is gone, or whose new place the server does not tell.

        Where the server can neither MOVE nor expunge by UID the mails stay, marked with a keyword: a plain EXPUNGE
        would destroy what people have deleted and may want back (RFC 9051 6.4.9).
        """
        state = self._enter(folder, uidvalidity, write=True)
        if self.offers("MOVE"):
            return self._moved(uids, target)
        if self.offers("UIDPLUS"):
            return self._copied_and_expunged(state, uids, target)
        return self._left_in_place(state, uids)

    def _moved(self, uids: Sequence[int], target: str) -> list[Place | None]:
        self._imap.untagged_responses.clear()
        self._client.move(uids, self.naming.at_server(_without_controls(target)))
        return self._targets(uids, target)

    def _targets(self, uids: Sequence[int], target: str) -> list[Place | None]:
        codes = self._imap.untagged_responses.get("COPYUID", ())
        validity, where = imap_replies.copied(codes, uids)
        self._imap.untagged_responses.clear()
        return [Place(target, validity, where[uid]) if uid in where else None for uid in uids]

    def _copied_and_expunged(self, state: _Open, uids: Sequence[int], target: str) -> list[Place | None]:
        """COPY, then expunge by UID what COPYUID names and nothing else.

        Cut off in between, the mails are copied again the next time: a second copy does less harm than an expunge
        on the mere likeness of one.
        """
        self._imap.untagged_responses.clear()
        self._client.copy(uids, self.naming.at_server(_without_controls(target)))
        places = self._targets(uids, target)
        copied = [uid for uid, place in zip(uids, places, strict=True) if place is not None]
        if not copied:  # none was there; or the server does not say which, and then nothing is expunged
            return self._left_in_place(state, uids)
        self._client.add_flags(copied, ["\\Deleted"], silent=True)
        self._client.uid_expunge(copied)
        return places

    def _left_in_place(self, state: _Open, uids: Sequence[int]) -> list[Place | None]:
        self._store(state, uids, [DONE_KEYWORD])
        there = set(self._client.search(["UID", ",".join(map(str, uids))]))
        return [Place(state.folder, state.uidvalidity, uid) if uid in there else None for uid in uids]

    def add_flags(self, folder: str, uidvalidity: int, uids: Sequence[int], flags: Sequence[str]) -> None:
        """Set `flags`; those that the folder would not keep are left out."""
        self._store(self._enter(folder, uidvalidity, write=True), uids, flags)

    def _store(self, state: _Open, uids: Sequence[int], flags: Sequence[str]) -> None:
        kept = [
            plain(flag) for flag in flags if flag.lower() in state.flags or _is_keyword(flag) & ("\\*" in state.flags)
        ]
        if kept:
            self._client.add_flags(uids, kept, silent=True)

    def append(self, folder: str, content: bytes, flags: Sequence[str], when: datetime | None) -> Place | None:
        """Put a mail into `folder`; where it lies, if the server tells. Raises the library's error for a NO."""
        self._imap.untagged_responses.clear()
        spelled = self.naming.at_server(_without_controls(folder))
        self._client.append(spelled, content, tuple(map(plain, flags)), when)
        found = imap_replies.appended(self._imap.untagged_responses.get("APPENDUID", ()))
        return None if found is None else Place(folder, *found)

    def append_all(
        self, folder: str, mails: Sequence[tuple[bytes, datetime]], flags: Sequence[str]
    ) -> tuple[int, range] | None:
        """Put all of `mails` into `folder` in one go, or none; None where the server cannot (RFC 3502, RFC 7888).

        UIDVALIDITY, and the UIDs that they have now; no UID where the server does not tell.
        """
        if not (self.offers("MULTIAPPEND") and self.offers("LITERAL+")):
            return None
        spelled = self.naming.at_server(_without_controls(folder))
        kept = tuple(map(plain, flags))
        batch = [{"msg": mail, "flags": kept, "date": when} for mail, when in mails]
        self._imap.untagged_responses.clear()
        answer, words = self._client.multiappend(spelled, batch)
        told = imap_replies.appended_all(self._imap.untagged_responses.get("APPENDUID", ()), len(batch))
        self._imap.untagged_responses.clear()
        if answer != "OK":
            raise IMAPClient.Error(f"append failed: {_text(words[0] or b'')}")
        return told or (0, range(0))


def _connect(account: Account, context: ssl.SSLContext | None) -> IMAPClient:
    client = IMAPClient(
        account.host,
        account.port,
        ssl=account.security == "tls",
        ssl_context=context,
        timeout=SocketTimeout(min(CONNECT_S, account.timeout_s), account.timeout_s),
    )
    # imaplib sends a literal and its line end apart: without this the second waits 40 ms for the first's receipt.
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client._imap.debug = 0  # noqa: SLF001  # it would hand every line, mail and password, to its logger
    return client


def _mail(place: Place, data: dict[bytes, Any], *, cut: bool) -> RawMail | None:
    content = data.get(b"BODY[]<0>" if cut else b"BODY[]")
    arrived = data.get(b"INTERNALDATE")
    if not content or arrived is None:
        return None
    return RawMail(place=place, arrived=arrived.astimezone(UTC), content=bytes(content), cut=cut)


def _any_of(message_ids: Sequence[str]) -> list[str]:
    """SEARCH criteria: OR takes two keys, so that n of them stand in a row before the last (RFC 9051 6.4.4)."""
    keys = [["HEADER", "Message-ID", plain(one)] for one in message_ids]
    return [word for key in keys[:-1] for word in ("OR", *key)] + keys[-1]


def _message_id(header: bytes | None) -> str:
    _, _, value = (header or b"").partition(b":")
    return value.strip().decode("latin-1")


def _is_keyword(flag: str) -> bool:
    return not flag.startswith("\\")


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
