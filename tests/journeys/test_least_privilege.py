"""A server whose role owns nothing serves everything. Its secrets are in files; in the database they are encrypted."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.db.databases import EmptyDatabases, execute
from tests.db.roles import Roles, as_role, roles
from tests.journeys.home import dues, stopped_at_the_end
from tests.journeys.journal import hold_to_json, keys_in
from tests.journeys.own_database import rows_of
from tests.journeys.receiver import Receiver
from tests.running import Caller, RunningServer, new_key

__all__ = ["roles"]


class Split:
    """A database, its owner, and a server that is not its owner."""

    def __init__(self, folder: Path, roles: Roles, databases: EmptyDatabases) -> None:
        self.role, self.owner = roles.server, roles.new_database(databases)
        self.server = as_role(self.owner, roles.server)
        self.secrets = {"database_url": self.server, "secret_key": b64encode(b"7" * 32).decode()}
        self.settings = {"webhook_allow_private": "true"}
        for name, text in self.secrets.items():
            (folder / name).write_text(f"{text}\n")
            self.settings[f"{name}_file"] = str(folder / name)
        migrated = dues("migrate", "--grant-to", roles.server, database_url=self.owner)
        assert migrated.returncode == 0, migrated.stderr
        assert f"grant select, insert on table entries to {roles.server};" in migrated.stdout


@pytest.mark.slow
def test_a_role_that_owns_nothing_serves_everything(
    empty_folder: Path, receiver: Receiver, roles: Roles, databases: EmptyDatabases
) -> None:
    split = Split(empty_folder, roles, databases)
    server = RunningServer(data=empty_folder / "data", log=empty_folder / "log", **split.settings)
    with stopped_at_the_end(server):
        caller = Caller(server.base, keys_in(server.start())["test", "secret"])
        endpoint = receiver.register(caller, "/a")
        work_through(caller)
        secrets = a_secret_is_kept_by_nobody_who_reads_the_database(caller, split, endpoint)
        receiver.wait_for("/a", 8)
        assert receiver.wrong == []
        advanced = caller.post("/billing/test_clock/advance", {"seconds": 86_400})
        assert advanced.status_code == 200, advanced.text
        for command in (["verify"], ["keys", "create"], ["webhooks", "encrypt-secrets"]):
            done = dues(*command, **split.settings)
            assert done.returncode == 0, done.stderr
        assert server.stop() == 0
    what_it_may_not_mend_is_said_and_nothing_is_served(split, empty_folder / "data")
    log = server.log.read_text()
    hold_to_json(server.log)
    assert '"job_' not in log
    assert '"internal_error"' not in log
    for secret in (*split.secrets.values(), *secrets):
        assert secret not in log


def work_through(caller: Caller) -> None:
    """Opens, bills, pays, takes back, changes, lists."""
    account = caller.open_account(currency="ZAR", balance=5000, metadata={"a": "b"}).json()
    bill = caller.make_bill(account=account["id"]).json()
    payment = caller.post(
        "/billing/payments", {"external_reference": "p1", "amount": 1000, "currency": "ZAR", "bill": bill["id"]}
    )
    assert payment.status_code == 201, payment.text
    reversed_ = caller.post(f"/billing/payments/{payment.json()['id']}/reverse", {"reason": "bounced"})
    assert reversed_.status_code == 200, reversed_.text
    changed = caller.patch(f"/billing/accounts/{account['id']}", {"balance": 4000, "metadata": {"a": None}})
    assert changed.status_code == 200, changed.text
    for noun in ("customers", "accounts", "bills", "payments", "events"):
        assert caller.everything(f"/billing/{noun}"), noun
    assert len(caller.everything(f"/billing/accounts/{account['id']}/entries")) == 2


def a_secret_is_kept_by_nobody_who_reads_the_database(caller: Caller, split: Split, endpoint: str) -> list[str]:
    """Neither with the endpoint nor in the answer that is kept; and that is given again all the same. The secrets."""
    path, key = f"/billing/webhook_endpoints/{endpoint}/rotate_secret", {"Idempotency-Key": new_key()}
    first, again = (caller.http.post(path, headers=key) for _ in range(2))
    assert first.status_code == 200, first.text
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.content == first.content
    stored: list[Any] = rows_of(split.owner, "select secret, old_secret from webhook_endpoints")
    assert [one[:5] for row in stored for one in row.values()] == ["enc1:"] * 2
    bodies = [row["body"] for row in rows_of(split.owner, "select body from idempotency_keys")]
    assert len(bodies) > 5
    assert not any(b"whsec_" in body for body in bodies)
    return [first.json()["secret"]]


def what_it_may_not_mend_is_said_and_nothing_is_served(split: Split, data: Path) -> None:
    """A schema that is behind."""
    [last] = rows_of(split.owner, "select max(name) as name from schema_migrations")
    execute(split.owner, f"delete from schema_migrations where name = '{last['name']}'")
    done = dues("serve", port="0", data=str(data), **split.settings)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"dues: The schema is behind (missing: {last['name']}), and the role {split.role} may not change it. "
        f"Run `dues migrate --grant-to {split.role}` as the owner of the database first.\n"
    )
