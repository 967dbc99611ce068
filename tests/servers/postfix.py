"""A Postfix on loopback in a throw-away directory, in front of a Dovecot; needs root to start."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import certificates
from tests.servers.dovecot import Dovecot
from tests.servers.ports import free_port, missing
from tests.servers.process import program, wait_for_greeting

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.north.test
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = {domains}
virtual_mailbox_maps = static:ok
virtual_transport = lmtp:inet:127.0.0.1:{lmtp_port}
default_transport = error:5.1.2 no outside world
smtp_dns_support_level = disabled
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth_port}
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_tls_loglevel = 0
smtpd_client_connection_count_limit = 0
message_size_limit = 52428800
mailbox_size_limit = 0
"""

_MASTER = """\
127.0.0.1:{smtp_port} inet n - n - - smtpd
127.0.0.1:{smtps_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(slots=True)
class Postfix:
    """A running relay. It delivers to `dovecot`'s users, and bounces what is for anybody else."""

    folder: Path
    smtp_port: int
    smtps_port: int
    ca: Path
    dovecot: Dovecot
    host: str = "127.0.0.1"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start, and return when it greets."""
        command = [program("postfix", "postfix"), "-c", str(self.folder / "conf"), "start-fg"]
        with (self.folder / "start.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        wait_for_greeting(self.smtp_port, self._process, self.folder / "postfix.log")

    def stop(self) -> None:
        """End it; what is in its queue stays there for the next start."""
        if self._process is None:
            return
        pid_file = self.folder / "spool" / "pid" / "master.pid"
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(pid_file.read_text("ascii")), signal.SIGTERM)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process = None


@contextlib.contextmanager
def postfix(dovecot: Dovecot) -> Iterator[Postfix]:
    """A relay for the length of the block."""
    program("postfix", "postfix")
    if os.geteuid() != 0:
        missing("Postfix, which starts as root alone,", "postfix")
    folder = Path(tempfile.mkdtemp(prefix="icd-postfix-"))
    server = _prepared(folder, dovecot)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _prepared(folder: Path, dovecot: Dovecot) -> Postfix:
    files = certificates.make(folder)
    smtp_port, smtps_port = free_port(), free_port()
    for name in ("conf", "spool", "data"):
        (folder / name).mkdir()
    folder.chmod(0o755)
    shutil.chown(folder / "data", pwd.getpwnam("postfix").pw_uid)
    main = _MAIN.format(
        folder=folder,
        domains=", ".join(sorted({user.rpartition("@")[2] for user in dovecot.users})),
        lmtp_port=dovecot.lmtp_port,
        auth_port=dovecot.auth_port,
        certificate=files.certificate,
        key=files.key,
    )
    (folder / "conf" / "main.cf").write_text(main, "utf-8")
    master = _MASTER.format(smtp_port=smtp_port, smtps_port=smtps_port)
    (folder / "conf" / "master.cf").write_text(master, "utf-8")
    return Postfix(folder, smtp_port, smtps_port, files.ca, dovecot)
