"""One of each letter as .txt, .html and .eml, to be looked at: `python -m tests.letters FOLDER`."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from daemon.mail.compose import compose
from daemon.rules.letters import LetterPlan
from daemon.rules.wording import Words, specimens, write

TEMPLATES = Path(__file__).parent.parent / "daemon" / "templates"
WRITTEN_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def our_words(**overrides: str) -> Words:
    """The words as they are packaged, with `overrides` by template name, a dot written as an underscore."""
    sources = {path.name: path.read_text("utf-8") for path in TEMPLATES.iterdir() if path.suffix in (".txt", ".html")}
    named = {name.replace("_", "."): source for name, source in overrides.items()}
    return Words(templates=sources | named, company="Losing Energy", mailbox="install.codes@losing.example")


def seal(plan: LetterPlan, words: Words) -> bytes:
    """The bytes of `plan`, with its specimen codes."""
    envelope = compose(
        write(plan, specimens.codes(plan), words),
        sender="install.codes@losing.example",
        sender_name="Losing Energy install codes",
        message_id="<specimen@losing.example>",
        written_at=WRITTEN_AT,
    )
    return envelope.content


def main(folder: Path) -> None:
    """Write every specimen into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    words = our_words()
    for name, plan in specimens.BY_NAME.items():
        letter = write(plan, specimens.codes(plan), words)
        (folder / f"{name}.txt").write_text(f"Subject: {letter.subject}\n\n{letter.text}", "utf-8")
        (folder / f"{name}.html").write_text(letter.html, "utf-8")
        (folder / f"{name}.eml").write_bytes(seal(plan, words))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.letters FOLDER")
    main(Path(sys.argv[1]))
