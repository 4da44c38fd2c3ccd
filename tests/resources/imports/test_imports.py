"""Imports: every row gets one verdict, by the same rules as a call of its own; nothing is done twice."""

import csv
import gzip
import io
from typing import Any

import pytest

from tests.resources.imports.conftest import Importing
from tests.resources.payments.paying import pay
from tests.running import Caller, new_key, new_reference

GOOD, SAME = ("created", list[str]()), ("unchanged", list[str]())


def table(*rows: dict[str, Any]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def person(**changes: Any) -> dict[str, Any]:
    return {
        "external_reference": new_reference("C"),
        "first_name": "Jane",
        "last_name": "Doe",
        "sa_identification_number": "8001015009087",
        "amount_due": "240.00",
    } | changes


@pytest.mark.slow
def test_each_kind_of_object_is_made_once_and_the_same_file_changes_nothing(importing: Importing) -> None:
    customer, account, bill = new_reference("C"), new_reference("A"), new_reference("B")
    money = {"currency": "ZAR"}
    files: dict[str, list[dict[str, Any]]] = {
        "customers": [
            {"external_reference": customer, "name": "Zoë", "balance": 500, **money, "metadata.branch": "CPT"},
            {"external_reference": new_reference("C"), "email": "z@example.com"},
        ],
        "accounts": [
            {"external_reference": account, "customer": customer, "balance": 700, **money},
            {"external_reference": new_reference("A"), "customer.external_reference": new_reference("C")},
        ],
        "bills": [{"external_reference": bill, "account": account, "amount_due": 900, **money}],
        "payments": [{"external_reference": new_reference("P"), "bill": bill, "amount": 400, **money}],
        "adjustments": [
            {"external_reference": new_reference("F"), "account": account, "amount": 50, "reason": "Fee"},
            {"external_reference": new_reference("F"), "customer": customer, "amount": -5, "reason": "Fee"},
        ],
        "credits": [
            {
                "external_reference": new_reference("N"),
                "bill": bill,
                "amount": 100,
                "kind": "credit_note",
                "reason": "Broken",
            }
        ],
    }
    for kind, rows in files.items():
        job = importing.run(table(*rows), kind=kind)
        assert (job["status"], job["rows"]["created"], job["rows"]["total"]) == ("completed", len(rows), len(rows)), (
            importing.rows(job)
        )
    caller = importing.caller
    shown = caller.get(f"/billing/bills/{bill}").json()
    assert (shown["amount_paid"], shown["amount_credited"], shown["amount_remaining"]) == (400, 100, 400)
    assert caller.get(f"/billing/accounts/{account}").json()["balance"] == 750
    shown = caller.get(f"/billing/customers/{customer}").json()
    assert (shown["balance"], shown["name"], shown["metadata"]) == (495, "Zoë", {"branch": "CPT"})
    [entry, _] = caller.everything(f"/billing/customers/{customer}/entries")
    assert entry["caused_by"]["request_id"].startswith("imp_")

    events = len(caller.everything("/billing/events"))
    for kind, rows in files.items():
        again = importing.send(table(*rows), kind=kind)
        assert (again.status_code, again.json()["code"]) == (409, "file_already_imported")
        assert importing.verdicts(table(*rows), kind=kind, again="true") == [SAME] * len(rows)
    of_imports = caller.everything("/billing/events", type="import.completed")
    assert len(caller.everything("/billing/events")) == events + len(files)
    assert len(of_imports) == 2 * len(files)


def test_what_there_is_becomes_as_the_row_says_and_an_empty_cell_clears_nothing(importing: Importing) -> None:
    jane = person(email="jane@example.com", branch="CPT")
    assert importing.verdicts(table(jane), kind="moment_daily") == [GOOD]
    assert importing.verdicts(table(jane | {"email": "", "amount_due": "99.00", "branch": "JNB"}), kind="moment_daily")
    shown = importing.caller.get(f"/billing/customers/{jane['external_reference']}").json()
    assert (shown["email"], shown["balance"], shown["metadata"]) == ("jane@example.com", 9_900, {"branch": "JNB"})
    assert importing.verdicts(table(jane | {"amount_due": "0.00"}), kind="moment_daily") == [("updated", [])]
    assert importing.caller.get(f"/billing/customers/{jane['external_reference']}").json()["balance"] == 0


def test_a_payment_of_this_morning_is_not_wiped_out_by_last_nights_file(importing: Importing) -> None:
    jane, john = person(), person()
    importing.run(table(jane, john), kind="moment_daily")
    made = importing.caller.get(f"/billing/customers/{jane['external_reference']}/entries").json()["data"][0]
    for one in (jane, john):
        assert pay(importing.caller, customer=one["external_reference"], amount=4_000).status_code == 201
    night = [one | {"amount_due": "300.00"} for one in (jane, john)]
    assert importing.verdicts(table(night[0]), kind="moment_daily", as_of=made["created_at"]) == [("updated", [])]
    assert importing.verdicts(table(night[1]), kind="moment_daily") == [("updated", ["overwrote_payments"])]
    balances = [
        importing.caller.get(f"/billing/customers/{one['external_reference']}").json()["balance"]
        for one in (jane, john)
    ]
    assert balances == [26_000, 30_000]


@pytest.mark.slow
def test_a_bill_of_other_terms_takes_the_place_of_one_that_nobody_paid_on(importing: Importing) -> None:
    customer, caller = new_reference("C"), importing.caller
    caller.register_customer(external_reference=customer)
    bill = {"external_reference": new_reference("B"), "customer": customer, "currency": "ZAR", "amount_due": 1_000}
    reference = bill["external_reference"]
    assert importing.verdicts(table(bill), kind="bills") == [GOOD]
    for number in (2, 3):
        assert importing.verdicts(table(bill | {"amount_due": 1_000 + number}), kind="bills") == [("updated", [])]
        assert caller.get(f"/billing/bills/{reference}%2F{number}").json()["amount_due"] == 1_000 + number
    assert caller.get(f"/billing/bills/{reference}").json()["status"] == "voided"
    replaced = caller.get(f"/billing/bills/{reference}%2F3").json()
    assert replaced["metadata"] == {"replaces": f"{reference}/2"}
    pay(caller, bill=f"{reference}/3", amount=1)
    assert importing.verdicts(table(bill | {"amount_due": 5}), kind="bills") == [("conflict", ["bill_part_paid"])]
    unpaid = bill | {"external_reference": new_reference("B")}
    importing.run(table(unpaid), kind="bills")
    caller.post(f"/billing/bills/{unpaid['external_reference']}/void", {})
    assert importing.verdicts(table(unpaid | {"amount_due": 5}), kind="bills") == [("conflict", ["bill_voided"])]


def test_rows_are_refused_as_calls_are_and_their_result_can_be_mended_and_sent(importing: Importing) -> None:
    jane, john = person(), person(amount_due="240,00", due_date="20/02/2025")
    text = table(jane, john, jane | {"amount_due": "1.00"})
    job = importing.run(text, kind="moment_daily")
    assert [(row["line"], row["verdict"]) for row in importing.rows(job)] == [
        (2, "created"),
        (3, "rejected"),
        (4, "rejected"),
    ]
    codes = [[fault["code"] for fault in row.get("faults", ())] for row in importing.rows(job)]
    assert codes == [[], ["amount_malformed", "date_malformed"], ["duplicate_in_file"]]
    result = importing.caller.get(f"/billing/imports/{job['id']}/result.csv?verdict=rejected")
    assert result.headers["content-type"] == "text/csv; charset=utf-8"
    rejected = list(csv.DictReader(io.StringIO(result.text)))
    assert [(row["line"], row["codes"]) for row in rejected] == [
        ("3", "amount_malformed date_malformed"),
        ("4", "duplicate_in_file"),
    ]
    mended = [rejected[0] | {"amount_due": "240.00", "due_date": "2025-02-20"}]
    assert importing.verdicts(table(*mended), kind="moment_daily") == [GOOD]
    everything = importing.caller.get(f"/billing/imports/{job['id']}/result.csv").text
    originals = [{name: row[name] for name in john} for row in csv.DictReader(io.StringIO(everything))]
    assert originals[1] == john


def test_a_dry_run_says_what_the_run_says_and_writes_nothing(importing: Importing) -> None:
    caller, customer = importing.caller, new_reference("C")
    caller.register_customer(external_reference=customer, currency="ZAR", balance=1_000)
    account, bill = new_reference("A"), new_reference("B")
    accounts = table(
        {"external_reference": account, "customer": customer, "currency": "ZAR"},
        {"external_reference": new_reference("A"), "customer": "nobody", "currency": "ZAR"},
    )
    caller.make_bill(external_reference=bill, customer=customer, amount_due=1_000)
    payments = table(
        *({"external_reference": new_reference("P"), "bill": bill, "currency": "ZAR", "amount": 400} for _ in range(4))
    )
    before = caller.everything("/billing/events")
    for text, kind in ((accounts, "accounts"), (payments, "payments")):
        tried = importing.run(text, kind=kind, dry_run="true")
        rows = importing.rows(tried)
        assert [one for one in caller.everything("/billing/events") if one["type"] != "import.completed"] == before
        applied = caller.http.post(f"/billing/imports/{tried['id']}/apply").json()
        done = importing.end(applied)
        assert (done["dry_run"], done["rows"]) == (False, tried["rows"])
        told = [(row["line"], row["verdict"], row.get("faults")) for row in rows]
        assert [(row["line"], row["verdict"], row.get("faults")) for row in importing.rows(done)] == told
        before = [one for one in caller.everything("/billing/events") if one["type"] != "import.completed"]
    assert [row["verdict"] for row in rows] == ["created", "created", "rejected", "rejected"]
    assert caller.get(f"/billing/bills/{bill}").json()["amount_paid"] == 800


def test_all_or_nothing_is_one_or_the_other(importing: Importing) -> None:
    good, bad = [person() for _ in range(3)], person(amount_due="x")
    job = importing.run(table(*good, bad), kind="moment_daily", apply="all_or_nothing")
    assert (job["status"], job["error"]["code"], job["rows"]["rejected"]) == ("failed", "rows_rejected", 1)
    for one in good:
        assert importing.caller.get(f"/billing/customers/{one['external_reference']}").status_code == 404
    job = importing.run(table(*good), kind="moment_daily", apply="all_or_nothing")
    assert (job["status"], job["rows"]["created"]) == ("completed", 3)


@pytest.mark.parametrize(
    ("text", "asked", "code"),
    [
        ("", {"kind": "customers"}, "file_empty"),
        ("external_reference\n", {"kind": "customers"}, "file_empty"),
        ("name\nJane\n", {"kind": "customers"}, "header_missing_column"),
        ("external_reference,nam\nC,J\n", {"kind": "customers"}, "header_unknown_column"),
        ("external_reference,name,name\nC,J,D\n", {"kind": "customers"}, "header_duplicate_column"),
        (",".join(["external_reference", *(f"metadata.{n}" for n in range(80))]), {"kind": "customers"}, "too_many"),
        ("external_reference\n\xff\n".encode("latin-1"), {"kind": "customers"}, "file_not_utf8"),
        ("external_reference\nC\n", {"file_name": "my.csv"}, "file_name_unrecognised"),
        ("external_reference\nC\n", {"file_name": "ZA_A_dailyfile_2199-01-01.csv"}, "file_date_in_future"),
        ("external_reference\nC\n", {}, "file_name_unrecognised"),
    ],
)
def test_a_whole_file_is_refused_at_once_and_leaves_nothing(
    importing: Importing, text: str | bytes, asked: dict[str, str], code: str
) -> None:
    answer = importing.send(text, **asked)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"].startswith(code)
    assert importing.caller.get("/billing/imports").json()["data"] == []


def test_a_packed_file_is_unpacked_and_a_bomb_is_not(importing: Importing) -> None:
    caller = importing.caller

    def send(content: bytes) -> Any:
        headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip", "Idempotency-Key": new_key()}
        return caller.http.post("/billing/imports?kind=customers", content=content, headers=headers)

    good = f"external_reference\n{new_reference('C')}\n".encode()
    assert importing.end(send(gzip.compress(good)).json())["rows"]["created"] == 1
    for bad in (gzip.compress(b"a" * (64 << 20)), gzip.compress(good)[:-9], b"no gzip", gzip.compress(good) + b"x"):
        assert send(bad).json()["code"] == "file_not_gzip"


def test_a_repeated_key_gets_the_same_import_and_another_file_under_it_is_refused(importing: Importing) -> None:
    key, text = new_key(), table(person())
    first = importing.send(text, key, kind="moment_daily")
    again = importing.send(text, key, kind="moment_daily")
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert again.headers["idempotent-replayed"] == "true"
    other = importing.send(table(person()), key, kind="moment_daily")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(importing.caller.everything("/billing/imports")) == 1


def test_strangers_find_nothing(importing: Importing, mallory: Caller) -> None:
    job = importing.run(table(person()), kind="moment_daily")
    path = f"/billing/imports/{job['id']}"
    for stranger in (mallory,):
        assert stranger.everything("/billing/imports") == []
        for answer in (
            stranger.get(path),
            stranger.get(f"{path}/rows"),
            stranger.get(f"{path}/result.csv"),
            stranger.http.post(f"{path}/apply"),
            stranger.http.post(f"{path}/stop"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "import_not_found")
    assert Importing(Caller(str(mallory.http.base_url), None)).send("x", kind="customers").status_code == 401
