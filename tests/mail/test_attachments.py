"""Files that come with a mail: who reads them, and what their sender is told where nobody can."""

import base64
import io
import zipfile
from email.message import EmailMessage

import pytest

from daemon.mail.message import Attachment, IncomingMail, Reading
from daemon.mail.parse import parse
from daemon.mail.sender.origin import Trust

ID = "00-DB-12-34-56-78-90-A0"
CSV = f"device_id\r\n{ID}\r\n".encode()


def mail_with(*files: tuple[str, str, bytes], text: str = "See attached.\n") -> IncomingMail:
    """A mail with these files, read."""
    message = EmailMessage()
    message["From"], message["Subject"] = "ann@listed.example", "codes"
    message.set_content(text)
    for name, kind, content in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, main, sub, filename=name)
    return parse(message.as_bytes(), Trust())


def only(mail: IncomingMail) -> Attachment:
    """The one attachment of a mail."""
    (attachment,) = mail.attachments
    return attachment


def zipped(*files: tuple[str, bytes]) -> bytes:
    """An archive of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "application/octet-stream"),
        ("a.CSV", "application/vnd.ms-excel"),
        ("list", "text/csv"),
        ("a.tsv", "application/octet-stream"),
        ("a.xls", "application/vnd.ms-excel"),
        ("export", "application/vnd.ms-excel"),
    ],
)
def test_lists_by_any_name(name, kind):
    """A list is read whether its name or its media type says so, and by its content where both are wrong."""
    mail = mail_with((name, kind, CSV))
    assert only(mail).reading is Reading.READ
    assert mail.tables[0].rows == (("device_id",), (ID,))


def test_a_text_file_is_read_by_lines():
    """Lines of a text file become rows of one cell, so that each can be named to its sender."""
    mail = mail_with(("a.txt", "application/octet-stream", f"codes\r\n  {ID}\r\n".encode()))
    assert mail.tables[0].rows == (("codes",), (ID,), ("",))


@pytest.mark.parametrize(
    ("name", "kind", "why"),
    [
        ("a.7z", "application/x-7z-compressed", "archive"),
        ("a.rar", "application/octet-stream", "archive"),
        ("a.msg", "application/vnd.ms-outlook", "saved mail"),
        ("a.ods", "application/vnd.oasis.opendocument.spreadsheet", "spreadsheet"),
        ("a.xlsb", "application/octet-stream", "spreadsheet"),
        ("smime.p7m", "application/pkcs7-mime", "sealed"),
        ("encrypted.asc", "application/octet-stream", "sealed"),
        ("message.html", "text/html", "protected"),
        ("message.rpmsg", "application/octet-stream", "protected"),
        ("SecureMessageAtt.html", "text/html", "protected"),
        ("securedoc_20260608T091241.html", "text/html", "protected"),
        ("a.xlsx", "application/octet-stream", "no regular"),
        ("a.zip", "application/zip", "no regular"),
        ("winmail.dat", "application/ms-tnef", "damaged"),
    ],
)
def test_unreadable_files_say_why(name, kind, why):
    """What should hold a list or a message and cannot be read leaves the mail incomplete, and says why."""
    mail = mail_with((name, kind, b"\x00\x01\x02\xff"))
    assert only(mail).reading is Reading.UNREADABLE
    assert why in only(mail).why
    assert not mail.complete


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ((("inner.zip", zipped(("a.csv", CSV))),), "it holds another archive"),
        ((("a.csv", b"0" * 6_000_000),), "it unpacks to far more than it seems to hold"),
    ],
)
def test_row_44_archives(files, why):
    """Row 44: an archive in an archive, and one that swells, are not read."""
    assert only(mail_with(("a.zip", "application/zip", zipped(*files)))).why == why


def test_an_archive_of_good_and_bad_files():
    """Each file of an archive is judged alone, so the sender hears which one could not be read."""
    mail = mail_with(
        ("a.zip", "application/zip", zipped(("good.csv", CSV), ("bad.xlsx", b"PK"), ("../../etc/x.csv", CSV)))
    )
    assert [(a.name, a.reading) for a in mail.attachments] == [
        ("a.zip: good.csv", Reading.READ),
        ("a.zip: bad.xlsx", Reading.UNREADABLE),
        ("a.zip: x.csv", Reading.READ),
        ("a.zip", Reading.READ),
    ]
    assert not mail.complete


def test_saved_mail_within_saved_mail_ends():
    """Mail saved in mail is followed three deep, then said to be packed in too many layers."""
    inner = f"From: a@b.example\r\n\r\n{ID}\r\n".encode()
    for _ in range(5):
        message = EmailMessage()
        message.set_content("see file")
        message.add_attachment(inner, "application", "octet-stream", filename="a.eml")
        inner = message.as_bytes()
    mail = parse(inner, Trust())
    assert [a.why for a in mail.attachments if a.reading is Reading.UNREADABLE] == ["it is packed in too many layers"]
    assert ID not in mail.forwarded_text


@pytest.mark.parametrize(("answers", "sources"), [("<1@b.example>", []), ("<2@b.example>", ["forwarded"])])
def test_tables_of_an_attached_mail(answers, sources):
    """A table in a mail that was handed on is read; one in the mail that is answered is not, nor are its files."""
    inner = EmailMessage()
    inner["Message-ID"] = "<1@b.example>"
    inner.set_content(f"<table><tr><td>{ID}</td><td>x</td></tr></table>", subtype="html")
    outer = EmailMessage()
    outer["From"], outer["Subject"], outer["In-Reply-To"] = "ann@listed.example", "RE: codes", answers
    outer.set_content("Thank you.")
    outer.add_attachment(inner)
    assert [table.source.value for table in parse(outer.as_bytes(), Trust()).tables] == sources


@pytest.mark.parametrize("encoding", ["7bit", "base64"])
def test_an_attached_mail_however_encoded(encoding):
    """RFC 2046 forbids base64 for a mail within a mail; some send it so, and it is read."""
    raw = (
        "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    inner = f"Subject: list\r\n\r\n{ID}\r\n"
    body = base64.encodebytes(inner.encode()).decode() if encoding == "base64" else inner
    assert ID in parse(f"{raw}{body}\r\n--x--\r\n".encode(), Trust()).forwarded_text


def test_row_54_names_of_files():
    """Row 54: of a file's name only its last part is kept, without controls, of bounded length, its ending too."""
    mail = mail_with(("..\\..\\windows\\x\ty.csv", "text/csv", CSV), ("/etc/" + "n" * 300 + ".csv", "text/csv", CSV))
    first, second = mail.attachments
    assert first.name == "x y.csv"
    assert len(second.name) == 120
    assert second.name.endswith(".csv")


