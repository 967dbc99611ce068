"""Where the mails of a thread are filed, as a picture of its state."""

from daemon.rules.decision import Decision, Folder
from daemon.rules.thread import MailThread, State


def folder_for(thread: MailThread) -> Folder:
    """Where the mails of a thread lie, as a picture of its state."""
    states = {item.state for item in thread.items}
    if State.HELD in states:
        return Folder.HELD
    return Folder.WAITING if State.PENDING in states else Folder.DONE


def folder_of(decision: Decision, home: MailThread | None) -> Folder | None:
    """Where the mail itself goes; None: it stays. `home`: the thread that `decision.joins`, where it is unchanged."""
    if not decision.moves_mail:
        return None
    if decision.holds_codes:
        return Folder.ANSWERS
    if decision.hold is not None:
        return Folder.HELD
    thread = next((t for t in decision.threads if t.case_id == decision.joins), home)
    return folder_for(thread) if thread else Folder.DONE
