"""REQUEST and WITHDRAW on their own line: the small grammar of what asks other suppliers and takes it back."""

import re

from daemon.rules.commands import order_rows, words
from daemon.rules.commands.orders import Order, Request, RequestAgain, RequestContact, Withdraw
from daemon.rules.commands.words import Opening, Unfit
from daemon.rules.identifiers import DeviceId
from daemon.rules.sense import scanning
from daemon.rules.sense.forms import DEVICE, HEX

MAX_REASON = 200
_NOW = re.compile(r"(?:right )?now\b[ ,.:;-]*", re.IGNORECASE)
_AGAIN = re.compile(r"again\b[ ,.:;-]*", re.IGNORECASE)
_CONTACT = re.compile(r"contacts? (?:of |for |at )?(?P<party>[\w .,&'’()/+-]{1,60})", re.IGNORECASE)
_FILLER = re.compile(
    r"(?:(?:the|an?|install|codes?|for|of|these|this|following|below|attached|devices?|sheet|list|please)\b|[ ,.:;-])*+",
    re.IGNORECASE,
)

_DIGITS = re.compile(rf"{HEX}(?:[ \-:./_|,]{{0,3}}{HEX}){{7,}}")
"""Another Device ID, or the other half of a code; a few words of plain English have no such run."""


def request(said: Opening) -> Order:
    """REQUEST or REQUEST NOW; its rows stand below it or in a sheet, a single one behind it. Raises Unfit.

    REQUEST CONTACT and a supplier asks the Helpdesk, REQUEST AGAIN for codes in place of those that do not work.
    """
    if said.loud and (contact := _CONTACT.fullmatch(said.rest)):
        return RequestContact(contact["party"])
    if again := _AGAIN.match(said.rest):
        return _request_again(said.rest[again.end() :])
    now = _NOW.match(said.rest)
    rest = said.rest[now.end() :] if now else said.rest
    row = DEVICE.search(rest)
    if row is not None and _FILLER.fullmatch(rest[: row.start()]):
        return Request(now is not None, order_rows.text_rows([(1, rest[row.start() :])]))
    if said.lone or (now and not rest) or (said.loud and _FILLER.fullmatch(rest)):
        return Request(now is not None)
    raise Unfit("REQUEST stands alone on its line, or REQUEST NOW; below it one device and its supplier a line")


def _request_again(rest: str) -> RequestAgain:
    """Devices or a reference, and perhaps why; none: the devices stand in the lines below. Raises Unfit."""
    ref, after = words.take_ref(rest)
    if ref:
        return RequestAgain(ref=ref, why=_reason(after))
    devices: list[DeviceId] = []
    after = _FILLER.sub("", rest, count=1)
    while match := DEVICE.match(after):
        device = scanning.whole_cell(match[0])
        if device is None:
            break
        devices.append(device)
        after = re.sub(r"\A[ ,;&]*(?:and\b)?[ ,;]*", "", after[match.end() :])
    if not devices and after:
        raise Unfit(
            "REQUEST AGAIN takes the Device IDs whose codes do not work, or the reference of an inquiry, and then why: "
            "REQUEST AGAIN 00-DB-12-34-56-78-90-A0 the meter refuses it"
        )
    return RequestAgain(tuple(dict.fromkeys(devices)), why=_reason(after))


def withdraw(said: Opening) -> Order:
    """A device, and why; the words are kept for our own team. Raises Unfit."""
    rest = words.without_filler(said.rest)
    rest = re.sub(r"\Adevice(?: id)?\b[ :#]*", "", rest, flags=re.IGNORECASE)
    match = DEVICE.match(rest)
    device = scanning.whole_cell(match[0]) if match else None
    if match is None or device is None:
        raise Unfit("WITHDRAW needs one Device ID and why: WITHDRAW 00-DB-12-34-56-78-90-A0 customer left")
    if _DIGITS.search(rest[match.end() :]):
        raise Unfit("one WITHDRAW takes one Device ID and plain words: WITHDRAW 00-DB-12-34-56-78-90-A0 customer left")
    reason = _reason(rest[match.end() :])
    if not reason:
        raise Unfit("say why behind the device: WITHDRAW 00-DB-12-34-56-78-90-A0 customer left")
    return Withdraw(device, reason)


def _reason(text: str) -> str:
    """Words for our own team, kept without secrets. Raises Unfit."""
    written = text.strip(" ,.:;-")
    if _DIGITS.search(written):
        raise Unfit("its words may hold an install code; say why in plain words")
    reason = words.without_secrets(written)
    if len(reason) > MAX_REASON:
        raise Unfit(f"the reason has more than {MAX_REASON} characters; please shorten it")
    return reason
