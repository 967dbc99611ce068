"""What a mail says, whoever wrote it: devices, answers, wishes, and what it must not hold.

What is quoted is read only to learn what the mail is about: nothing in it is ever acted on. The work takes as long as
the mail is long and asks for nothing but the mail: the child that parses does it, and so nothing that it need not
know is imported here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from daemon.mail.message import IncomingMail, MarkedKind, Reading, Source, Table
from daemon.rules.identifiers import DeviceId
from daemon.rules.meaning import Asked, BadLine, Correspondence
from daemon.rules.sense import cautions, listing, personal, plainly, scanning, wishes
from daemon.rules.sense.listing import Listed
from daemon.rules.sense.near_misses import Fault
from daemon.rules.sense.unwanted import some_are_done, unwanted

MAX_BAD_LINES = 200
MAX_ROWS_SEARCHED = 5_000
"""Rows of a table in which personal data is looked for: it only earns the sender a remark."""
MAX_PERSONAL_SEARCHED = 2_000_000
"""Characters in which it is looked for, whatever the rows hold."""
MAX_QUOTED = 20_000
"""Characters of what is handed on or quoted that are looked at to learn what the mail is about."""
_POINTS = frozenset(("MPAN", "MPRN"))
"""Kinds of personal data that stand for a meter: what has one is about devices."""
_IN_TEXT = (Source.HTML, Source.FORWARDED)
Where = Callable[[int], str]
"""Names a line or row (from 0) for its writer."""


@dataclass(frozen=True, slots=True)
class Sense:
    """What a mail says, whoever wrote it."""

    says: Correspondence
    """Taken for a counterparty's mail."""
    about_codes: bool = True
    """It speaks of install codes, or of what only this process speaks of, or quotes what does."""
    bulk: bool = False
    """It went to many."""
    requests: bool = True
    """Unlisted as its writer may be, it means us."""
    plain_wish: bool = False
    """It asks for codes and does not say of what, or hands over what may be a list: install codes, if its writer is listed for those."""


@dataclass(slots=True)
class _Gathered:
    """Devices, answers and bad lines, as they are met; each once, at its first place."""

    asked: dict[DeviceId, Asked] = field(default_factory=dict)
    answered: set[DeviceId] = field(default_factory=set)
    tabled: set[DeviceId] = field(default_factory=set)
    """Devices of tables in the mail's text, those beside the asked ones (a hub) included: the tables speak for them."""
    cells: set[str] = field(default_factory=set)
    """What stands in tables of the mail's text: the plain text says it again, without the columns."""
    bad: dict[str, BadLine] = field(default_factory=dict)
    mangled: bool = False
    """One of `bad` was meant for a Device ID, or a spreadsheet shortened it."""
    shaped: bool = False
    """One of `bad` was meant for a Device ID, even where nothing else in the mail says so."""
    left_out: set[DeviceId] = field(default_factory=set)
    """Devices whose row says that they are not wanted, or that are struck through."""
    lists: int = 0
    """Tables that ask for devices."""
    codes: bool = False
    for_devices: bool = False

    def spoil(self, where: str, fault: Fault) -> None:
        """Note a bad line once."""
        self.mangled = self.mangled or fault.sure
        self.shaped = self.shaped or fault.shaped
        if len(self.bad) < MAX_BAD_LINES:
            self.bad.setdefault(where, BadLine(where, fault.why))


@dataclass(frozen=True)
class _Words:
    """The mail's own words: `said` what its writer says, `all` with the subject and what was handed on."""

    said: tuple[str, ...]
    written: tuple[str, ...]
    """Those of `said` that stand below the subject."""
    handed_on: tuple[str, ...]
    all: tuple[str, ...]
    around: str
    """Everything that shows what the mail is about, what it quotes included."""
    reply: bool
    texts: tuple[str, str, str]
    """The subject, what its writer says, what was handed on."""
    taking_back: tuple[str, ...]
    """Those of `said` that take a request back."""
    asking: bool
    """It asks for anything at all, what was handed on included."""
    reports: bool
    """It tells how things went, rather than asks."""

    @cached_property
    def own(self) -> str:
        """All of them in a row."""
        return " ".join(self.all)

    @property
    def merely_thank(self) -> bool:
        """They are thanks in a reply, and ask nothing: what they name is not asked for again."""
        return self.reply and not self.asking and wishes.thanks(self.said)

    @cached_property
    def name_matter(self) -> bool:
        """They speak of what only this process speaks of."""
        return wishes.names_matter(self.own)

    @cached_property
    def of_other_matter(self) -> bool:
        """With all around them, they are about something else that devices have."""
        return wishes.is_other_matter(self.around)


