"""The programs that journals are for take them, whatever happened, and reckon what dues shows."""

import csv
import io
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from dues.domain.currencies import EXPONENTS
from dues.domain.journal.names import Format
from tests.conftest import Merchant
from tests.journeys.test_contract_stateful import Contract
from tests.resources.journal.books import Sums, balances, fetch, minor, owed
from tests.resources.journal.histories import happen
from tests.running import Caller, RunningServer

PROGRAMS: dict[Format, str] = {"hledger": "hledger", "beancount": "bean-check", "ledger": "ledger"}

LACKING = [program for program in PROGRAMS.values() if not shutil.which(program)]

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="it needs accountants' programs"),
    pytest.mark.skipif(bool(LACKING), reason=f"{', '.join(LACKING)} is not installed"),
]

HISTORIES, STEPS = 25, 80


def run(*command: str) -> str:
    """What a program prints. It must take what it was given."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def of_hledger(file: Path) -> Sums:
    run("hledger", "-f", str(file), "check", "ordereddates")
    told = run("hledger", "-f", str(file), "balance", "--flat", "-N", "-O", "csv", "--layout=bare")
    rows = list(csv.reader(io.StringIO(told)))[1:]
    return Counter({(name, currency): minor(amount, currency) for name, currency, amount in rows})


def of_ledger(file: Path) -> Sums:
    form = "%(account)\t%(quantity(amount))\t%(commodity(amount))\n"
    sums: Sums = Counter()
    for line in run("ledger", "-f", str(file), "register", "--format", form).splitlines():
        name, amount, currency = line.split("\t")
        whole, _, rest = amount.partition(".")
        sums[name, currency] += minor(f"{whole}.{rest:0<{EXPONENTS[currency]}}".rstrip("."), currency)
    return sums


ADD_UP = """
import sys
from beancount import loader
from beancount.core.data import Transaction
entries, errors, _ = loader.load_file(sys.argv[1])
assert not errors, errors
for entry in entries:
    for posting in entry.postings if isinstance(entry, Transaction) else ():
        print(posting.account, posting.units.currency, posting.units.number, sep="\\t")
"""


def of_beancount(file: Path) -> Sums:
    assert run("bean-check", str(file)) == ""
    checker = shutil.which("bean-check")
    assert checker
    python = Path(checker).read_text().splitlines()[0].removeprefix("#!")
    sums: Sums = Counter()
    for line in run(python, "-c", ADD_UP, str(file)).splitlines():
        name, currency, amount = line.split("\t")
        sums[name, currency] += minor(amount, currency)
    return sums


READ: dict[Format, Callable[[Path], Sums]] = {"hledger": of_hledger, "beancount": of_beancount, "ledger": of_ledger}


def accept(caller: Caller, folder: Path) -> int:
    """Each program takes each form, summed up or not. How many sums were compared."""
    compared = 0
    for form, read in READ.items():
        file = folder / f"journal.{form}"
        file.write_text(fetch(caller, format=form))
        sums = read(file)
        expected = owed(caller, form)
        found = balances(sums)
        assert Counter({key: amount for key, amount in found.items() if amount}) == expected, form
        compared += len(expected)
        file.write_text(fetch(caller, format=form, summary="true"))
        read(file)
        names = {"accounts[receivable]": "assets:debtors:Trade & Co 1", "accounts[billed]": "Income:4000"}
        file.write_text(fetch(caller, format=form, **names))
        read(file)
    return compared


def test_a_history_with_everything_in_it(alice: Caller, tmp_path: Path) -> None:
    happen(alice)
    assert accept(alice, tmp_path) > 30


def test_random_histories(
    new_merchant: Callable[[], Merchant], server: RunningServer, second_server: RunningServer, tmp_path: Path
) -> None:
    merchants: list[Merchant] = []

    class Here(Contract):
        """On the servers of this run."""

        def bases(self) -> Sequence[str]:
            return [server.base, second_server.base]

        def new_merchant(self) -> Merchant:
            merchants.append(new_merchant())
            return merchants[-1]

    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    how_much = settings(
        max_examples=HISTORIES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=phases,
    )
    run_state_machine_as_test(Here, settings=how_much)
    compared = [accept(merchant.caller(), tmp_path) for merchant in merchants]
    assert len(compared) >= HISTORIES
    assert sum(compared) > 5 * HISTORIES
