"""Station: ask other suppliers for what our team ordered, chase what they owe us, hand over what they answered.

Each letter and what it changes are one commit: a crash leaves both or neither, and the next look goes on. Nothing that
goes by the time goes while the clock is suspect; nobody is called late while a mail of theirs may lie unread.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from daemon import inquirywork
from daemon.edge import audit, contacts, outbox, remembered, wants
from daemon.edge.audit import Entry
from daemon.edge.failpoints import failpoint
from daemon.edge.wants import hand_over, inquiry_trail
from daemon.errors import SealBroken, Unavailable
from daemon.parts import Parts
from daemon.rules.asking import asking_news, inquiring, ladder
from daemon.rules.asking.inquiring import ByHand, Round, ToAsk
from daemon.rules.asking.ladder import Chase, Foresight, HandOver, Step
from daemon.rules.letters import LetterKind, LetterPlan
from daemon.rules.phrases import devices
from daemon.rules.policy import Mode
from daemon.rules.wanting import Want
from daemon.rules.wording.result_words import result_words
from daemon.rules.workdays import local_day

log = structlog.get_logger()

_ASKED_FOR, _CHASED_ON = "asked_for", "chased_on"
READ_WITHIN = timedelta(minutes=10)
"""The mailbox was looked at so lately, or nobody is chased: their answer may lie in it."""


class Asking:
    """What is ordered -> letters to other suppliers -> chases -> codes to our own code recipients."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def once(self) -> bool:
        """Do all that is due. It never leaves more to do at once."""
        now = self._parts.clock.now()
        if not self._parts.clock.suspect():
            self._queued(await self._ask(now) + await self._chase(now))
        self._queued(await self._hand_over(now))  # last: a folder that takes no file holds up no letter
        return False

    def _queued(self, letters: int) -> None:
        if letters:
            self._parts.wakes.send.ring()

    def _note(self, connection: Connection, entries: Sequence[Entry]) -> None:
        audit.append(connection, self._parts.vault, entries)
        for entry in entries:
            log.info("asking", what=entry.what, subject=entry.subject)

    # Asking ─────────────────────────────────────────────────────────────────────────────────────────

    async def _ask(self, now: datetime) -> int:
        """Ask whoever is to be asked now; the number of letters, to our team too."""
        at = inquiring.sending_time(now, self._parts.policy)
        is_round = at is not None and await self._parts.read(lambda c: remembered.get(c, _ASKED_FOR)) != at.isoformat()
        found = await self._parts.read(lambda c: self._sorted_out(c, now, is_round=is_round))
        letters = 0
        for asked in (*found.letters, *found.by_hand):
            letters += await self._parts.write(lambda c, asked=asked: self._ask_one(c, asked, now))  # type: ignore[misc]
            failpoint("after-asked")
        if found.unreached or found.circles:
            letters += await self._parts.write(lambda c: self._tell_unasked(c, found, now))
        if is_round and at is not None:
            await self._parts.write(lambda c: remembered.put(c, _ASKED_FOR, at.isoformat(), now))
        return letters

    def _sorted_out(self, connection: Connection, now: datetime, *, is_round: bool) -> Round:
        """Between sending times REQUEST NOW alone is looked at: the rest waits, however much it is."""
        ordered = wants.to_ask(connection, urgent_only=not is_round)
        if not ordered:
            return Round()
        policy = self._parts.policy
        book, at = contacts.book(connection), inquiring.sending_time(now, policy)
        asked = {p.party for p in book if at is not None and wants.asked_since(connection, p.party, at)}
        return inquiring.sorted_out(
            ordered, book, now, policy, asked_today=asked, dead=inquirywork.dead(connection, now)
        )

    def _ask_one(self, connection: Connection, asked: ToAsk | ByHand, now: datetime) -> int:
        if isinstance(asked, ToAsk):
            self._note(connection, [inquirywork.ask(connection, self._parts, asked, now)])
        else:
            self._note(connection, [inquirywork.ask_by_hand(connection, self._parts, asked, now)])
        return 1

    def _tell_unasked(self, connection: Connection, found: Round, now: datetime) -> int:
        """What cannot be asked: told once, together with the move that says so."""
        parts, letters, entries = self._parts, 0, []
        for one in found.unreached:
            wants.change(connection, one.wants)
            name = ("unreached", one.party, *(str(w.id) for w in one.wants[:3]))
            letters += inquirywork.tell(connection, parts, name, asking_news.unreached(one), now)
            known = one.party if one.listed else "unlisted"  # what they call whom they name may be a person's name
            entries.append(Entry(now, "no-contact", f"party:{known}", {"devices": len(one.wants)}))
        if found.circles:
            wants.change(connection, found.circles)
            name = ("circle", *(str(w.id) for w in found.circles))
            letters += inquirywork.tell(connection, parts, name, asking_news.circle(found.circles), now)
            entries += [Entry(now, "circle", f"device:{w.device_id}") for w in found.circles]
        self._note(connection, entries)
        return letters

    # Chasing ────────────────────────────────────────────────────────────────────────────────────────

    async def _chase(self, now: datetime) -> int:
        """Climb the ladder once a day, in office hours, with every mail read; the number of letters."""
        today = local_day(now)
        if not ladder.may_chase(now, self._parts.policy) or not await self._parts.read(lambda c: self._ready(c, now)):
            return 0
        letters = 0
        for party in await self._parts.read(wants.parties_waiting):
            letters += await self._parts.write(lambda c, party=party: self._chase_party(c, party, now))  # type: ignore[misc]
            failpoint("after-chased")
        letters += await self._parts.write(lambda c: self._tell_late(c, now))
        await self._parts.write(lambda c: remembered.put(c, _CHASED_ON, today.isoformat(), now))
        return letters

    def _ready(self, connection: Connection, now: datetime) -> bool:
        """Not yet done today, the mailbox looked at just now, and nothing in it unread."""
        if remembered.get(connection, _CHASED_ON) == local_day(now).isoformat():
            return False
        seen = remembered.get(connection, "last_round")
        fresh = seen is not None and now - datetime.fromisoformat(seen) <= READ_WITHIN
        return fresh and not inquiry_trail.unsettled(connection)

    def _steps(self, connection: Connection, theirs: Sequence[Want], now: datetime) -> list[Step]:
        return ladder.chases(
            theirs,
            contacts.book(connection),
            now,
            self._parts.policy,
            chased_today=wants.last_chased(connection, local_day(now)),
            dead=inquirywork.dead(connection, now),
        )

    def _chase_party(self, connection: Connection, party: str, now: datetime) -> int:
        if self._parts.policy.mode_for(party) is Mode.OBSERVE:
            return 0
        steps = self._steps(connection, wants.waiting(connection, party), now)
        chases = [step for step in steps if isinstance(step, Chase)]
        self._note(connection, [inquirywork.chase(connection, self._parts, one, now) for one in chases])
        return len(chases)

    def _tell_late(self, connection: Connection, now: datetime) -> int:
        """What our team takes over, supplier by supplier, and in one letter what is escalated tomorrow."""
        steps = self._steps(connection, wants.waiting(connection), now)
        handed = [step for step in steps if isinstance(step, HandOver)]
        seen = [
            step
            for step in steps
            if isinstance(step, Foresight) and self._parts.policy.mode_for(step.party) is not Mode.OBSERVE
        ]
        letters = sum(self._take_over(connection, one, now) for one in handed)
        return letters + (self._foretell(connection, seen, now) if seen else 0)

    def _take_over(self, connection: Connection, one: HandOver, now: datetime) -> int:
        wants.change(connection, one.wants)
        found = inquirywork.evidence(connection, one.wants)
        name = ("handed-over", one.party, *(str(w.id) for w in one.wants[:3]))
        news = asking_news.handed_over(one.party, one.wants, found)
        detail = {"devices": len(one.wants), "inquiries": [inquiry.reference for inquiry, _ in found.values()]}
        self._note(connection, [Entry(now, "handed-over", f"party:{one.party}", detail)])
        return inquirywork.tell(connection, self._parts, name, news, now)

    def _foretell(self, connection: Connection, seen: Sequence[Foresight], now: datetime) -> int:
        ahead = [want for one in seen for want in one.wants]
        wants.change(connection, ahead)
        inquiries = wants.inquiries(connection, list({want.case_id for want in ahead}))
        wrote = {case: inquirywork.they_wrote(connection, [case]) for case in inquiries}
        news = asking_news.foretold(seen, inquiries, wrote)
        return inquirywork.tell(connection, self._parts, ("foretold", local_day(now).isoformat()), news, now)

    # Handing over ───────────────────────────────────────────────────────────────────────────────────

    async def _hand_over(self, now: datetime) -> int:
        """Give what was answered to the code recipients, or into the folder; the number of letters."""
        if not await self._parts.read(wants.to_hand_over):
            return 0
        folder = self._parts.settings.rulebook.hand_over_folder
        way: Callable[[Connection], int] = (
            (lambda c: self._send_results(c, now)) if folder is None else (lambda c: self._file_results(c, now))
        )
        letters = await self._parts.write(way)
        failpoint("after-handed-over")
        return letters

    def _send_results(self, connection: Connection, now: datetime) -> int:
        """The letter and its mark in one commit."""
        answered, to = wants.to_hand_over(connection), inquiring.code_recipients(self._parts.policy)
        if not answered:
            return 0
        if not to:
            news = asking_news.nobody_takes_codes(len(answered), local_day(answered[0].answered_at or now))
            first = str(answered[0].id)
            return inquirywork.tell(connection, self._parts, ("nobody", first, local_day(now).isoformat()), news, now)
        content = inquiring.result(answered, wants.awaited_of(connection, [w.order_mail_id for w in answered]))
        name = _batch(self._parts, answered, to)
        plans = [
            LetterPlan(name, LetterKind.RESULT, number, address, _headline(answered), content)
            for number, address in enumerate(to, 1)
        ]
        mailbox = self._parts.settings.mailbox.address
        queued = outbox.queue(connection, self._parts.vault, plans, mailbox=mailbox, now=now)
        if queued:  # else these very codes did not reach these very recipients before, as our team knows
            self._handed(connection, answered, name, now, to=list(to))
        return len(queued)

    def _file_results(self, connection: Connection, now: datetime) -> int:
        """A sheet in the folder, in place of a letter. One that a crash left behind is written over by the same."""
        folder = self._parts.settings.rulebook.hand_over_folder
        answered = wants.to_hand_over(connection)
        if folder is None or not answered:
            return 0
        try:
            codes = wants.open_codes(connection, self._parts.vault, [w.id for w in answered])
        except SealBroken as failure:
            raise Unavailable(f"codes that were answered do not open: {failure}") from None
        answered = [want for want in answered if want.device_id in codes]
        name = _batch(self._parts, answered, ["folder"])
        content = inquiring.result(answered, wants.awaited_of(connection, [w.order_mail_id for w in answered]))
        sheet = result_words(content, codes).sheet
        if sheet is not None:
            hand_over.put(folder, f"codes-{local_day(now).isoformat()}-{name[:8]}.csv", sheet.rows)
        opened = [Entry(now, "code-opened", f"device:{w.device_id}", {"to": "folder"}) for w in answered]
        self._note(connection, opened)
        self._handed(connection, answered, name, now, to=["folder"])
        return 0

    def _handed(
        self, connection: Connection, answered: Sequence[Want], name: str, now: datetime, to: list[str]
    ) -> None:
        wants.handed_over(connection, [w.id for w in answered])
        self._note(
            connection, [Entry(now, "results-handed-over", f"result:{name}", {"devices": len(answered), "to": to})]
        )


def _batch(parts: Parts, answered: Sequence[Want], to: Sequence[str]) -> str:
    """The name of these results: of just these devices and recipients, and no more."""
    return parts.vault.derive("result", *to, *(str(want.id) for want in answered)).hex()


def _headline(answered: Sequence[Want]) -> str:
    parties = dict.fromkeys(want.party for want in answered)
    return f"Install codes of {devices(len(answered))}, from {next(iter(parties)) if len(parties) == 1 else f'{len(parties)} suppliers'}"
