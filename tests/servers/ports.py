"""Free ports on loopback, and what to do where a server is not installed."""

import os
import socket
from typing import NoReturn

import pytest


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def missing(server: str, package: str) -> NoReturn:
    """Skip the test with a clear word, or fail it where CI requires the servers."""
    message = f"{server} is not installed (apt-get install {package})"
    if os.environ.get("ICD_TEST_REQUIRE_SERVERS") == "1":
        pytest.fail(message)
    pytest.skip(message)
