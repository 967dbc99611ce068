"""HELP: what our team can write, on one phone screen."""

from daemon.commanding.desk import OpsDesk
from daemon.rules.commands import help_text
from daemon.rules.commands.orders import Help
from daemon.rules.letters import Page


def help_(desk: OpsDesk, _: Help) -> str:
    """What can be ordered."""
    desk.pages.append(help_page())
    return "what you can write is shown below"


def help_page() -> Page:
    """What can be said, on one phone screen."""
    lines: list[str] = []
    for line in help_text.HELP_TEXT.splitlines():
        if line.startswith("    "):
            lines[-1] += f" {line.strip()}"
        else:
            lines += [line.strip()] if line.startswith(" ") else ["", line]
    return Page("What you can write", tuple(lines))
