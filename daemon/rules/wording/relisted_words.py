"""A Relisted as its template gets it: what an address is told that was listed until the contact list changed."""

from daemon.rules.letters import LetterPlan, Relisted
from daemon.rules.phrases import moment, plain
from daemon.rules.wording.answer_words import Written


def relisted_words(plan: LetterPlan, news: Relisted) -> Written:
    """The values of `relisted.txt`."""
    values = {
        "party": plain(plan.party),
        "listed": plain(news.listed),
        "kept": news.kept,
        "new": tuple(map(plain, news.new)),
        "counts_from": moment(news.counts_from),
    }
    return Written(values, ())
