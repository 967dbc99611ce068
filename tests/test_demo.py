import subprocess
import sys

from daemon.demo import story


def test_the_demo_tells_its_story_and_ends() -> None:
    """The demo ends by itself with exit 0: every scene shown in 80 columns, the forgery unanswered, the chain whole."""
    done = subprocess.run(
        [sys.executable, "-m", "daemon.demo"], capture_output=True, text=True, timeout=100, check=False
    )

    assert done.stderr == ""
    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []
    assert all(scene.title in done.stdout for scene in story.SCENES)
    assert "83FE D340 7A93 9723 A5C6 39B2 6916 D505" in done.stdout
    assert done.stdout.count(f"LETTER   to {story.ANN}") == 1
    assert "whole" in done.stdout


def test_how_to_connect_fits_a_terminal() -> None:
    """What `--stay` prints has the real ports and 80 columns."""
    words = story.how_to_connect(14300, 12500)

    assert "IMAP  127.0.0.1:14300    SMTP  127.0.0.1:12500" in words
    assert [line for line in words.splitlines() if len(line) > 80] == []
