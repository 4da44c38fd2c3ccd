"""Two checkouts of dues, each on a PostgreSQL of its own, in the same workloads: this one and another, in turn."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from bench import pairs, servers, table
from bench.arena import Arena, Size, prepared
from bench.load import Load, Outcome
from bench.neighbours import Neighbours, moved_in
from bench.one_account import AMOUNT, accounts_to_change
from bench.options import WORKLOADS, size_of
from bench.requests import Gets, Replays, Requests
from bench.rounds import Sample, Way, in_turn, loaded, sent

LIST_TARGETS = ("/billing/accounts", "/billing/accounts?currency=ZAR", "/billing/accounts?limit=100")


@dataclass(frozen=True)
class Side:
    """One of the two: its server, with what the workloads are about already in it."""

    arena: Arena
    both: Neighbours
    one: str
    many: Sequence[str]
    size: Size

    def way(self, workload: str) -> Way:
        """Rounds of `workload`."""
        match workload:
            case "create":
                return self._new(self.arena.creates)
            case "get":
                some = self.many[: self.size.distinct]
                return self._same(Gets(self.arena.key, [f"/billing/accounts/{account}" for account in some]))
            case "replay":
                made = self.arena.creates()
                self._send(made, self.size.distinct)
                return self._same(Replays(made, self.size.distinct))
            case "list":
                return self._same(Gets(self.arena.key, LIST_TARGETS))
            case "patch":
                return self._new(partial(self.arena.patches, self.many))
            case "payments":
                return self._new(partial(self.arena.payments, self.many, AMOUNT))
            case "payments-of-one":
                return self._new(partial(self.arena.payments, [self.one], AMOUNT))
            case "adjustments-of-one":
                return self._new(partial(self.arena.adjustments, [self.one]))
            case "one-client":
                server = self.arena.ours
                return lambda: loaded(
                    server, self.arena.postgres, Load(server.port, self.arena.creates(), 1, self.size.seconds)
                )
            case "alone":
                return lambda: _waits(self.both.alone(self.size.seconds))
            case "beside-flood":
                return lambda: _waits(self.both.beside_flood(self.size.seconds))
            case _:
                return lambda: _waits(self.both.beside_lists(self.size.seconds))

    def _new(self, make: Callable[[], Requests]) -> Way:
        self._send(make(), self._warm)
        return self.arena.sending_new(self.arena.ours, self.size, make)

    def _same(self, requests: Requests) -> Way:
        self._send(requests, self._warm)
        return self.arena.sending(self.arena.ours, self.size, requests)

    def _send(self, requests: Requests, at_most: int) -> None:
        server = self.arena.ours
        sent(server, Load(server.port, requests, self.size.connections, 60, at_most=at_most))

    @property
    def _warm(self) -> int:
        """Requests after which every connection to the database has its plans."""
        return self.size.connections * 12


def compare(console: Console, options: argparse.Namespace, scratch: Path) -> None:
    """Measures both in turn, the other checkout first in each pair, and prints what each did and the ratios."""
    size = size_of(options)
    programs = {pairs.OTHER: servers.of_checkout(options.against), pairs.THIS: servers.THIS}
    chosen = [workload for workload in WORKLOADS if workload in (options.only or WORKLOADS)]
    with ExitStack() as running:
        sides = {name: _side(running, scratch / name, program, size) for name, program in programs.items()}
        first = next(iter(sides.values()))
        console.print(table.machine(first.arena.ground.settings), highlight=False)
        console.print(f"{pairs.OTHER}: {options.against}; {size.rounds} pairs of {size.seconds:g} s each, in turn.")
        found: dict[str, Mapping[str, Sequence[Sample]]] = {}
        for workload in chosen:
            console.print(f"{workload} …")
            found[workload] = in_turn({name: side.way(workload) for name, side in sides.items()}, size.rounds)
    pairs.print_pairs(console, found)


def _side(running: ExitStack, data: Path, program: servers.Program, size: Size) -> Side:
    server = running.enter_context(servers.dues(data, program))
    arena = prepared(data, server, data.parent, program=program)
    one, many = accounts_to_change(arena, size)
    both = moved_in(data, arena, size, program=program)
    arena.warm_up(size, server)
    return Side(arena, both, one, many, size)


def _waits(outcome: Outcome) -> Sample:
    """Of a tenant alone or beside another: what its requests cost cannot be told apart, how long they take can."""
    return Sample(
        per_second=outcome.per_second, client_us=outcome.client_us, p50_ms=outcome.p50_ms, p99_ms=outcome.p99_ms
    )
