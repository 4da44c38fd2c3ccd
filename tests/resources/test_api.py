"""The one table of operations: each is said once, and says everything."""

import re

import pytest

from dues.lists.paging import PageBody
from dues.lists.query import ListQuery
from dues.resources.api import OPERATIONS
from dues.resources.doing import Answers, Changes, Creates, Lists, Pays, Shows
from dues.resources.operation import Operation

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)


def test_nothing_is_said_twice() -> None:
    assert len(OPERATIONS) > 30
    assert len({operation.id for operation in OPERATIONS}) == len(OPERATIONS)
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == len(OPERATIONS)


@every_operation
def test_the_path_and_what_is_done_with_it_fit(operation: Operation) -> None:
    names = re.findall(r"{(\w+)}", operation.path)
    assert operation.parameters == names
    assert operation.parameter == (names[0] if names else None)
    assert bool(operation.named) == bool(names)
    assert len(names) == bool(operation.named) + bool(operation.within)
    match operation.does:
        case Creates() | Pays():
            assert (operation.method, names) == ("POST", [])
        case Changes():
            assert operation.method in ("POST", "PATCH", "DELETE")
            assert names
        case Shows():
            assert operation.method == "GET"
        case Lists():
            assert operation.method == "GET"
            assert issubclass(operation.answer, PageBody)
        case Answers():
            assert operation.method in ("GET", "DELETE", "POST")
            assert operation.body is None


@every_operation
def test_what_names_nothing_is_among_its_problems(operation: Operation) -> None:
    if operation.parameter:
        assert {f"{name}_not_found" for name in operation.parameters} <= {*operation.problems}
    assert ("test_mode_required" in operation.problems) == operation.test_mode


@every_operation
def test_a_page_is_what_a_list_answers_with(operation: Operation) -> None:
    assert issubclass(operation.query, ListQuery) == issubclass(operation.answer, PageBody)


@every_operation
def test_what_takes_a_body_has_examples_of_it(operation: Operation) -> None:
    assert bool(operation.body) == bool(operation.bodies)
    assert operation.example
    assert bool(operation.previews) == isinstance(operation.does, Pays)
