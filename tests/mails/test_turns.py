"""Tenants take turns: one with many mails keeps nobody waiting, and what is taken is taken once."""

from collections import Counter

from dues.db.database import Database
from dues.resources.mails.store import AT_ONCE_OF_TENANT, ToSend, take_mails_to_send
from dues.tenants.store import list_cells
from tests.conftest import Ask
from tests.mails.mailing import new_mail, new_payment
from tests.running import Caller


def test_a_tenant_with_many_mails_keeps_nobody_waiting(alice: Caller, mallory: Caller, ask: Ask[list[ToSend]]) -> None:
    paid = new_payment(alice)["id"]
    many = {new_mail(alice, payment=paid, to="jane@example.com")["id"] for _ in range(AT_ONCE_OF_TENANT + 3)}
    one = new_mail(mallory, payment=new_payment(mallory)["id"], to="john@example.com")["id"]

    async def take(database: Database) -> list[ToSend]:
        return [mail for cell in await list_cells(database) for mail in await take_mails_to_send(database, cell, 1000)]

    first = [each.mail.id for each in ask(take)]
    assert len(many.intersection(first)) == AT_ONCE_OF_TENANT
    assert one in first
    again = [each.mail.id for each in ask(take)]
    assert len(many.intersection(again)) == 3
    assert max(Counter(first + again).values()) == 1
