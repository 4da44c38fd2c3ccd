"""Databases on a cluster of Citus that is there already, spread over its nodes; each node behind a relay, if wanted."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import pytest

from tests.db.databases import execute
from tests.journeys.own_database import rows_of

VARIABLE: Final = "DUES_TEST_CITUS_URL"

NODES: Final = "select nodename as host, nodeport as port, groupid as node from pg_dist_node where isactive"

Address = tuple[str, int]


def coordinator() -> str:
    """The URL of a database on the coordinator, which knows the nodes, and whose role is a superuser on all of them."""
    url = os.environ.get(VARIABLE)
    if not url:
        pytest.skip(f"{VARIABLE} names no coordinator of Citus (13 or newer) with at least two more nodes")
    return url


@contextmanager
def new_database(reached: Callable[[Address], Address] = lambda node: node) -> Iterator[str]:
    """The URL of a database with the extension and nothing else, on every node of the cluster; removed at the end.

    `reached`: under which address the nodes are to know each one that is not the coordinator.
    """
    first = coordinator()
    found = {(row["host"], row["port"]): row["node"] for row in rows_of(first, NODES)}
    nodes = sorted(found, key=lambda node: found[node])
    assert len(nodes) >= 3, "a coordinator and two more nodes"
    assert found[nodes[0]] == 0, "the coordinator is a node"
    name = f"dues_{uuid4().hex[:12]}"
    try:
        for node in nodes:
            execute(on(first, node), f"create database {name}")
            execute(on(first, node, name), "create extension citus")
        here = on(first, nodes[0], name)
        execute(here, f"select citus_set_coordinator_host('{nodes[0][0]}', {nodes[0][1]})")
        for node in nodes[1:]:
            host, port = reached(node)
            execute(here, f"select citus_add_node('{host}', {port})")
        yield here
    finally:
        _drop(first, nodes, name)


def _drop(first: str, nodes: Sequence[Address], name: str) -> None:
    for node in nodes:
        execute(on(first, node), f"drop database if exists {name} with (force)")


def on(url: str, node: Address, database: str | None = None) -> str:
    """The same on another node, in another database."""
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    place = f"{node[0]}:{node[1]}"
    path = f"/{quote(database)}" if database else parts.path
    return urlunsplit(parts._replace(netloc=f"{login}@{place}" if login else place, path=path))
