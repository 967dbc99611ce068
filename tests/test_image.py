"""The container, as far as it can be tried without an engine: its recipe, the example beside it, what gets into it."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
import typer
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from daemon.__main__ import app
from tests.operating import CONFIG, secret, write_config
from tests.whole.story import ANN, AUTHSERV, GOOD, now, written

ROOT = Path(__file__).parent.parent
SECRET = re.compile(r"pass|secret|token|credential|api_?key|private|index_url", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of a Dockerfile. `stage`: 0 for what stands before the first FROM."""

    stage: int
    verb: str
    text: str


def steps(recipe: str) -> list[Step]:
    """The instructions in order, lines that go on joined, comments dropped."""
    lines = [line for line in recipe.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found: list[Step] = []
    stage = 0
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        verb, _, text = line.partition(" ")
        stage += verb == "FROM"
        found.append(Step(stage, verb, text))
    return found


STEPS = steps((ROOT / "Dockerfile").read_text("utf-8"))
LAST = max(step.stage for step in STEPS)
COMPOSE = (ROOT / "config" / "compose.yaml").read_text("utf-8")


def final(verb: str) -> list[str]:
    """What the stage that is shipped says with `verb`."""
    return [step.text for step in STEPS if step.stage == LAST and step.verb == verb]


def environment(texts: list[str]) -> dict[str, str]:
    """The names that ENV sets."""
    return dict(pair.split("=", 1) for text in texts for pair in text.split())


# The recipe ─────────────────────────────────────────────────────────────────────────────────────────


def test_it_runs_as_a_numbered_user_who_is_not_root() -> None:
    """An orchestrator's `runAsNonRoot` can tell only from a number; nothing after it is done as root."""
    verbs = [step.verb for step in STEPS if step.stage == LAST]

    assert final("USER") == ["10001:10001"]
    assert not {"RUN", "COPY"} & set(verbs[verbs.index("USER") :])


def test_what_is_shipped_is_copied_from_the_stage_that_built_it() -> None:
    """Of two stages the last takes the finished environment from the first, and fetches and installs nothing."""
    bases = [step.text for step in STEPS if step.verb == "FROM"]

    assert bases == ["${BASE} AS build", "${BASE}"]
    assert final("COPY") == ["--from=build /opt/install-code-daemon /opt/install-code-daemon"]
    assert not re.search(r"\b(pip|apt-get|apt|curl|wget)\b", " ".join(final("RUN")))


def test_nothing_is_fetched_but_by_the_hashes_of_the_lock() -> None:
    """One pip command may use the network, and it demands hashes and wheels; every other is told to stay off."""
    runs = " && ".join(step.text for step in STEPS if step.verb == "RUN").split(" && ")
    pips = [run for run in runs if re.search(r"\bpip (download|install|wheel|--python)", run)]
    fetching = [run for run in pips if "--no-index" not in run]

    assert len(pips) == 4
    assert len(fetching) == 1
    for option in ("--require-hashes", "--no-deps", "--only-binary :all:", "--requirement requirements.lock"):
        assert option in fetching[0]
    assert [step for step in STEPS if step.verb == "ADD"] == []


def test_no_secret_gets_into_a_layer_or_a_name() -> None:
    """No ARG or ENV is named like a secret, and only the files that the build needs reach it at all."""
    names = [step.text.partition("=")[0] for step in STEPS if step.verb == "ARG"]
    names += environment([step.text for step in STEPS if step.verb == "ENV"])
    copied = {
        name.rstrip("/")
        for step in STEPS
        if step.verb == "COPY" and not step.text.startswith("--from")
        for name in step.text.split()[:-1]
    }
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_in = {line.removeprefix("!").rstrip("/") for line in ignored if line.startswith("!")}

    assert names
    assert [name for name in names if SECRET.search(name)] == []
    assert ignored[0] == "*"
    assert copied == let_in == {"daemon", "pyproject.toml", "requirements.lock", "README.md", "LICENSE"}


def test_it_starts_and_probes_itself_with_the_commands_that_exist() -> None:
    """Entry, default command and health check are lists, so that no shell eats SIGTERM, and name real commands."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    entry, default = (json.loads(final(verb)[0]) for verb in ("ENTRYPOINT", "CMD"))
    options, _, probe = final("HEALTHCHECK")[0].partition("CMD ")

    assert entry[0] in scripts
    assert default == ["run"]
    assert json.loads(probe) == [*entry, "health"]
    assert {"run", "health"} <= commands
    assert "--timeout=" in options
    assert final("STOPSIGNAL") == ["SIGTERM"]


def test_bytecode_needs_no_file_times() -> None:
    """Builders round the times of files; bytecode that is held against them would be thrown away at each start."""
    assert "--no-compile" in " ".join(step.text for step in STEPS if "--no-index" in step.text)
    assert any("compileall" in step.text and "unchecked-hash" in step.text for step in STEPS)
    assert environment(final("ENV"))["PYTHONDONTWRITEBYTECODE"] == "1"


# The example beside it ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "line",
    [
        "init: true",
        "read_only: true",
        f'user: "{final("USER")[0]}"',
        "cap_drop: [ALL]",
        'security_opt: ["no-new-privileges:true"]',
        "mem_limit: 2g",
        "memswap_limit: 2g",
        "pids_limit: 64",
    ],
)
def test_the_example_shuts_what_can_be_shut(line: str) -> None:
    """In config/compose.yaml the daemon has the platform baseline: no root, no writing, no new rights, bounds."""
    service = COMPOSE[COMPOSE.index("\n  daemon:\n") : COMPOSE.index("\n  database:\n")]

    assert re.search(rf"^    {re.escape(line)}( +#.*)?$", service, re.MULTILINE)


def test_the_example_offers_little_room_and_no_door() -> None:
    """What may be written holds no program, files are mounted to be read, no port is open, no secret stands there."""
    tmpfs = re.findall(r"tmpfs: (.*)", COMPOSE)
    mounts = re.findall(r"- (\./\S+)", COMPOSE)
    secrets = re.findall(r"(\S*(?:PASSWORD|URL)\S*): (\S+)", COMPOSE)

    assert len(tmpfs) == 1
    assert {"noexec", "nosuid", "nodev", "size=64m"} <= set(re.split(r"[,:\"]", tmpfs[0]))
    assert len(mounts) == 3
    assert [mount for mount in mounts if not mount.endswith(":ro")] == []
    assert "ports:" not in COMPOSE
    assert secrets == [
        ("ICD_DATABASE__URL", "postgresql://icd@database/icd?passfile=/run/secrets/pgpass"),
        ("POSTGRES_PASSWORD_FILE", "/run/secrets/database-password"),
    ]
    assert "HOST_AUTH_METHOD" not in COMPOSE


# What gets into it ──────────────────────────────────────────────────────────────────────────────────


def test_the_wheel_holds_the_whole_package_and_nothing_else() -> None:
    """All modules, the templates and the migrations are in the wheel; no test, sheet or bytecode is."""
    packed = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    sources = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "daemon").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert packed == sources
    assert {f"daemon/templates/{name}" for name in ("answer.txt", "ops.txt", "page.html")} <= packed
    assert any(re.fullmatch(r"daemon/edge/migrations/versions/\w+\.py", name) for name in packed)


def needed(name: str) -> set[str]:
    """The distributions that `name` requires here without extras, and all that those require; itself among them."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(name)]
    while waiting:
        one = waiting.pop()
        key = (canonicalize_name(one.name), frozenset(one.extras))
        if key not in seen:
            seen.add(key)
            more = map(Requirement, distribution(one.name).requires or ())
            waiting += [r for r in more if applies(r, one.extras or {""})]
    return {name for name, _ in seen}


def applies(requirement: Requirement, extras: set[str]) -> bool:
    """Whether it is required on this machine by one of `extras` ("": by none)."""
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)


