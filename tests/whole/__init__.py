"""The whole daemon, as a process, against real servers."""

import pytest

pytest.register_assert_rewrite("tests.whole.invariants", "tests.whole.installation")
