"""The one factory of TLS contexts, and the one rule for going without TLS."""

import ssl
from pathlib import Path

from daemon.errors import ConfigError


def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """A context that verifies chain and host name, TLS 1.2 or newer.

    `ca_file`: the only authorities that are believed; None: those of the system.
    Raises ConfigError where that file cannot be used.
    """
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=None if ca_file is None else str(ca_file))
    except OSError as error:  # ssl.SSLError is one: a file without a certificate
        raise ConfigError(f"ca_file: cannot use {ca_file} ({type(error).__name__}); give a PEM file of CAs") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
