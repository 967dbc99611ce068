"""The laws of the house that a tool can hold us to."""

import ast
import importlib.util
import re
from fnmatch import fnmatch
from graphlib import TopologicalSorter
from importlib.metadata import distributions
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "daemon").rglob("*.py"))


def test_one_distribution_provides_the_package() -> None:
    """The package python-daemon owns the import name `daemon` too; were it installed, ours would be replaced."""
    names = {distribution.metadata["Name"] for distribution in distributions()}
    found = importlib.util.find_spec("daemon")

    assert "python-daemon" not in names
    assert "install-code-daemon" in names
    assert found is not None
    assert str(ROOT / "daemon" / "__init__.py") == found.origin


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_and_functions_stay_small(source: Path) -> None:
    """No module has 500 lines or more, no function more than 40, so that a reader can hold each.

    A migration is a list of columns, frozen once released; it has the size of its tables.
    """
    if source.parent.name == "versions":
        return
    text = source.read_text("utf-8")
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {f.name: f.end_lineno - f.lineno + 1 for f in functions if f.end_lineno and f.end_lineno - f.lineno >= 40}

    assert long == {}
    assert text.count("\n") < 500


def test_no_circles() -> None:
    """No module needs itself to be imported, its package's first lines counted: which is loaded first never matters."""
    graph = grimp.build_graph("daemon")
    needs = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    for module, found in needs.items():
        packages = {name.rpartition(".")[0] for name in found} - {"daemon"}
        found |= {package for package in packages if not f"{module}.".startswith(f"{package}.")}

    TopologicalSorter(needs).prepare()


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_lives_in_it(source: Path) -> None:
    """Each module opens with a docstring."""
    assert ast.get_docstring(ast.parse(source.read_text("utf-8")))


def test_the_map_names_every_room() -> None:
    """`daemon/README.md` says where each module stands in the house."""
    named = re.findall(r"`(?:\w+/)?([\w*]+)(?:\.\w+)?`", (ROOT / "daemon" / "README.md").read_text("utf-8"))
    rooms = {source.stem for source in SOURCES if "migrations" not in source.parts} - {"__init__"}

    assert sorted(room for room in rooms if not any(fnmatch(room, name) for name in named)) == []


def test_one_factory_of_tls_contexts() -> None:
    """No module but `edge/tls.py` makes a TLS context or opens TLS by a library's default."""
    makers = re.compile(r"create_default_context|SSLContext\(|IMAP4_SSL|SMTP_SSL|_create_unverified|CERT_NONE")
    guilty = [str(p.relative_to(ROOT)) for p in SOURCES if makers.search(p.read_text("utf-8"))]

    assert guilty == ["daemon/edge/tls.py"]


def test_one_clock() -> None:
    """Only the command line and the demo look at the wall clock, and what stands for a server's own clock."""
    looks = re.compile(r"datetime\.now\(|time\.time\(|date\.today\(|utcnow\(")
    guilty = {str(p.relative_to(ROOT)) for p in SOURCES if looks.search(p.read_text("utf-8"))}

    assert {
        "daemon/__main__.py",
        "daemon/demo/__main__.py",
        "daemon/edge/lease.py",
        "daemon/embedded/server.py",
    } >= guilty


def test_one_place_where_any_exception_is_caught() -> None:
    """`except Exception` stands once, where a mail is settled: one mail must never stop the next."""
    guilty = [str(p.relative_to(ROOT)) for p in SOURCES if re.search(r"except Exception\b", p.read_text("utf-8"))]

    assert guilty == ["daemon/settle.py"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_what_is_caught_whole_is_raised_again(source: Path) -> None:
    """`except BaseException` tidies up and raises; only the reader of spreadsheets and its child end there."""
    tree = ast.parse(source.read_text("utf-8"))
    wide = [
        n for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and ast.unparse(n.type or n) == "BaseException"
    ]
    swallowing = [n.lineno for n in wide if not any(isinstance(m, ast.Raise) for m in ast.walk(n))]

    assert swallowing == [] or str(source.relative_to(ROOT)) in {
        "daemon/mail/attachments/sheets.py",
        "daemon/edge/reader/child.py",
    }
