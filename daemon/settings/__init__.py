"""Config file + environment -> one frozen Settings; a wrong one stops the start, naming key and remedy.

The environment (`ICD_SECTION__KEY`) wins over the file. Rules get a Policy out of it, never a host or a password.
"""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from pydantic import Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from daemon import secret_files
from daemon.errors import ConfigError
from daemon.mail.sender.authres import Trust
from daemon.rules.policy import Limits, Policy, Rung, SentCopy
from daemon.rules.wording import TEMPLATES, Words
from daemon.settings import complaints
from daemon.settings.sections import (
    FILES_ITS_OWN,
    Company,
    ContactsSection,
    DatabaseSection,
    Health,
    InventorySection,
    Keys,
    Log,
    Mailbox,
    PolicySection,
    ReaderSection,
    Relay,
    Templates,
)

PREFIX = "ICD_"


class Settings(BaseSettings):
    """All of it. Built by `load`, which names the sources and their order."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, env_nested_delimiter="__")

    company: Company
    mailbox: Mailbox
    relay: Relay
    keys: Keys
    database: DatabaseSection = DatabaseSection()
    rulebook: PolicySection = Field(default=PolicySection(), alias="policy")
    health: Health = Health()
    log: Log = Log()
    reader: ReaderSection = ReaderSection()
    templates: Templates = Templates()
    contacts: ContactsSection = ContactsSection()
    inventory: InventorySection = InventorySection()

    @model_validator(mode="after")
    def _no_loop(self) -> Self:
        own = self.mailbox.address.casefold()
        if any(m.address.casefold() == own for m in self.company.members()):
            raise ValueError("company.team: the mailbox's own address cannot be a member; name the people themselves")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the names are pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What it is built with, and nothing that happens to stand in the process's surroundings."""
        return (init_settings,)

    def policy(self) -> Policy:
        """What rules may know."""
        section = self.rulebook
        plain = ("mode", "colleagues", "calendar", "answer_within_working_days", "remind_on_working_days",
                 "inventory_max_age_days", "hold_gather_minutes", "unknown_wait_minutes", "digest_at",
                 "approvals_needed", "chase_days", "chase_calendar", "ask_at")  # fmt: skip
        company = self.company
        names = (company.name, *company.aliases, *company.mpids, *company.predecessors)
        return Policy(
            company=company.name,
            mailbox=self.mailbox.address,
            own_names=frozenset(name.upper() for name in names),
            team=company.members(),
            manager=company.manager or "",
            modes_by_party=dict(section.modes),
            accept_spf_only=frozenset(section.accept_spf_only),
            extra_holidays=tuple(sorted(section.holidays.items())),
            ladder=tuple(Rung(**rung.model_dump()) for rung in section.ladder),
            helpdesk=section.helpdesk or "",
            limits=Limits(**section.limits.model_dump()),
            sent_copy=self._sent_copy(),
            **{name: getattr(section, name) for name in plain},
        )

    def _sent_copy(self) -> SentCopy:
        """As set; else none of ours where the relay always files its own, and may send what is put into Sent once more."""
        chosen = "sent_copy" in self.rulebook.model_fields_set or self.relay.host.lower() not in FILES_ITS_OWN
        return self.rulebook.sent_copy if chosen else SentCopy.NONE

    def trust(self) -> Trust:
        """What we know of our own mail server."""
        box = self.mailbox
        return Trust(authserv_id=box.authserv_id, profile=box.profile, own_hops=box.own_hops, mailbox=box.address)

    def words(self) -> Words:
        """The letter templates: the packaged ones, the operator's own in their place. Raises ConfigError."""
        packaged = resources.files("daemon") / "templates"
        sources = {name: (packaged / name).read_text("utf-8") for name in TEMPLATES}
        sources |= _own_templates(self.templates.folder)
        return _words_of(tuple(sources.items()), self.company.name, self.mailbox.address)


@lru_cache(maxsize=2)
def _words_of(sources: tuple[tuple[str, str], ...], company: str, mailbox: str) -> Words:
    """The same for all who ask alike: its templates are compiled once."""
    return Words(dict(sources), company, mailbox)


def _own_templates(folder: Path | None) -> dict[str, str]:
    if folder is None:
        return {}
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    strange = next((path.name for path in files if path.name not in TEMPLATES), None)
    if strange:
        raise ConfigError(f"templates.folder: {strange} replaces nothing; templates are {', '.join(TEMPLATES)}")
    try:
        return {path.name: path.read_text("utf-8") for path in files}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"templates.folder: a file in {folder} cannot be read ({type(error).__name__})") from None


# Sources ────────────────────────────────────────────────────────────────────────────────────────────


class _Environment(EnvSettingsSource):
    """The names `ICD_SECTION__KEY` of the environment handed in, the prefix taken off; others are not ours."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        self._given = environ
        super().__init__(settings_cls)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name[len(PREFIX) :].lower(): value for name, value in self._given.items()}

    def decode_complex_value(self, field_name: str, field: Any, value: Any) -> Any:
        """JSON where it is JSON; else the text itself, which a list takes with commas between."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of the file at `path`, overridden by `environ`. Raises ConfigError with a line for each fault."""
    ours = {k: v for k, v in environ.items() if k.startswith(PREFIX) and "__" in k}
    from_file = _from_file(path)
    values = _merged(from_file, _from_environment(ours))
    sections = [field.alias or name for name, field in Settings.model_fields.items()]
    faults = complaints.unknown_names(ours, PREFIX, sections)
    try:
        settings = Settings(**values)
    except ValidationError as invalid:
        details = invalid.errors(include_url=False, include_input=False)
        faults.append(complaints.complaint(Settings, details))
    if faults:
        raise ConfigError("\n".join(faults))
    _refuse_exposed(path, from_file)
    return settings


def _from_file(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise ConfigError(f"--config: {path} is a folder; name the file in it")
    if not path.is_file():
        raise ConfigError(f"--config: the file {path} does not exist; begin with a copy of config/daemon.toml")
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))  # some editors of Windows put a mark before UTF-8
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: no valid TOML: {error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: no valid TOML: it is not in UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"--config: {secret_files.unreadable(path, error)}") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    try:
        return dict(_Environment(Settings, environ)())
    except SettingsError as error:
        raise ConfigError(f"environment: {error}") from None


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` wins, key by key; a password given in one form replaces the other form."""
    other = {"password": "password_file", "password_file": "password"}
    kept = {key: value for key, value in base.items() if other.get(key) not in over}
    for key, value in over.items():
        below = base.get(key)
        kept[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return kept


def _refuse_exposed(path: Path, values: Mapping[str, Any]) -> None:
    """A file that holds a password itself is a secret file."""
    secrets = [f"{name}.password" for name in ("mailbox", "relay") if "password" in values.get(name, {})]
    if sa.make_url(values.get("database", {}).get("url", "sqlite://")).password:
        secrets.append("database.url")
    if not secrets:
        return
    try:
        secret_files.check(path)
    except secret_files.Exposed as fault:
        raise ConfigError(f"{secrets[0]}: stands in {path} itself, and {fault}") from None
