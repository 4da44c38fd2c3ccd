"""The house itself: what a machine can see of how it is kept."""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import dues
from dues.domain.refusals import MEANINGS
from dues.events.catalogue import MEANINGS as EVENTS
from dues.http.problem_types import PROBLEM_TYPES
from dues.resources.api import OPERATIONS

SOURCE = Path(dues.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))

FILE_LINES_MAX = 250
FUNCTION_LINES_MAX = 60

LONG_ON_PURPOSE = {
    "http/connection.py": "one life cycle: whatever can happen to a connection can happen at any time",
    "domain/validation.py": "the fast way and the slow way must agree, so they stand together",
    "db/embedded.py": "one life cycle",
    "domain/fields.py": "one list of the kinds of field",
}
"""Files above FILE_LINES_MAX. The list only shrinks."""

STATEMENT_FILES = {"store.py"}
"""A room's statements on its table."""

BANNED_NAMES = {"utils", "helpers", "common", "core", "manager", "services", "misc"}


def names(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def of_every(files: Sequence[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """A test of each of these files, which tells of all that are not as it says."""

    def tested(check: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            broken = []
            for path in files:
                try:
                    check(path)
                except AssertionError as error:
                    broken.append(f"{names(path)}: {error}")
            assert files
            assert not broken, "\n".join(broken)

        return test

    return tested


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@of_every(FILES)
def test_a_module_begins_with_what_it_is_for(path: Path) -> None:
    says = ast.get_docstring(ast.parse(path.read_text()))
    assert says, "no docstring"
    assert says.splitlines()[0].endswith((".", ":")), says.splitlines()[0]


@of_every(FILES)
def test_what_is_public_says_what_it_does(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"


@of_every(FILES)
def test_files_and_functions_stay_small(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    if names(path) not in LONG_ON_PURPOSE:
        assert lines <= FILE_LINES_MAX
    for function in functions(path):
        assert function.end_lineno
        assert function.end_lineno - function.lineno < FUNCTION_LINES_MAX, function.name


def test_the_list_of_long_files_only_shrinks() -> None:
    for name in LONG_ON_PURPOSE:
        assert len((SOURCE / name).read_text().splitlines()) > FILE_LINES_MAX, f"{name} is short now: take it off"


def test_no_file_is_named_after_nothing() -> None:
    assert [names(path) for path in FILES if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES] == []


@of_every(FILES)
def test_nothing_is_left_lying_about(path: Path) -> None:
    assert not re.search(r"\b(TODO|FIXME|XXX:|HACK|breakpoint\(|print\(.*debug)", path.read_text())


@of_every([path for path in FILES if path.parent.parent.name == "resources"])
def test_statements_stand_in_stores_alone(path: Path) -> None:
    if path.name not in STATEMENT_FILES:
        assert not re.search(r'"""\s*(select|insert|update|delete|with)\b', path.read_text())


def test_every_refusal_has_a_status() -> None:
    assert MEANINGS.keys() <= PROBLEM_TYPES.keys()


def test_every_code_of_an_operation_is_a_problem() -> None:
    for operation in OPERATIONS:
        assert set(operation.problems) <= PROBLEM_TYPES.keys()


TELLING = {"ExtraEvent", "NewEvent", "_told", "insert_next_event", "made_or_updated"}
"""What is called with the types of events that are written, beside what a kind of object tells of its changes."""


def events_written(path: Path) -> Iterator[str]:
    """The types of events that a file has written."""
    for node in ast.walk(ast.parse(path.read_text())):
        told: list[ast.AST] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TELLING:
            told = [*node.args]
        elif (isinstance(node, ast.keyword) and node.arg == "event_types") or (
            isinstance(node, ast.FunctionDef) and node.name == "_event_types"
        ):
            told = [node]
        strings = [one.value for root in told for one in ast.walk(root) if isinstance(one, ast.Constant)]
        yield from (one for one in strings if isinstance(one, str) and re.fullmatch(r"[a-z_]+\.[a-z_]+", one))


def test_every_event_that_is_written_is_in_the_catalogue() -> None:
    assert {event for path in FILES for event in events_written(path)} == EVENTS.keys()


@of_every([path for path in FILES if path.parent.name != "clock"])
def test_what_is_a_tenants_goes_by_the_tenants_time(path: Path) -> None:
    """The server's time is for setting the clocks alone; a command that took it would forget the clock."""
    assert not re.search(r"\bwork\.server_now\b", path.read_text())