def _words(mail: IncomingMail) -> _Words:
    reply = bool(mail.in_reply_to or mail.references) or wishes.is_answer(mail.subject)
    subject = wishes.own_subject(mail.subject)
    if not reply and not subject:
        subject = mail.subject
    written = wishes.sentences(mail.new_text)
    said = (*wishes.sentences(subject), *written)
    around = "\n".join((mail.subject, mail.new_text, mail.forwarded_text[:MAX_QUOTED], mail.quoted_text[:MAX_QUOTED]))
    handed_on = wishes.sentences(mail.forwarded_text)
    asks = wishes.asks_anything(said)
    return _Words(
        said=said,
        written=written,
        handed_on=handed_on,
        all=(*said, *handed_on),
        around=around,
        reply=reply,
        texts=(subject, mail.new_text, mail.forwarded_text),
        taking_back=wishes.withdrawals(said),
        asking=asks or wishes.asks_anything(handed_on),
        reports=not asks and bool(wishes.reporting(said, reply=reply)),
    )


def sense(mail: IncomingMail) -> Sense:
    """What `mail` says. The work is bounded; the worst mail takes seconds."""
    words = _words(mail)
    gathered = _gather(mail, words)
    data = _personal_data(mail)
    kind = mail.origin.mark.kind if mail.origin.mark else None
    if kind is MarkedKind.ANSWER:
        return Sense(_marked_answer(mail, data))
    meaning = Correspondence(
        asked=() if words.of_other_matter else tuple(gathered.asked.values()),
        chase=kind is MarkedKind.CHASE or wishes.chases(words.said, reply=words.reply),
        complains=wishes.complains(words.said),
        brings_codes=gathered.codes,
        leaves_open=bool(gathered.asked) and (words.merely_thank or wishes.leaves_open(words.said)),
        answered=tuple(sorted(gathered.answered)),
        nothing_attached=not (gathered.asked or mail.attachments or mail.tables) and wishes.attaches(words.said),
        bad_lines=tuple(gathered.bad.values()),
        personal_data=data,
        wants_codes=kind is MarkedKind.REQUEST or _wants_codes(mail, words, gathered, data),
        references=_references(mail),
    )
    meaning = _with_reports(_with_withdrawal(meaning, words, gathered.left_out), words)
    if _leaves_some_out(meaning, words, gathered.lists):
        meaning = replace(meaning, leaves_some_out=True)
    if _is_cautious(meaning, words, mail.origin.sender) or not (kind or _is_plain(meaning, mail, words)):
        meaning = replace(meaning, no_plain_request=True)
    if meaning.chase and not meaning.asked and not words.of_other_matter:
        meaning = replace(meaning, of_what_is_open=not words.reply or wishes.names_code(words.around))
    return _sensed(meaning, mail, words, gathered)


def _marked_answer(mail: IncomingMail, data: tuple[str, ...]) -> Correspondence:
    """What another copy of this daemon answers asks for nothing, whatever it names."""
    return Correspondence(brings_codes=True, personal_data=data, references=_references(mail))


def _references(mail: IncomingMail) -> tuple[str, ...]:
    named = (mail.origin.mark.reference or "") if mail.origin.mark else ""
    return scanning.references(f"{named}\n{mail.subject}\n{mail.new_text}")


def _wants_codes(mail: IncomingMail, words: _Words, gathered: _Gathered, data: tuple[str, ...]) -> bool:
    own = words.own
    about_devices = bool(gathered.asked) or gathered.mangled or bool(_POINTS & set(data))
    about_devices = about_devices or wishes.names_devices(own) or wishes.names_serial(own)
    about_devices = about_devices or (words.reply and wishes.names_matter(words.around))
    if wishes.asks_for_codes(words.all, of_devices=about_devices):
        return True
    if gathered.codes or gathered.answered or words.reports:
        return False
    said = tuple(sentence for sentence in words.said if sentence not in words.taking_back)
    if not words.reply and wishes.titles_request(mail.subject, said):
        return True
    if not gathered.asked and wishes.points_below(words.said) and not words.of_other_matter:
        return bool(_quoted_devices(mail))
    instead = bool(data) or wishes.names_serial(own) or gathered.for_devices or _brings_unread(mail)
    return instead and wishes.names_request(own)


