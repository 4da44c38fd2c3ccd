"""Clients that are generated from the document of a running server go the whole way of an account with it.

They know nothing of dues but the document. One is in Python, one in TypeScript; those of a third generator, which takes
long, are in `test_more_generated_clients.py`.
"""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dues.domain.money import AMOUNT_MAX
from tests.conftest import Merchant
from tests.running import NODE, Caller, RunningServer, new_key, new_reference

FOLDER = Path(__file__).parent / "clients"
GENERATORS = Path(sys.executable).parents[1] / "generators" / "bin"
PACKAGE = "generated_dues_client"


@pytest.fixture(scope="module")
def document(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's document, in a file."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(httpx.get(f"{server.base}/openapi.json").text)
    return path


class Generated:
    """A client in Python: what it says of an operation is in a module of its own."""

    def __init__(self, base: str, key: str) -> None:
        client = importlib.import_module(f"{PACKAGE}.client").AuthenticatedClient
        self.client = client(base_url=base, token=key, raise_on_unexpected_status=True)
        self.models = importlib.import_module(f"{PACKAGE}.models")

    def call(self, operation: str, *of: str, **more: Any) -> Any:
        """The whole answer, as the client parsed it."""
        module = importlib.import_module(f"{PACKAGE}.api.{operation}")
        return module.sync_detailed(*of, client=self.client, **more)


@pytest.fixture(scope="module")
def generated(document: Path) -> Iterator[Path]:
    """Where the client in Python is. Nothing of the document was left out of it."""
    folder, config = document.parent, document.with_suffix(".yml")
    files = ("text/csv", "application/jsonl", "application/zip")
    overrides = f"{{{', '.join(f'{one}: application/octet-stream' for one in files)}}}"
    config.write_text(f"post_hooks: []\ncontent_type_overrides: {overrides}\n")
    command = [str(GENERATORS / "openapi-python-client"), "generate", "--path", str(document), "--meta", "none"]
    command += ["--output-path", str(folder / PACKAGE), "--config", str(config), "--fail-on-warning"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def client(generated: Path, merchant: Merchant) -> Iterator[Generated]:
    """The merchant's client."""
    assert generated
    made = Generated(merchant.base, merchant.key())
    with made.client:
        yield made


@pytest.mark.slow
def test_a_client_in_python_goes_the_whole_way(client: Generated) -> None:
    models = client.models
    account_reference, bill_reference = new_reference("UAR"), new_reference("INV")

    new = models.NewAccount(
        customer=models.NewCustomer(external_reference=new_reference("CUST"), name="Jane Doe"),
        external_reference=account_reference,
        currency="ZAR",
        balance=AMOUNT_MAX - 1,
        metadata=models.NewAccountMetadataType0.from_dict({"plan": "gold"}),
    )
    opened = client.call("accounts.create_account", body=new, idempotency_key=new_key())
    assert opened.status_code == 201
    assert opened.parsed.balance == AMOUNT_MAX - 1

    seen = client.call("accounts.retrieve_account", account_reference)
    assert seen.parsed == opened.parsed
    assert seen.parsed.payment_rules.underpayment_allowed

    entry = client.call(
        "ledger.adjust_account",
        account_reference,
        body=models.NewAdjustment(amount=1, reason="To the last cent"),
        idempotency_key=new_key(),
    )
    assert (entry.parsed.balance_after, entry.parsed.kind) == (AMOUNT_MAX, "adjustment")

    stale = client.call(
        "accounts.update_account",
        account_reference,
        body=models.AccountChanges(name="Fibre"),
        if_match=seen.headers["etag"],
    )
    assert (stale.status_code, stale.parsed.code) == (412, "etag_mismatch")
    now = client.call("accounts.retrieve_account", account_reference).headers["etag"]
    changed = client.call(
        "accounts.update_account",
        account_reference,
        body=models.AccountChanges(name="Fibre", balance=0),
        if_match=now,
    )
    assert (changed.parsed.name, changed.parsed.balance) == ("Fibre", 0)

    bill = client.call(
        "bills.create_bill",
        body=models.NewBill(
            external_reference=bill_reference, currency="ZAR", amount_due=150_000, account=account_reference
        ),
        idempotency_key=new_key(),
    )
    assert (bill.parsed.status, bill.parsed.amount_remaining) == ("unpaid", 150_000)

    payment = models.NewPayment(
        external_reference=new_reference("EFT"), amount=150_000, currency="ZAR", bill=bill_reference
    )
    preview = client.call("payments.create_payment", body=payment, preview=True, idempotency_key=new_key())
    assert (preview.status_code, preview.parsed.applications[0].outstanding_after) == (200, 0)
    paid = client.call("payments.create_payment", body=payment, idempotency_key=new_key())
    assert (paid.status_code, paid.parsed.amount) == (201, 150_000)

    reversal = models.NewReversal(reason=models.NewReversalReason.BOUNCED)
    back = client.call("payments.reverse_payment", paid.parsed.id, body=reversal, idempotency_key=new_key())
    assert (back.parsed.status, back.parsed.reversal.reason) == ("reversed", "bounced")

    listed = client.call("bills.list_bills", account=account_reference, currency="ZAR")
    assert [one.external_reference for one in listed.parsed.data] == [bill_reference]
    # This generator writes the members of a deepObject as they are, so the brackets are the caller's.
    for plan, found in (("gold", [account_reference]), ("silver", [])):
        metadata = models.ListAccountsMetadata.from_dict({"metadata[plan]": plan})
        listed = client.call("accounts.list_accounts", metadata=metadata)
        assert [one.external_reference for one in listed.parsed.data] == found
    for least, found in ((150_000, [bill_reference]), (150_001, [])):
        amount = models.ListBillsAmount.from_dict({"amount[gte]": least})
        listed = client.call("bills.list_bills", amount=amount, order=models.ListBillsOrder.AMOUNT)
        assert [one.external_reference for one in listed.parsed.data] == found

    wrong = client.call(
        "accounts.create_account",
        body=models.NewAccount(customer="", external_reference="x", currency="zar"),
        idempotency_key=new_key(),
    )
    assert (wrong.status_code, wrong.parsed.code, wrong.parsed.status) == (400, "validation_failed", 400)
    assert [one.pointer for one in wrong.parsed.errors] == ["/customer", "/currency"]
    refused = client.call("accounts.list_accounts", currency="zar")
    assert "Did you mean ZAR?" in refused.parsed.errors[0].detail


@pytest.mark.slow
def test_what_comes_to_an_answer_one_day_breaks_no_client(client: Generated, alice: Caller) -> None:
    reference = new_reference("INV")
    assert alice.make_bill(external_reference=reference).status_code == 201
    shown = client.call("bills.retrieve_bill", reference)
    of_later = json.loads(shown.content) | {"status": "disputed", "currency": "ZZZ", "disputed_on": "2031-01-01"}
    of_later["payment_rules"]["rounding_allowed"] = True
    parsed = client.models.Bill.from_dict(of_later)
    assert (parsed.status, parsed.currency) == ("disputed", "ZZZ")
    event = {"id": "evt_1", "type": "bill.disputed", "data": of_later, "object_id": "bill_1", "sequence": 3}
    event["created_at"] = "2031-01-01T00:00:00Z"
    assert client.models.Event.from_dict(event).type_ == "bill.disputed"


@pytest.mark.slow
def test_a_client_in_typescript_goes_the_whole_way(document: Path, merchant: Merchant) -> None:
    folder = document.parent
    javascript = FOLDER / "javascript"
    (folder / "node_modules").symlink_to(javascript / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "journey.ts").write_text((javascript / "journey.ts").read_text())
    modules = javascript / "node_modules"
    run([NODE, str(modules / "openapi-typescript/bin/cli.js"), str(document), "-o", "dues.d.ts"], folder)
    options = ["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--skipLibCheck"]
    options += ["--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom,dom.iterable"]
    run([NODE, str(modules / "typescript/bin/tsc"), *options, "journey.ts"], folder)
    assert run([NODE, "journey.js", merchant.base, merchant.key()], folder) == "The whole way.\n"


def run(command: list[str], folder: Path) -> str:
    """What it prints. Raises where it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
