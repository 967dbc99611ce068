"""The text of a mail, line by line: which lines are orders, which nearly are, and where the orders end."""

import re
from dataclasses import replace

from daemon.mail.message import IncomingMail, Source
from daemon.rules.commands import order_rows, words
from daemon.rules.commands.frame import closes, greets, is_footer, names_of
from daemon.rules.commands.grammar import Setting, is_attempt, parse, runs_on
from daemon.rules.commands.meant import MOST_READ, meant_to_order, meant_to_stop, named_in, sentences
from daemon.rules.commands.misses import in_full, is_marked, near_miss
from daemon.rules.commands.orders import (
    Approve,
    CommandLine,
    CommandMail,
    Incident,
    Order,
    OrderedRow,
    Pause,
    Reject,
    Request,
    RequestAgain,
    Rows,
    Verb,
)
from daemon.rules.commands.words import Opening, Unfit, misspelt
from daemon.rules.sense.forms import HEX, plain

MOST_LINES = 10
MAX_TEXT = 100_000
"""Of the new text no more is read."""
_ONLY_HEX = re.compile(rf"{HEX}{{1,36}}(?:[ \-:.]{{1,3}}{HEX}{{1,36}}){{0,17}}")
_WRAPS_FROM = 50
"""A line at least this long may have been broken by a mail program."""
_NOT_PLAIN = (
    "I cannot tell whether the next line is for the supplier too: leave an empty line before it if it is not, "
    "or write all your words in one line"
)
_SENTENCE = 7
"""A line of so many words below a lone word makes that word a heading."""
_BY_SUBJECT = frozenset(
    (
        Verb.HELP,
        Verb.STATUS,
        Verb.LIST,
        Verb.REPORT,
        Verb.EVIDENCE,
        Verb.TEAM,
        Verb.PAUSE,
        Verb.INCIDENT,
        Verb.REQUEST,
        Verb.CONTACTS,
        Verb.INVENTORY,
    )
)
"""What shows, stops, asks or proposes is obeyed where it stands in the subject of a mail without words; the rest is not."""
_MOVING = frozenset((Verb.PAUSE, Verb.RESUME, Verb.INCIDENT, Verb.REQUEST, Verb.WITHDRAW, Verb.CHASE, Verb.ESCALATE))
"""Whoever writes one of these in capitals below other words, or above them in the subject, must hear that it was not done."""
_DECIDING = frozenset((Verb.APPROVE, Verb.REJECT))
"""The same in the subject; below other words only in a reply, and before what our own letters say, which hold them."""
_OUR_WORDS = "Reply to this letter, and begin with"
_BRINGING = frozenset((Verb.CONTACTS, Verb.INVENTORY, Verb.ADOPT))
"""The same in the subject of a mail that brings a sheet."""
_LONGEST_SUBJECT = 200
_LINES_READ = 40
"""Of a text no more is looked through for orders below other words."""
_SEE_SUBJECT = re.compile(
    r"(?:please )?(?:see|as(?: per| in)?|per|read)?(?: the| my)? ?(?:subject(?: line)?|above|title)[ .!]*|eom|n/?t|\^+|[.\-]",
    re.IGNORECASE,
)
"""Words of a mail that says all in its subject."""