def _brings_unread(mail: IncomingMail) -> bool:
    return any(a.reading in (Reading.NOT_TEXT, Reading.UNREADABLE) for a in mail.attachments)


def _quoted_devices(mail: IncomingMail) -> tuple[DeviceId, ...]:
    """The Device IDs of the mail that it quotes: never asked for, but told of to whoever points at them."""
    return scanning.scan(mail.quoted_text[:MAX_QUOTED]).devices


def _with_withdrawal(meaning: Correspondence, words: _Words, in_rows: set[DeviceId]) -> Correspondence:
    """Taken back: what the clauses or sentences name, or all. Beside a request in the same mail nothing is taken back whole."""
    sentences = words.taking_back
    named = _not_wanted(meaning, words, sentences, in_rows)
    if not (sentences or named):
        return meaning
    if meaning.asked and not named and any(map(wishes.still_wants, sentences)):
        return replace(meaning, no_plain_request=True)
    if wishes.wants_both(words.all) and named - _taken_back(sentences):
        return replace(meaning, leaves_some_out=True)
    doubted = tuple(sorted(named - _taken_back(sentences)))
    others = tuple(asked for asked in meaning.asked if asked.device_id not in named)
    if others and (named or meaning.wants_codes or wishes.replaces(words.said)):
        left_out = tuple(asked.device_id for asked in meaning.asked if asked.device_id in named)
        return replace(meaning, asked=others, left_out=left_out, doubted=doubted)
    if not sentences:
        return meaning if words.reports else replace(meaning, doubted=doubted)
    return replace(meaning, withdraws=True, chase=False)


def _taken_back(sentences: tuple[str, ...]) -> set[DeviceId]:
    """What is named in the parts that say so."""
    return {device for sentence in sentences for device in scanning.scan(wishes.taken_back_in(sentence)).devices}


def _not_wanted(
    meaning: Correspondence, words: _Words, sentences: tuple[str, ...], in_rows: set[DeviceId]
) -> set[DeviceId]:
    """The devices named that are not wanted, by their row, their clause, or a sentence that takes back all it names.

    Of what is merely said to be done (commissioned, removed) the code is wanted all the same where the mail asks for
    codes, and can mean no other device.
    """
    if not meaning.asked:
        return set()
    asked = {one.device_id for one in meaning.asked}
    if wishes.is_test(words.said):
        return asked
    said = unwanted(*words.texts)
    named = set(said.left_out)
    for sentence in sentences:
        if not named & set(scanning.scan(sentence).devices) and not wishes.replaces((sentence,)):
            named.update(scanning.scan(wishes.taken_back_in(sentence)).devices)
    if (
        said.done
        and not wishes.wants_all(words.all)
        and not (asked - named <= said.done and _asks_all_the_same(said.beside))
    ):
        named |= said.done
    return (named | in_rows) & asked


def _asks_all_the_same(beside: str) -> bool:
    said = wishes.sentences(beside)
    return wishes.asks_for_codes(said, of_devices=True) or wishes.asks_for_it(said)


def _leaves_some_out(meaning: Correspondence, words: _Words, lists: int) -> bool:
    """Beside what it leaves out by Device ID. Of several tables, those are meant of which it says that all is done."""
    if len(meaning.asked) < 2 or meaning.withdraws:
        return False
    if lists > 1 and some_are_done(words.all):
        return True
    if not wishes.leaves_some_out(words.all):
        return False
    return wishes.leaves_some_out(wishes.sentences(unwanted(*words.texts).beside))


def _is_cautious(meaning: Correspondence, words: _Words, sender: str | None) -> bool:
    """Something stands against sending codes, and that is not said of devices that it leaves out."""
    looks = [cautions.warn]
    if not meaning.withdraws and (meaning.asked or wishes.names_matter(words.around)):
        looks.append(cautions.stand_against)
        looks += [cautions.want_none] if meaning.asked and not meaning.wants_codes else []
    suspects = [look for look in looks if look(words.said)]
    if not suspects:
        return False
    beside = (*wishes.sentences(words.texts[0]), *wishes.sentences(unwanted(*words.texts).beside))
    return any(look(cautions.with_own_name_as_us(beside, sender)) for look in suspects)


