"""Domains where anybody can have an address, so that sharing one says nothing about who somebody works for."""

FREE_MAIL = frozenset(
    (
        "aim.com", "aol.co.uk", "aol.com", "blueyonder.co.uk", "btconnect.com", "btinternet.com", "btopenworld.com",
        "duck.com", "email.com", "fastmail.com", "fastmail.fm", "fsmail.net", "gmail.com", "gmx.at", "gmx.ch", "gmx.co.uk",
        "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.fr",
        "hushmail.com", "icloud.com", "inbox.com", "lineone.net", "live.co.uk", "live.com", "mac.com", "mail.com", "mail.ru",
        "mailbox.org", "me.com", "msn.com", "ntlworld.com", "o2.co.uk", "orange.net", "outlook.co.uk", "outlook.com",
        "outlook.ie", "pipex.com", "plus.com", "plus.net", "plusnet.com", "pm.me", "posteo.de", "proton.me",
        "protonmail.ch", "protonmail.com", "qq.com", "rocketmail.com", "runbox.com", "sky.com", "supanet.com",
        "talk21.com", "talktalk.net", "tesco.net", "tiscali.co.uk", "tuta.com", "tuta.io", "tutanota.com", "uwclub.net",
        "virgin.net", "virginmedia.com", "web.de", "yahoo.co.uk", "yahoo.com", "yahoo.fr", "yahoo.ie", "yandex.com",
        "yandex.ru", "ymail.com", "zen.co.uk", "zoho.com", "zohomail.com", "zohomail.eu",
    )
)  # fmt: skip
"""Mailboxes for the asking: free mail, and access providers that sell one to every household."""

SHARED_HOSTS = (
    ".onmicrosoft.com", ".onmicrosoft.us", ".gappssmtp.com", ".googlegroups.com", ".amazonses.com", ".sendgrid.net",
    ".mailgun.org", ".service-now.com", ".zendesk.com", ".freshdesk.com", ".salesforce.com", ".mimecast.com",
)  # fmt: skip
"""Hosts that give every customer a name of its own under theirs: two names there are two strangers."""


def is_shared_domain(domain: str) -> bool:
    """Whether an address there says nothing about its owner's employer. `domain`: lower-case A-label."""
    return domain in FREE_MAIL or domain.endswith(SHARED_HOSTS) or f".{domain}" in SHARED_HOSTS