class Reader:
    """Walks down the new text once, from order to order, and stops where the orders end."""

    def __init__(self, mail: IncomingMail, setting: Setting) -> None:
        self._mail = mail
        self._setting = setting
        self._raw = plain(mail.new_text[:MAX_TEXT]).split("\n")
        self._lines = [words.tidy(line) for line in self._raw]
        self._signed = names_of(mail.origin)
        self._number = 1
        """Of the first line, as its writer counts them; the subject is line 0."""
        self._at = 0
        self._gap = True
        """A blank line stands above, or nothing."""
        self._found: list[CommandLine] = []
        self._orders: list[Order] = []

    def run(self) -> CommandMail:
        """What the mail orders, or nearly did."""
        self._take_subject()
        first = self._first()
        if first is None or not self._is_order(first) or self._is_heading(first):
            return CommandMail(near_miss=self._near_miss(first))
        self._at = first
        while self._at < len(self._lines) and len(self._found) <= MOST_LINES and self._step():
            pass
        self._weigh_stop_beside()
        return CommandMail(tuple(self._found))

    def _weigh_stop_beside(self) -> None:
        """Words beside the orders that would stop letters: where none of the orders does, nothing is done before their
        writer has said what they mean.
        """
        if any(isinstance(order, Pause | Incident) for order in self._orders):
            return
        for one in sentences("\n".join((self._subject(), "", *self._up_to_closing(self._at)))):
            if line := meant_to_stop(one, self._setting.names):
                self._add(one, None, _unclear(line))
                return

    def _filled(self, start: int) -> int | None:
        """The first line from `start` on that says anything."""
        return next((i for i in range(start, len(self._lines)) if self._lines[i]), None)

    def _first(self) -> int | None:
        """The line that decides: the first, or the one below a greeting."""
        first = self._filled(0)
        if first is None or any(raw.strip() == "--" for raw in self._raw[:first]) or self._ends(first):
            return None  # below a dash line stands a signature, whatever it says
        below = self._filled(first + 1)
        greeted = below is not None and greets(self._lines[first])
        return below if greeted and not (self._lines[first].isupper() and self._is_order(first)) else first

    def _ends(self, index: int) -> bool:
        """The orders end here: a closing, a dash line, or the writer's name."""
        return closes(self._raw[index].strip(), self._lines[index], self._signed)

    def _is_order(self, index: int) -> bool:
        """A line that orders something, or is meant to."""
        said = words.opening(self._lines[index])
        if said is None:
            return False
        try:
            parse(said, self._setting)
        except Unfit:
            return is_attempt(said, self._setting)
        return True

    def _is_heading(self, index: int) -> bool:
        """A new mail's first word in small letters with sentences below it: "Report", "Status"."""
        said = words.opening(self._lines[index])
        if self._setting.reply or said is None or said.loud or is_marked(said.rest):
            return False
        below = self._filled(index + 1)
        if below is None or self._ends(below) or self._is_order(below) or self._is_nearly(below):
            return False
        if below == index + 1:
            return not is_marked(self._lines[below])
        sentence = self._lines[below].count(" ") >= _SENTENCE - 1
        return said.lone and sentence and not is_footer(self._lines[below])

    def _is_nearly(self, index: int) -> bool:
        """Meant for an order, its verb misspelt."""
        line = self._lines[index]
        word = line.partition(" ")[0]
        return bool(misspelt(word)) and (is_marked(line) or word.isupper())

    # The subject ────────────────────────────────────────────────────────────────────────────────────

    def _subject(self) -> str:
        """The subject of a new mail, tidied; empty where a mail program may have written it."""
        mail = self._mail
        handed_on = mail.in_reply_to or mail.references or mail.quoted_text.strip() or mail.forwarded_text.strip()
        return "" if self._setting.reply or handed_on else words.tidy(plain(mail.subject[:_LONGEST_SUBJECT]))

    def _take_subject(self) -> None:
        """Put the subject above the text, where it orders in capitals and the text says nothing, or is rows of a REQUEST."""
        subject = self._subject()
        said = words.opening(subject)
        if said is None or not said.loud or said.verb not in _BY_SUBJECT or not self._parses(said):
            return
        first = self._filled(0)
        rows = said.verb is Verb.REQUEST and first is not None and order_rows.is_row(self._raw[first])
        if rows or self._says_nothing(first):
            below = self._raw if rows else []
            self._raw, self._lines = [subject, *below], [subject, *map(words.tidy, below)]
            self._number = 0

    def _says_nothing(self, first: int | None) -> bool:
        """The text is empty, points to the subject, or is a signature or a footer."""
        if first is not None and _SEE_SUBJECT.fullmatch(self._raw[first].strip()):
            first = self._filled(first + 1)
        return first is None or self._ends(first) or is_footer(self._lines[first])

    def _parses(self, said: Opening) -> bool:
        try:
            parse(said, self._setting)
        except Unfit:
            return False
        return True

    # Nearly an order ────────────────────────────────────────────────────────────────────────────────

    def _near_miss(self, first: int | None) -> str:
        """The order that its words or its subject nearly were; empty: it is people's mail."""
        subject = self._subject()
        verbs = _MOVING | _DECIDING | (_BRINGING if self._brings_sheet() else frozenset())
        in_subject = self._nearly(subject, alone=self._says_nothing(self._filled(0))) or self._moves(subject, verbs)
        if first is None:
            return in_subject
        below = self._filled(first + 1)
        nearly = self._nearly(self._lines[first], alone=below is None or self._ends(below))
        return nearly or in_subject or self._further_down(first) or self._bare_row(first)

    def _nearly(self, line: str, *, alone: bool) -> str:
        if not line:
            return ""
        sheet = self._brings_sheet()
        pasted = any(table.source is Source.HTML for table in self._mail.tables)
        listed = sheet or pasted or is_marked(self._mail.new_text[:MOST_READ])
        heard = (meant_to_order(one, self._setting.names, alone=alone, listed=listed) for one in sentences(line))
        return next(filter(None, heard), "") or near_miss(line, self._setting, alone=alone, sheet=sheet)

    def _brings_sheet(self) -> bool:
        return any(table.source in (Source.CSV, Source.XLSX) for table in self._mail.tables)

    def _further_down(self, first: int) -> str:
        """What would stop letters, in any sentence; or a line of its own that is an order in capitals, or decides."""
        lines = self._up_to_closing(first)
        orders = (self._moves(line, _MOVING) or self._decides(line) for line in self._before_our_words(lines))
        stops = (meant_to_stop(one, self._setting.names) for one in sentences("\n".join(lines)))
        return next(filter(None, (*orders, *stops)), "")

    def _up_to_closing(self, start: int) -> list[str]:
        """The lines from `start` to the closing, at most so many."""
        end = next((i for i in range(start, len(self._lines)) if self._lines[i] and self._ends(i)), len(self._lines))
        return self._lines[start:end][:_LINES_READ]

    def _before_our_words(self, lines: list[str]) -> list[str]:
        """Those above where one of our letters is quoted without a mark: it says how to decide."""
        ours = next((i for i, line in enumerate(lines) if line.startswith(_OUR_WORDS)), len(lines))
        return lines[:ours]

    def _decides(self, line: str) -> str:
        """The decision in a line below others of a reply, as below the banner that a mail gateway puts there.

        One that names a matter or a code of ours is quoted: in a reply nobody needs to.
        """
        said = words.opening(line) if self._setting.reply else None
        if said is None or said.verb not in _DECIDING or not (said.loud or said.lone) or words.holds_ref(line):
            return ""
        if words.REMOVED in words.shown(line, said.verb, fits=True) or not self._parses(said):
            return ""
        return in_full(said.verb, said.rest, self._setting)

    def _bare_row(self, index: int) -> str:
        """A row of an order without the word for it."""
        row = order_rows.is_row(self._raw[index]) and named_in(self._lines[index], self._setting.names)
        return Verb.REQUEST.value if row else ""

    def _moves(self, line: str, verbs: frozenset[Verb]) -> str:
        said = words.opening(line)
        moves = said is not None and said.loud and said.verb in verbs and self._parses(said)
        return in_full(said.verb, said.rest, self._setting) if said is not None and moves else ""

    # One step ───────────────────────────────────────────────────────────────────────────────────────

    def _step(self) -> bool:
        """Take in what stands at the line in hand; False: the orders end here."""
        index = self._at
        if not self._lines[index]:
            self._gap = True
            self._at += 1
            return True
        if self._ends(index):
            return False
        if self._is_order(index):
            self._take_order(index)
        elif self._is_nearly(index) or not self._gap:
            self._take_bad_line(index)
        else:
            return False
        self._gap = False
        return True

    def _take_bad_line(self, index: int) -> None:
        """One that is no order, directly below one: nothing is done, and its writer is told once a run of them."""
        line = self._lines[index]
        verb = misspelt(line.partition(" ")[0])
        way_out = f"the nearest word is {verb}" if verb else "leave an empty line before words that are for people"
        if verb or not self._found or self._found[-1].fault != _no_order(way_out):
            self._add(line, None, _no_order(way_out))
        self._at = index + 1

    def _take_order(self, index: int) -> None:
        said = words.opening(self._lines[index])
        if said is None:
            return
        self._at = index + 1
        text, fault = self._lines[index], ""
        if len(self._raw[index]) > words.MAX_LINE:
            fault = f"the line has more than {words.MAX_LINE} characters"
        elif runs_on(said):
            text, fault = self._with_wrapped(index, for_supplier=said.verb is Verb.CHASE)
        elif said.verb is Verb.ANSWER:
            text = self._with_hex(index)
        rows, fault = self._rows() if said.verb is Verb.REQUEST and not fault else ((), fault)
        self._take(said, text, fault, rows)

    def _with_wrapped(self, index: int, *, for_supplier: bool) -> tuple[str, str]:
        """(the line with those that go on with its words, why they cannot be told apart from orders).

        Words for a supplier go on only in lines that are plainly the rest of one: what may be for our people goes to nobody.
        """
        pieces, plainly, doubt = [self._lines[index]], True, ""
        while self._at < len(self._lines) and self._lines[self._at] and not self._ends(self._at):
            said = words.opening(self._lines[self._at])
            if self._is_nearly(self._at):
                break
            if said is not None and self._is_order(self._at):
                wrapped = len(self._raw[self._at - 1].strip()) >= _WRAPS_FROM and not said.loud
                way_out = f"the next line begins with {said.verb}: leave an empty line before it if it is an order"
                doubt = way_out if wrapped else ""
                break
            plainly = plainly and self._goes_on(self._at)
            pieces.append(self._lines[self._at])
            self._at += 1
        return " ".join(pieces), doubt or (_NOT_PLAIN if for_supplier and not plainly else "")

    def _goes_on(self, index: int) -> bool:
        """The line is plainly the rest of the one above: that is long and ends no sentence, and this begins small."""
        above = self._raw[index - 1].strip()
        return len(above) >= _WRAPS_FROM and above[-1] not in ".!?:;" and self._raw[index].strip()[0].islower()

    def _with_hex(self, index: int) -> str:
        """The line with the rest of a code that a mail program broke over lines."""
        pieces = [self._lines[index]]
        while self._at < len(self._lines) and _ONLY_HEX.fullmatch(self._lines[self._at]):
            pieces.append(self._lines[self._at])
            self._at += 1
        return " ".join(pieces)

    def _rows(self) -> tuple[tuple[OrderedRow, ...], str]:
        """(the rows below a REQUEST, why they are not all). They end at a blank line, unless a device stands below it:
        Outlook leaves one between any two lines.
        """
        found: list[int] = []
        while self._at < len(self._lines) and not self._ends(self._at):
            below = self._filled(self._at)
            if below is None or (below > self._at and not order_rows.is_row(self._raw[below])):
                break
            found.append(below)
            self._at = below + 1
        cut = self._at == len(self._lines) and len(self._mail.new_text) > MAX_TEXT
        rows = order_rows.text_rows([(i + self._number, self._raw[i]) for i in found])
        return rows, "the list is too long for a mail's text; send it as a sheet" if cut else ""

    def _take(self, said: Opening, text: str, fault: str, rows: tuple[OrderedRow, ...] = ()) -> None:
        order = None
        whole = words.opening(text) or said
        try:
            order = None if fault else parse(whole, self._setting)
        except Unfit as why:
            fault = str(why)
        if isinstance(order, Request | RequestAgain):
            order = replace(order, rows=(*order.rows, *rows))
        if order is not None and any(_decide_the_same(order, other) for other in self._orders):
            order, fault = None, "another line decides the same; say which rows each means: APPROVE 1, 2"
        self._add(text, order, fault, said.verb)

    def _add(self, text: str, order: Order | None, fault: str, verb: Verb | None = None) -> None:
        if len(self._found) == MOST_LINES:
            order, fault = None, f"at most {MOST_LINES} orders in one mail"
        if order is not None:
            self._orders.append(order)
        number = len(self._found) + 1
        self._found.append(CommandLine(number, words.shown(text, verb, fits=order is not None), order, fault))


def _no_order(way_out: str) -> str:
    return f"this line is no order; {way_out}"


def _unclear(line: str) -> str:
    return (
        f"these words stand beside your orders. If letters are to stop, begin the text with {line}; if not, send the orders "
        "without them"
    )


def _decide_the_same(one: Order, other: Order) -> bool:
    """Two decisions on everything in one letter: as a rule, remarks between the lines of what it quotes."""
    if not isinstance(one, Approve | Reject) or not isinstance(other, Approve | Reject):
        return False
    return one.ref == other.ref and Rows() in (one.rows, other.rows)
