"""Protected messages, which only open behind a link or in a portal: told by what their senders' systems write.

The links are never fetched. Plain rewritten links (safelinks, Mimecast's protect-..., Proofpoint's urldefense)
stand in most mail and say nothing.
"""

import re

WHY = "a protected message, which opens only behind a link"
_WRAPPER_TYPES = ("application/x-microsoft-rpmsg-message",)
_WRAPPER_NAMES = re.compile(
    r"message(?:_v[0-9])?\.rpmsg|message\.html?|securemessageatt\.html?|securedoc[0-9t_]*\.html?|message_zdm\.html?|"
    r"[^.]{1,60}\.rpmsg"
)
_LINKS = re.compile(
    r"outlook\.office(?:365)?\.com/encryption|"  # Microsoft message encryption
    r"(?:switch|reader|portal)\.egress\.com/|"  # Egress
    r"securemail[a-z0-9-]*\.mimecast\.com|mimecast\.com/[a-z/]{0,40}securemessag|"
    r"/formpostdir/securereader|securemail\.[a-z0-9.-]+/(?:s|enduser|formpostdir)/|"  # Proofpoint
    r"res\.cisco\.com(?::443)?/websafe|zixmessagecenter\.com|zixport\.|secure\.virtru\.com|"
    r"(?:read|view|open) (?:the|your|this) (?:protected|encrypted|secure) (?:message|email)"
)


_WORDS = ("/encryption", "egress.com/", "mimecast.com", "/securereader", "securemail.", "/websafe", "zixmessage", "zixport.", "virtru.com",
          "protected message", "encrypted message", "secure message", "protected email", "encrypted email", "secure email")  # fmt: skip
"""One of these stands in whatever `_LINKS` finds; plain words are looked for much faster than patterns."""


def is_wrapper(media_type: str, name: str) -> bool:
    """Whether this attachment is the sealed message itself. `name` in lower case."""
    return media_type in _WRAPPER_TYPES or bool(_WRAPPER_NAMES.fullmatch(name))


def links_in(text: str) -> bool:
    """Whether `text` or HTML leads to a protected message."""
    lower = text.lower()
    return any(word in lower for word in _WORDS) and bool(_LINKS.search(lower))
