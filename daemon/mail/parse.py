"""Bytes to IncomingMail: never raises for what a sender wrote, and its work is bounded.

Runs in a child process that holds no keys (`edge.reader`).
"""

import hashlib
import re
from dataclasses import replace

from daemon.mail import headers
from daemon.mail.attachments import protected
from daemon.mail.body import Body
from daemon.mail.bounces import read_bounce
from daemon.mail.headers import Field, first
from daemon.mail.leaves import read_leaves
from daemon.mail.message import IncomingMail, Origin
from daemon.mail.sender.machine import machine_of_part
from daemon.mail.sender.origin import Trust, read_origin
from daemon.mail.structure import Tree, read_tree
from daemon.mail.text import quoting

_DEVICE_LIKE = re.compile(r"(?:[0-9A-Fa-f]{2}[\-: .]?){7}[0-9A-Fa-f]{2}")
_LOOKED_AT = 512 * 1024


def parse(raw: bytes, trust: Trust) -> IncomingMail:
    """What the mail `raw` says, read by what is known of our own server. Never raises for what a sender wrote."""
    head = headers.head_of(raw.lstrip(b"\r\n"))
    fields = headers.fields(head)
    subject = headers.decoded(first(fields, "subject"))[:1000]
    in_reply_to = headers.message_ids(first(fields, "in-reply-to"))
    references = headers.message_ids(first(fields, "references"))
    tree = read_tree(raw, (*in_reply_to, *references))
    body = Body(quoting.manner_of(subject, answers=bool(in_reply_to or references)))
    read_leaves(tree, body)
    whole = len(head) <= headers.MAX_HEADER_OCTETS
    origin = _with_parts(read_origin(fields, trust, whole=whole), tree)
    return IncomingMail(
        message_id=next(iter(headers.message_ids(first(fields, "message-id"))), ""),
        in_reply_to=in_reply_to,
        references=references,
        subject=subject,
        origin=origin,
        new_text="\n".join(body.new).strip("\n"),
        quoted_text="\n".join(body.quoted).strip("\n"),
        signature_text="\n".join(body.signature).strip("\n"),
        forwarded_text="\n".join(body.forwarded).strip("\n"),
        woven_text="\n".join(body.woven).strip("\n"),
        tables=tuple(body.tables),
        attachments=tuple(body.attachments),
        defects=tuple(body.defects),
        semantic_key=_semantic_key(fields, origin, subject, body, raw),
        links_to_protected=body.protected or _only_points_elsewhere(body),
        bounce=read_bounce(raw, fields, tree, origin),
        struck_text="\n".join(body.struck),
    )


def _with_parts(origin: Origin, tree: Tree) -> Origin:
    """A machine may show in its parts alone: a delivery report that calls itself an ordinary mail."""
    if origin.machine is not None:
        return origin
    signs = (machine_of_part(leaf.media_type) for leaf in tree.leaves if leaf.within is None)
    sign = next(filter(None, signs), None)
    return replace(origin, machine=sign[0], machine_sign=sign[1]) if sign else origin


def _only_points_elsewhere(body: Body) -> bool:
    """A link to a protected message, and no Device ID beside it; many a footer holds such a link."""
    if body.tables:
        return False
    said = "\n".join((*body.new, *body.forwarded))
    links = any(protected.links_in(text[:_LOOKED_AT]) for text in (said, *body.looks))
    return links and not _DEVICE_LIKE.search(said)


def _semantic_key(fields: tuple[Field, ...], origin: Origin, subject: str, body: Body, raw: bytes) -> str:
    """What a person would call the same mail; a mail whose body could not be walked counts by its bytes."""
    parts = [
        first(fields, "message-id"),
        origin.sender or first(fields, "from"),
        first(fields, "date"),
        subject,
        *("\n".join(map(str.rstrip, text.split("\n"))).strip() for text in body.texts),
        *(attachment.sha256 for attachment in body.attachments),
    ]
    if not body.texts and not body.attachments:
        parts.append(hashlib.sha256(raw).hexdigest())
    digest = hashlib.sha256()
    for part in parts:
        octets = part.encode("utf-8", "surrogatepass")
        digest.update(len(octets).to_bytes(8, "big") + octets)
    return digest.hexdigest()