def test_the_lock_holds_all_that_is_installed_from_it() -> None:
    """The image is installed from the lock's files alone: none that the daemon or its builder needs is missing."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    locked = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}

    assert len(needed("install-code-daemon")) > 20
    assert needed("install-code-daemon") | needed("hatchling") <= locked | {"install-code-daemon"}


def imported(source: Path) -> set[str]:
    """The top names of the packages that a module imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(source.read_text("utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in names}


def test_the_daemon_imports_nothing_that_stays_behind() -> None:
    """But for the demo, all that the source imports is of Python, or of a distribution that is in the image."""
    required = needed("install-code-daemon")
    sources = [
        path for path in (ROOT / "daemon").rglob("*.py") if path.name != "demo.py" and "embedded" not in path.parts
    ]
    names = {name for path in sources for name in imported(path)} - set(sys.stdlib_module_names) - {"daemon"}
    owners = packages_distributions()
    strangers = {name for name in names if not required & {canonicalize_name(o) for o in owners.get(name, ())}}

    assert {"sqlalchemy", "imapclient", "aiosmtplib", "typer"} <= names
    assert strangers == set()


def test_it_works_where_nothing_can_be_written_but_its_own_folder(tmp_path, migrated_file) -> None:
    """With the image's own variables alone, no HOME, and a working directory where not even root may write."""
    write_config(tmp_path, CONFIG.replace("mx.northwind.test", AUTHSERV))
    secret(tmp_path / "daemon.db", "").write_bytes(migrated_file.read_bytes())
    at = now() - timedelta(minutes=5)
    body = f"Please send the install code of {GOOD}"
    (tmp_path / "one.eml").write_bytes(written("one", ANN, body, to="codes@northwind.test", at=at))
    variables = {key: value for key, value in environment(final("ENV")).items() if key.startswith("PYTHON")}

    def command(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "daemon", "--config", str(tmp_path / "daemon.toml"), *arguments],
            cwd="/proc",
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    assert "keep a copy of it" in command("keys", "new")
    assert f"asks for {GOOD}" in command("read", str(tmp_path / "one.eml"))
