"""The company of the story: who is who, its configuration, contact list and inventory, and how to write to it."""

AUTHSERV = "mx.northwind.test"
OURS = "install.codes@northwind.test"
ANN, BOB = "ann@northwind.test", "bob@northwind.test"
FITTERS = "fitters@northwind.test"
"""Our own code recipients: those who commission the meters."""
MAYA, HARBOUR = "maya.lee@harbour-power.test", "mp121@harbour-power.test"
BEN, BRIGHT = "ben.shah@brightspark.test", "install-codes@brightspark.test"
USERS = (OURS, MAYA, HARBOUR, BEN, BRIGHT, ANN, BOB, FITTERS)
SEE_CODES = (FITTERS, MAYA, HARBOUR, BRIGHT)
"""Who may be sent codes; whatever else the demo prints has them masked."""
PASSWORD = "demo"  # noqa: S105  # of a server that lives for a minute, on loopback
CONFIG = """\
[company]
name = "Northwind Energy"
mpids = ["NWND"]
code_recipients = ["fitters@northwind.test"]

[[company.team]]
address = "ann@northwind.test"
role = "approver"

[[company.team]]
address = "bob@northwind.test"
role = "approver"

[mailbox]
address = "install.codes@northwind.test"
host = "127.0.0.1"
port = {imap}
security = "none"
username = "install.codes@northwind.test"
password = "demo"
authserv_id = "mx.northwind.test"
start_from = 2026-01-01
poll_seconds = 1

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
digest_at = "off"

[health]
tick_seconds = 1
"""
CONTACTS = f"""\
party,mpid,kind,name,email
Harbour Power,HARB,mp121,Maya Lee,{MAYA}
Harbour Power,HARB,mp121,Install codes,{HARBOUR}
Brightspark Energy,BRSP,mp121,Install codes,{BRIGHT}
"""
INVENTORY = """\
device_id,device_type,install_code,installing_supplier,installed_on,status,gaining_supplier,linked_gsme
00-DB-12-34-56-78-90-A0,ESME,83FE D340 7A93 9723 A5C6 39B2 6916 D505 C3B5,,2025-09-02,InstalledNotCommissioned,HARB,
00-DB-12-34-56-78-90-A1,GSME,3031 3233 3435 3637 3839 4142 4344 4546,,2025-09-02,InstalledNotCommissioned,HARB,
00-DB-12-34-56-78-90-A2,ESME,,,2025-10-14,,,
00-DB-12-34-56-78-90-A4,ESME,5A5A 0102 0304 0506 0708 090A 0B0C 0D0E,,2025-10-15,,HARB,
00-DB-12-34-56-78-90-B0,ESME,A1B2 C3D4 E5F6 0718 293A 4B5C 6D7E 8F90,,2025-11-20,,BRSP,
00-DB-12-34-56-78-90-B1,GPF,,,2025-11-20,,,00-DB-12-34-56-78-90-B2
00-DB-12-34-56-78-90-B3,ESME,,HARB,2025-11-21,,,
00-DB-12-34-56-78-90-B4,ESME,0011 2233 4455 6677 8899 AABB CCDD EEFF,,2025-11-21,,HARB,
"""


def how_to_connect(imap_port: int, smtp_port: int) -> str:
    """What to enter in a mail program."""
    users = "\n".join(f"    {user}" for user in USERS)
    return f"""

The servers stay up until you press Ctrl-C
──────────────────────────────────────────
  IMAP  127.0.0.1:{imap_port}    SMTP  127.0.0.1:{smtp_port}    no TLS
  Every password is "{PASSWORD}"; users are
{users}
Write to {OURS} as one of the suppliers, or as ann or
bob: HELP, STATUS, or a reply to one of the letters above. What you send while
logged in as a user of its domain counts as proven, all else as forged. Read the
answer in the INBOX of whoever it goes to, and watch the folders of our mailbox.
For them it is still the last day of the story."""
