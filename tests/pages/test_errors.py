"""GET /docs/errors."""

import httpx

from dues.http.problem_types import PROBLEM_TYPES, ProblemType
from dues.pages.errors import errors_page
from dues.pages.errors.remedies import REMEDIES, remedy
from tests.pages.page import read_page
from tests.running import RunningServer

PAGE = read_page(errors_page(PROBLEM_TYPES))


def test_the_type_of_every_problem_leads_to_its_section() -> None:
    for code, kind in PROBLEM_TYPES.items():
        assert kind.slug in PAGE.ids
        assert code in PAGE.ids
        assert kind.title in PAGE.text
        assert kind.meaning.replace("`", "") in PAGE.text


def test_every_code_has_something_to_do_about_it() -> None:
    for code, kind in PROBLEM_TYPES.items():
        assert remedy(code, kind.status).replace("`", "") in PAGE.text


def test_no_remedy_is_left_of_a_code_that_is_gone() -> None:
    assert REMEDIES.keys() <= PROBLEM_TYPES.keys()


def test_a_code_without_a_remedy_gets_what_holds_for_its_status() -> None:
    assert "new key" in remedy("something_new", 422)
    assert "may use the same one" in remedy("something_new", 400)
    assert "same `Idempotency-Key`" in remedy("something_new", 502)


def test_sections_stand_in_the_order_of_their_status() -> None:
    kinds = {
        "late": ProblemType(500, "late", "Late", "It is late."),
        "early": ProblemType(400, "early", "Early", "It is early."),
        "also_late": ProblemType(500, "late", "Late", "Also."),
    }
    page = read_page(errors_page(kinds))
    assert [anchor for anchor in page.ids if anchor not in ("contents", "text")] == ["early", "late", "also_late"]


def test_nothing_in_the_table_can_become_markup() -> None:
    bad = "<script>alert(1)</script>"
    assert b"<script>alert" not in errors_page({bad: ProblemType(400, bad, bad, bad)})


def test_a_person_with_an_error_finds_its_section(server: RunningServer) -> None:
    problem = httpx.get(f"{server.base}/nowhere").json()
    path, _, anchor = problem["type"].partition("#")
    answer = httpx.get(server.base + path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert anchor in read_page(answer.content).ids
