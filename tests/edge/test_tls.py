"""The one TLS factory and the one rule for going without."""

import ssl
from pathlib import Path

import pytest

from daemon.edge.tls import client_context
from daemon.errors import ConfigError
from daemon.settings.values import is_loopback
from tests.servers import certificates


def test_every_context_verifies(tmp_path: Path) -> None:
    """Chain and host name are checked and nothing older than TLS 1.2 is spoken, with or without a CA file."""
    for context in (client_context(None), client_context(certificates.make(tmp_path).ca)):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_ca_file_replaces_the_systems_authorities(tmp_path: Path) -> None:
    """A pinned authority is the only one that is believed."""
    context = client_context(certificates.make(tmp_path).ca)
    assert context.cert_store_stats()["x509"] == 1


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_ca_file_that_is_none_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty or no PEM: a word with the remedy, never a context that trusts nobody knows whom."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="ca_file"):
        client_context(path)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", False),  # noqa: S104  # an address to be refused
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_alone(host: str, loopback: bool) -> None:
    """Names that only look like loopback are not."""
    assert is_loopback(host) is loopback
