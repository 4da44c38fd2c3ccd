"""A name is as good as what it resolves to, at the very look-up that a connection is made by."""

import pytest

from dues.webhooks.resolver import AddressRefusedError, PublicResolver
from tests.webhooks.listeners import Listeners, watched
from tests.webhooks.receiver import Names, run, sender

PUBLIC, PUBLIC_6 = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


def test_of_a_name_only_public_addresses_are_offered() -> None:
    names = Names(["10.0.0.1", PUBLIC, "127.0.0.1", "::1", PUBLIC_6, "fe80::1%eth0", "::ffff:10.0.0.1"])
    found = run(PublicResolver(names).resolve("hooks.example", 443))
    assert [one["host"] for one in found] == [PUBLIC, PUBLIC_6]


def test_a_name_with_private_addresses_only_is_refused() -> None:
    names = Names(["127.0.0.1", "10.0.0.1", "::1", "fe80::1%eth0", "64:ff9b::7f00:1"])
    with pytest.raises(AddressRefusedError, match=r"hooks\.example has no public address"):
        run(PublicResolver(names).resolve("hooks.example", 443))


def send_by_name(names: Names, times: int = 1) -> tuple[list[str], list[str], int]:
    """Sends so often, each time to a port that was not called before: errors, addresses tried, calls heard."""
    errors: list[str] = []
    listeners = [Listeners() for _ in range(times)]

    async def work() -> None:
        async with sender(allow_private=False, resolver=names) as one:
            for listener in listeners:
                outcome = await one.send(f"http://hooks.example:{await listener.open()}/", {}, b"{}")
                errors.append(outcome.error or "")
                listener.close()

    tried = watched(work)
    return errors, tried, sum(one.calls for one in listeners)


def test_a_name_that_leads_to_this_machine_is_not_called() -> None:
    errors, tried, heard = send_by_name(Names(["127.0.0.1", "::1"]))
    assert errors[0].startswith("refused_address: ")
    assert (tried, heard) == ([], 0)


def test_a_name_that_leads_here_and_elsewhere_is_called_elsewhere_alone() -> None:
    _, tried, heard = send_by_name(Names(["127.0.0.1", PUBLIC, "10.0.0.1"]))
    assert (tried, heard) == ([PUBLIC], 0)


def test_a_name_that_turns_private_after_it_was_looked_at_is_never_called_there() -> None:
    names = Names([PUBLIC], ["127.0.0.1"])
    errors, tried, heard = send_by_name(names, times=2)
    assert names.asked == ["hooks.example"] * 2, "what was looked up is what was connected to, or it is looked at anew"
    assert [error.partition(":")[0] for error in errors] == ["connect", "refused_address"]
    assert (tried, heard) == ([PUBLIC], 0)