def _is_plain(meaning: Correspondence, mail: IncomingMail, words: _Words) -> bool:
    """It asks plainly for what it asks for; what it leaves out by Device ID, and what is doubted anyway, is read apart."""
    asked = {one.device_id for one in meaning.asked}
    if meaning.withdraws or meaning.leaves_some_out or (asked and asked.issubset(meaning.doubted)):
        return True
    if not asked:
        return not (meaning.chase and plainly.casts_doubt(words.written))
    if plainly.is_anothers(mail.forwarded_text, mail.quoted_text, mail.origin.sender):
        return False
    own, written = mail.new_text, words.written
    if meaning.left_out:
        own = unwanted("", own).beside
        written = wishes.sentences(own)
    return plainly.asks_for_all(mail.subject, (*written, *words.handed_on), own, mail.signature_text)


def _with_reports(meaning: Correspondence, words: _Words) -> Correspondence:
    """A mail that only reports ("received with thanks", "not installed by us") asks for none of what it names."""
    if meaning.withdraws or meaning.chase or meaning.wants_codes:
        return meaning
    reported = words.reports
    if reported and (apart := _named_apart(meaning, words)):
        return _with_apart(meaning, apart, words)
    thanks = not words.asking and wishes.contents(words.said)
    nothing_else = not meaning.brings_codes and (reported or not meaning.asked)
    return replace(
        meaning,
        asked=() if reported else meaning.asked,
        bad_lines=() if reported else meaning.bad_lines,
        leaves_open=meaning.leaves_open and not reported,
        acknowledgement=thanks and nothing_else,
    )


def _named_apart(meaning: Correspondence, words: _Words) -> set[DeviceId]:
    """The devices that stand in no sentence that reports: more may be wanted of them than to be told of.

    Where it is no reply nobody waits for a report: the very line must name them too, for a list may stand above thanks.
    """
    told = _reported(words.said, reply=words.reply)
    if not words.reply and wishes.denies(words.said):
        told = set()
    elif not words.reply:
        subject, said, _ = words.texts
        told &= _reported((*wishes.sentences(subject), *wishes.lines(said)), reply=False)
    return {one.device_id for one in meaning.asked} - told


def _reported(said: tuple[str, ...], *, reply: bool) -> set[DeviceId]:
    return set().union(*(scanning.scan(part).devices for part in wishes.reporting(said, reply=reply)))


def _with_apart(meaning: Correspondence, apart: set[DeviceId], words: _Words) -> Correspondence:
    """Who thanks in a reply and names other devices wants those; what else it may be, a person sees."""
    if not words.reply or wishes.denies(words.said):
        return replace(meaning, doubted=tuple(sorted({*meaning.doubted, *apart})))
    return replace(meaning, asked=tuple(one for one in meaning.asked if one.device_id in apart), leaves_open=True)


def _sensed(meaning: Correspondence, mail: IncomingMail, words: _Words, gathered: _Gathered) -> Sense:
    """The meaning without what is of no account in it, and what it is about."""
    own, matter = words.own, words.name_matter
    on_topic = bool(meaning.asked or meaning.references or matter or gathered.codes or mail.origin.mark)
    on_topic = on_topic or gathered.shaped or bool(gathered.bad and wishes.names_code(own))
    plain_wish = not meaning.wants_codes and _is_plain_wish(mail, words, gathered, meaning.personal_data)
    if not (meaning.asked or meaning.wants_codes or gathered.for_devices or on_topic or plain_wish):
        meaning = replace(meaning, bad_lines=())
    wants = (meaning.wants_codes or plain_wish) and not meaning.asked
    return Sense(
        says=replace(meaning, quotes_devices=True) if wants and _quoted_devices(mail) else meaning,
        about_codes=on_topic or wishes.names_matter(words.around),
        bulk=wishes.is_bulk(f"{mail.new_text}\n{mail.signature_text}"),
        requests=_strangers_request(meaning, words, gathered),
        plain_wish=plain_wish,
    )


def _is_plain_wish(mail: IncomingMail, words: _Words, gathered: _Gathered, data: tuple[str, ...]) -> bool:
    """In what is no answer: there a plain "code" is whatever the two speak of.

    It may ask for codes in so many words; or name a code in its subject and say nothing more, or ask; or name one beside a supply
    number, a serial number or something attached; or want something of an attached list of meters.
    """
    if words.reply or words.of_other_matter:
        return False
    if wishes.asks_for_codes(words.all, of_devices=True):
        return True
    if gathered.codes or gathered.answered or words.reports or wishes.brings_or_directs(words.all):
        return False
    own, unread = words.own, _brings_unread(mail)
    written = mail.new_text.strip() or mail.forwarded_text.strip()
    if wishes.names_code(mail.subject) and (not written or wishes.asks_to_do(words.said)):
        return True
    beside = unread or bool(_POINTS & set(data)) or wishes.names_serial(own) or wishes.hands_over(words.said)
    if beside and wishes.names_code(own):
        return True
    return unread and wishes.names_devices(own) and wishes.wants_of_list(words.said)


