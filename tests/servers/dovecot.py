"""A Dovecot on loopback in a throw-away directory: IMAP plain and TLS, LMTP in, and a login service for Postfix."""

import contextlib
import grp
import shutil
import smtplib
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import certificates
from tests.servers.ports import free_port
from tests.servers.process import as_user, end_group, program, server_user, wait_for_greeting

USERS = {"codes@north.test": "pass north", "ops@north.test": "pass ops", "codes@south.test": "pass south"}

WITHOUT_MOVE = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ UIDPLUS NAMESPACE SPECIAL-USE"
WITHOUT_MOVE_AND_UIDPLUS = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ NAMESPACE SPECIAL-USE"
BARE = "IMAP4rev1 SASL-IR"
"""As little as a server may offer: no IDLE, no NAMESPACE, no SPECIAL-USE either."""

_CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
mail_fsync = never
mail_max_userip_connections = 50
{capability}
{plugins}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox Junk {{
    auto = subscribe
    special_use = \\Junk
  }}
  mailbox Trash {{
    auto = subscribe
    special_use = \\Trash
  }}
  mailbox Archive {{
    auto = subscribe
    special_use = \\Archive
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap {{
  service_count = 100
}}
service stats {{
  chroot =
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {auth_port}
  }}
}}
"""

_QUOTA = """\
mail_plugins = quota
protocol imap {{
  mail_plugins = quota imap_quota
}}
plugin {{
  quota = maildir:q
  quota_rule = *:storage={kib}K
  quota_grace = 0
}}
"""


@dataclass(slots=True)
class Dovecot:
    """A running server. `users` are addresses with their passwords, any of which may log in."""

    folder: Path
    imap_port: int
    imaps_port: int
    lmtp_port: int
    auth_port: int
    ca: Path
    users: Mapping[str, str]
    host: str = "127.0.0.1"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start, and return when it greets; also after `kill`, on the same ports with the same mail."""
        command = [program("dovecot", "dovecot-imapd"), "-F", "-c", str(self.folder / "dovecot.conf")]
        _empty(self.folder / "run")  # sockets of a server that was killed make the next one think it still runs
        with (self.folder / "start.log").open("ab") as log:
            self._process = subprocess.Popen(
                as_user(server_user(), command), stdout=log, stderr=log, start_new_session=True
            )
        wait_for_greeting(self.imap_port, self._process, self.folder / "dovecot.log")

    def kill(self) -> None:
        """End it with all its sessions, as a crash of the machine would."""
        if self._process is not None:
            end_group(self._process, self.imap_port)
            self._process = None

    def doveadm(self, *arguments: str) -> str:
        """Run one administration command, as `doveadm("expunge", "-u", user, "mailbox", "INBOX", "uid", "2")`."""
        command = [program("doveadm", "dovecot-core"), "-c", str(self.folder / "dovecot.conf"), *arguments]
        done = subprocess.run(as_user(server_user(), command), capture_output=True, check=True, timeout=30)
        return done.stdout.decode()

    def deliver(self, recipient: str, *mails: bytes, sender: str = "") -> None:
        """Deliver through LMTP, as the MX in front of it would."""
        with smtplib.LMTP(self.host, self.lmtp_port) as link:
            for mail in mails:
                link.sendmail(sender, [recipient], mail)


@contextlib.contextmanager
def dovecot(
    *,
    users: Mapping[str, str] = USERS,
    imap_capability: str | None = None,
    quota_kib: int | None = None,
    separator: str = "/",
    prefix: str = "",
) -> Iterator[Dovecot]:
    """A server for the length of the block; `imap_capability` replaces the list that it offers."""
    program("dovecot", "dovecot-imapd")
    folder = Path(tempfile.mkdtemp(prefix="icd-dovecot-"))
    server = _prepared(
        folder,
        users=users,
        imap_capability=imap_capability,
        quota_kib=quota_kib,
        separator=separator,
        prefix=prefix,
    )
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _prepared(
    folder: Path,
    *,
    users: Mapping[str, str],
    imap_capability: str | None,
    quota_kib: int | None,
    separator: str,
    prefix: str,
) -> Dovecot:
    files = certificates.make(folder)
    ports = [free_port() for _ in range(4)]
    user = server_user()
    (folder / "users").write_text("".join(f"{name}:{{PLAIN}}{word}\n" for name, word in users.items()), "utf-8")
    config = _CONFIG.format(
        folder=folder,
        user=user.pw_name,
        group=grp.getgrgid(user.pw_gid).gr_name,
        certificate=files.certificate,
        key=files.key,
        capability=f"imap_capability = {imap_capability}" if imap_capability else "",
        plugins=_QUOTA.format(kib=quota_kib) if quota_kib else "",
        separator=separator,
        prefix=prefix,
        **dict(zip(("imap_port", "imaps_port", "lmtp_port", "auth_port"), ports, strict=True)),
    )
    (folder / "dovecot.conf").write_text(config, "utf-8")
    for name in ("state", "mail"):
        (folder / name).mkdir()
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, user.pw_uid, user.pw_gid)
    folder.chmod(0o755)
    return Dovecot(folder, *ports, ca=files.ca, users=users)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.chown(folder, server_user().pw_uid, server_user().pw_gid)
