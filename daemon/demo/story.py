"""The story that the demo tells: who is who, what they have, and the mails that they write."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from daemon.embedded.stamps import Verdict

AUTHSERV = "mx.northwind.test"
OURS = "install.codes@northwind.test"
OPS = "ops@northwind.test"
ANN = "ann.lee@harbour-power.test"
HARBOUR = "mp121@harbour-power.test"
BRIGHT = "install-codes@brightspark.test"
BEN = "ben.shah@brightspark.test"
USERS = (OURS, OPS, ANN, HARBOUR, BRIGHT, BEN)
PASSWORD = "demo"  # noqa: S105  # of a server that lives for a minute, on loopback

OPENING = """\
install-code-daemon: a morning in the mailbox of Northwind Energy
=================================================================
Northwind Energy fitted some meters that never joined the network. The homes now
buy from Harbour Power and Brightspark Energy, who write to
install.codes@northwind.test for the install codes. The mail servers run in this
process, on 127.0.0.1 alone; what you read is what went through them."""
CONFIG = """\
[company]
name = "Northwind Energy"
mpids = ["NWND"]
ops = ["ops@northwind.test"]

[mailbox]
address = "install.codes@northwind.test"
host = "127.0.0.1"
port = {imap}
security = "none"
username = "install.codes@northwind.test"
password = "demo"
authserv_id = "mx.northwind.test"
start_from = 2026-01-01

[relay]
host = "127.0.0.1"
port = {smtp}
security = "none"
username = "install.codes@northwind.test"
password = "demo"

[database]
url = "sqlite:///{folder}/daemon.db"

[keys]
file = "{folder}/keys"

[policy]
mode = "send"
hold_gather_minutes = 0
"""
CONTACTS = f"""\
party,mpid,kind,name,email
Harbour Power,HARB,mp121,Ann Lee,{ANN}
Harbour Power,HARB,mp121,Install codes,{HARBOUR}
Brightspark Energy,BRSP,mp121,Install codes,{BRIGHT}
"""
INVENTORY = """\
device_id,device_type,install_code,installing_supplier,installed_on,status,gaining_supplier,linked_gsme
00-DB-12-34-56-78-90-A0,ESME,83FE D340 7A93 9723 A5C6 39B2 6916 D505 C3B5,,2026-06-02,InstalledNotCommissioned,HARB,
00-DB-12-34-56-78-90-A1,GSME,3031 3233 3435 3637 3839 4142 4344 4546,,2026-06-02,InstalledNotCommissioned,HARB,
00-DB-12-34-56-78-90-A2,ESME,0011 2233 4455 6677 8899 AABB CCDD EEFF,,2026-07-14,,,
00-DB-12-34-56-78-90-A3,ESME,,,2026-07-14,,,
00-DB-12-34-56-78-90-A4,ESME,5A5A 0102 0304 0506 0708 090A 0B0C 0D0E,,2026-07-15,,HARB,
00-DB-12-34-56-78-90-B0,ESME,A1B2 C3D4 E5F6 0718 293A 4B5C 6D7E 8F90,,2026-08-20,,BRSP,
00-DB-12-34-56-78-90-B1,GPF,,,2026-08-20,,,00-DB-12-34-56-78-90-B2
00-DB-12-34-56-78-90-B3,ESME,,HARB,2026-08-21,,,
00-DB-12-34-56-78-90-B4,ESME,,,2025-01-09,Commissioned,,
"""


@dataclass(frozen=True)
class Scene:
    """One mail of the story. `proof`: what the mail server says of it."""

    title: str
    sender: str
    name: str
    subject: str
    body: str
    proof: Verdict
    headers: tuple[tuple[str, str], ...] = ()
    sheet: tuple[tuple[str, ...], ...] = ()
    watch: tuple[str, ...] = ()
    """Whose letters are waited for."""

    def mail(self, number: int, now: datetime) -> bytes:
        """The bytes that their mail program sends."""
        message = EmailMessage()
        message["From"] = f"{self.name} <{self.sender}>"
        message["To"] = OURS
        message["Subject"] = self.subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<demo.{number}.{now:%H%M%S}@{self.sender.rpartition('@')[2]}>"
        for name, value in self.headers:
            message[name] = value
        message.set_content(self.body)
        if self.sheet:
            rows = "".join(",".join(row) + "\r\n" for row in self.sheet)
            message.add_attachment(rows.encode(), maintype="text", subtype="csv", filename="meters.csv")
        return message.as_bytes(policy=SMTP)


SCENES = (
    Scene(
        "A good request, with a sheet",
        ANN,
        "Ann Lee",
        "Install codes for four meters",
        "Hello,\n\nwe have gained the attached meters, which never joined the network.\nCould you send us"
        " their install codes?\n\nMany thanks\nAnn Lee\nHarbour Power",
        Verdict.PASS,
        sheet=(
            ("Device ID", "Meter type"),
            ("00-DB-12-34-56-78-90-A0", "electricity"),
            ("00-DB-12-34-56-78-90-A1", "gas"),
            ("00-DB-12-34-56-78-90-A2", "electricity"),
            ("00-DB-12-34-56-78-90-A3", "electricity"),
        ),
        watch=(ANN,),
    ),
    Scene(
        "A mixed one, from a colleague who is on nobody's list",
        BEN,
        "Ben Shah",
        "codes please",
        "Hi team\n\nafter change of supplier we need the codes for\n\n  00db1234567890b0\n  00:DB:12:34:56:78:90:B1"
        "   (the gas one)\n  0x00DB1234567890B3\n  00-DB-12-34-56-78-90-B4\n\nCheers, Ben",
        Verdict.PASS,
        watch=(BRIGHT, OPS),
    ),
    Scene(
        "One with personal data in it",
        HARBOUR,
        "Harbour Power Install Codes",
        "Meter at MPAN 2000012345672",
        "Dear colleagues,\n\nplease send the code of 00-DB-12-34-56-78-90-A4 (MPAN 2000012345672,\n12 High Street,"
        " Leeds LS1 4AP).\n\nRegards",
        Verdict.PASS,
        watch=(HARBOUR,),
    ),
    Scene(
        "A forgery: a listed address, and our mail server could not prove it",
        ANN,
        "Ann Lee",
        "URGENT codes needed today",
        "Please send 00-DB-12-34-56-78-90-A0 at once, to ann.lee@harb0ur-power.test\n\nAnn",
        Verdict.FAIL,
        headers=(("Reply-To", "ann.lee@harb0ur-power.test"),),
        watch=(OPS,),
    ),
    Scene(
        "An out-of-office",
        BEN,
        "Ben Shah",
        "Automatic reply: codes please",
        "I am away until Monday, and will read your mail about\n00-DB-12-34-56-78-90-B0 then.",
        Verdict.PASS,
        headers=(("Auto-Submitted", "auto-replied"),),
    ),
)


def how_to_connect(imap_port: int, smtp_port: int) -> str:
    """What to enter in a mail program."""
    users = "\n".join(f"    {user}" for user in USERS)
    return f"""

The servers stay up until you press Ctrl-C
──────────────────────────────────────────
  IMAP  127.0.0.1:{imap_port}    SMTP  127.0.0.1:{smtp_port}    no TLS
  Every password is "{PASSWORD}"; users are
{users}
Write to {OURS} as one of the suppliers. What
you send while logged in as a user of its domain counts as proven, all else as
forged. Read the answer in the INBOX of the supplier's listed contact, and watch
the folders of our mailbox."""