def test_sheets_are_bounded_together():
    """Two files that are too large together: the second is unreadable, and nothing of it is read."""
    half = b"x\n" * 150_000
    mail = mail_with(("a.csv", "text/csv", half), ("b.csv", "text/csv", half))
    assert [a.reading for a in mail.attachments] == [Reading.READ, Reading.UNREADABLE]
    assert len(mail.tables) == 1


@pytest.mark.parametrize(
    "text",
    [
        "You have a new message: https://switch.egress.com/ui/abc",
        "https://securemail-uk.mimecast.com/x",
        "Click here to read your secure message: https://portal.egress.com/x",
        "Open the encrypted message",
    ],
)
def test_links_to_protected_messages(text):
    """A mail that only points elsewhere says so; a Device ID beside the link makes it a request."""
    assert mail_with(text=text).links_to_protected
    assert not mail_with(text=f"{text}\n{ID}\n").links_to_protected


@pytest.mark.parametrize(
    "text",
    [
        "https://eur01.safelinks.protection.outlook.com/?url=x",
        "https://protect-eu.mimecast.com/s/abc",
        "https://urldefense.proofpoint.com/v2/url?u=x",
        "This email was sent securely.",
    ],
)
def test_rewritten_links_say_nothing(text):
    """Links that a filter rewrote stand in most mail and protect nothing."""
    assert not mail_with(text=text).links_to_protected
