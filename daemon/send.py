"""Station: send what the outbox holds.

The order of steps is the law of this file. A letter is claimed and committed; the gate is asked again;
its bytes are frozen and committed; then, for each letter on its own link: MAIL, RCPT, the mark that
DATA begins (committed), DATA, and the outcome (committed). Nothing that cannot be told apart from
"sent" is ever sent again before somebody looked for proof.
"""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import structlog
from sqlalchemy import Connection

from daemon.casework import RELEASE_MEMORY
from daemon.edge import audit, contacts, inbox, inventory, outbox, threads
from daemon.edge.commits import GroupCommit
from daemon.edge.failpoints import failpoint
from daemon.edge.outbox import Queued
from daemon.edge.smtp import Relay
from daemon.errors import Deferred, LeaseLost, OutcomeUnknown, Refused, Unavailable
from daemon.mail.compose import compose
from daemon.mail.message import Envelope
from daemon.parts import Parts
from daemon.rules.decision import Condition
from daemon.rules.disclosure import may_disclose, send_gate
from daemon.rules.reasons import Reason
from daemon.rules.wording import write