def _strangers_request(meaning: Correspondence, words: _Words, gathered: _Gathered) -> bool:
    """Whether an unlisted writer means us: a Device ID alone, or a long number, is no request for a code."""
    own, matter = words.own, words.name_matter
    if meaning.wants_codes or (meaning.brings_codes and matter):
        return True
    about = matter or wishes.names_devices(own) or wishes.names_code(own) or gathered.for_devices
    return bool(meaning.asked) and (
        about or (words.asking and any(a.device_id.casefold() in own for a in meaning.asked))
    )


def _personal_data(mail: IncomingMail) -> tuple[str, ...]:
    """Kinds seen in what the writer wrote or handed on."""
    rows = (row for table in mail.tables for row in table.rows[:MAX_ROWS_SEARCHED])
    cells = ("  |  ".join(_other_cells(row)) for row in rows)
    text = "\n".join((mail.subject, mail.new_text, mail.forwarded_text, *cells))
    return personal.kinds(text[:MAX_PERSONAL_SEARCHED])


def _other_cells(row: tuple[str, ...]) -> list[str]:
    """The cells that are not just a Device ID, or too short for any personal data."""
    return [cell for cell in row if len(cell) > 4 and scanning.exact(cell) is None]


# Where devices stand ────────────────────────────────────────────────────────────────────────────────


def _gather(mail: IncomingMail, words: _Words) -> _Gathered:
    """The tables are read first: what they answer or leave aside is not asked by the same words in plain text."""
    effort, asking = listing.Effort(), words.asking
    tables = [(table, listing.read_table(table, asking=asking, effort=effort)) for table in mail.tables]
    in_text = [listed for table, listed in tables if table.source in _IN_TEXT]
    gathered = _Gathered(
        answered={device for _, listed in tables for device in listed.answered},
        tabled={d for listed in in_text for d in (*listed.beside, *(device for device, _ in listed.asked))},
        cells={cell for table in mail.tables if table.source in _IN_TEXT for row in table.rows for cell in row},
        left_out={device for _, listed in tables for device in listed.left_out},
        lists=sum(bool(listed.asked) for _, listed in tables),
        codes=any(listed.brings_codes for _, listed in tables),
        for_devices=any(listed.for_devices for _, listed in tables),
    )
    subject = wishes.own_subject(mail.subject) if words.reply else mail.subject
    _read_text(subject, gathered, lambda _: "the subject", asking=asking)
    _read_text(mail.new_text, gathered, lambda line: f"line {line + 1}", asking=asking)
    _read_text(mail.signature_text, gathered, lambda _: "the end of your mail", asking=asking)
    _read_text(mail.forwarded_text, gathered, lambda line: f"line {line + 1} of the forwarded mail", asking=asking)
    for table, listed in tables:
        _take(listed, gathered, _place(table))
    for device in scanning.scan(mail.struck_text).devices if mail.struck_text else ():
        gathered.asked.setdefault(device, Asked(device, "what is struck through"))
        gathered.left_out.add(device)
    for device in gathered.answered:
        gathered.asked.pop(device, None)
    return gathered


def _read_text(text: str, gathered: _Gathered, where: Where, *, asking: bool) -> None:
    found = scanning.scan(text)
    if not (found.sightings or found.faults):
        return
    asked, answered = listing.pair(found, asking=asking)
    gathered.codes = gathered.codes or found.holds_code
    gathered.answered.update(answered)
    for device, line in asked:
        if device not in gathered.tabled:
            gathered.asked.setdefault(device, Asked(device, where(line)))
    for fault in found.faults:
        if fault.token not in gathered.cells:
            gathered.spoil(where(fault.line), fault)


def _take(listed: Listed, gathered: _Gathered, where: Where) -> None:
    for device, row in listed.asked:
        if device not in gathered.asked:
            gathered.asked[device] = Asked(device, where(row))
    for fault in listed.faults:
        gathered.spoil(where(fault.line), fault)


def _place(table: Table) -> Where:
    """A row as its writer counts: lines in a file, rows in a table of the mail."""
    unit = "row" if table.source in _IN_TEXT else "line"
    return lambda row: f"{table.name}, {unit} {table.first_line + row}"
