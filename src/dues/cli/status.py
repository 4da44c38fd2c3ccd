"""`dues status`: what this installation is, and whether somebody should look after it."""

import asyncio
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, Final, get_args

import typer

from dues.cli.database import AsJson, Data, opened, place_of
from dues.cli.tenants import print_json
from dues.db.condition import Condition, count_directory, find_condition
from dues.db.database import Database
from dues.db.installation import find_installation
from dues.db.migrate import refuse_empty
from dues.db.sessions import Process, find_processes
from dues.events.catalogue import EventType
from dues.events.lag import LAG_SECONDS_MAX
from dues.events.store import FIND_OLDEST_WRITERS
from dues.settings import Settings, read_settings
from dues.tenants.store import list_cells
from dues.webhooks.backlog.store import find_backlog

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def show_status(data: Data = None, as_json: AsJson = False) -> None:
    """Show versions, the database, who serves it, what waits, and the last backup. Exit status 1 if anything is wrong.

    It changes nothing: neither does it make a database, nor migrate one. Of a schema that is not this program's it
    shows that, and not what is in it. Wrong is such a schema, and a feed that a transaction holds up.
    """
    settings = read_settings(data=data)
    with opened(settings) as (url, _):
        found = asyncio.run(_find(settings, url))
    if as_json:
        print_json(found)
    else:
        for name, says in _lines(found):
            print(f"{name:11} {says}")
        for sentence in found["wrong"]:
            print(f"WRONG       {sentence}")
    if found["wrong"]:
        raise typer.Exit(1)


async def _find(settings: Settings, url: str) -> dict[str, Any]:
    await refuse_empty(url, place_of(settings))
    database = await Database.connect(url, 1)
    try:
        condition = await find_condition(database)
        processes = await find_processes(database)
        inside = await _find_inside(database) if condition.is_current else {}
    finally:
        await database.close()
    wrong = _wrong(condition, inside)
    return {
        "version": metadata.version("dues"),
        "database": {
            "place": place_of(settings),
            "embedded": not settings.database_url,
            "postgresql": condition.postgresql,
            "size_bytes": condition.size_bytes,
        },
        "schema": {"state": _state(condition), "missing": condition.missing, "unknown": condition.unknown},
        "servers": [process for process in processes if process.work == "serves"],
        "deliverers": [process for process in processes if process.work == "delivers"],
        **inside,
        "wrong": wrong,
    }


async def _find_inside(database: Database) -> dict[str, Any]:
    """What is in a database whose schema is this program's."""
    now, whole = datetime.now(UTC), await find_installation(database)
    merchants, cells = await count_directory(database)
    backlog = await find_backlog(database, await list_cells(database), get_args(EventType), now)
    writers = await database.rows(FIND_OLDEST_WRITERS)
    return {
        "merchants": merchants,
        "cells": cells,
        "feed": {"lag_seconds": max((row["age_seconds"] or 0.0 for row in writers), default=0.0)},
        "deliveries": {
            "held_at": whole.deliveries_held_at,
            "endpoints": backlog.enabled,
            "disabled_endpoints": backlog.disabled,
            "waiting": backlog.waiting,
            "oldest_seconds": backlog.oldest_seconds,
        },
        "backed_up_at": whole.backed_up_at,
        "restored_at": whole.restored_at,
    }


def _state(condition: Condition) -> str:
    return "newer" if condition.unknown else "behind" if condition.missing else "current"


def _wrong(condition: Condition, inside: dict[str, Any]) -> list[str]:
    """What somebody has to do something about, a sentence each."""
    found = []
    if condition.unknown:
        found.append(f"The schema is a newer dues's: it has {condition.unknown[-1]}. Run that one.")
    elif condition.missing:
        found.append(f"The schema is behind: {', '.join(condition.missing)}. `dues migrate`, or a server, applies it.")
    if inside and inside["feed"]["lag_seconds"] > LAG_SECONDS_MAX:
        found.append("A transaction that writes events does not end, and the feed waits. The log has feed_held_up.")
    return found


def _lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The same for people: a name and what is said of it."""
    database, schema = found["database"], found["schema"]
    kind = "embedded PostgreSQL" if database["embedded"] else "PostgreSQL"
    lines = [
        ("dues", found["version"]),
        (
            "database",
            f"{database['place']} ({kind} {database['postgresql']}, {database['size_bytes'] / 2**20:,.0f} MiB)",
        ),
        ("schema", schema["state"]),
        ("servers", _processes(found["servers"])),
        ("deliverers", _processes(found["deliverers"])),
    ]
    if "merchants" not in found:
        return lines
    feed, deliveries, now = found["feed"], found["deliveries"], datetime.now(UTC)
    oldest = f", the oldest for {_span(deliveries['oldest_seconds'])}" if deliveries["waiting"] else ""
    held = f"HELD since {deliveries['held_at']:%Y-%m-%d %H:%M} UTC; " if deliveries["held_at"] else ""
    disabled = f" and {deliveries['disabled_endpoints']} disabled" if deliveries["disabled_endpoints"] else ""
    endpoints = f"{_counted(deliveries['endpoints'], 'endpoint')}{disabled}"
    backup = f"{_span((now - found['backed_up_at']).total_seconds())} ago" if found["backed_up_at"] else "none known"
    return [
        *lines,
        ("merchants", f"{found['merchants']} in {_counted(found['cells'], 'cell')}"),
        ("feed", f"{_span(feed['lag_seconds'])} behind" if feed["lag_seconds"] >= 1 else "up to date"),
        ("deliveries", f"{held}{_counted(deliveries['waiting'], 'event')} to send, {endpoints}{oldest}"),
        ("backup", backup),
        *([("restored", f"{found['restored_at']:%Y-%m-%d %H:%M} UTC")] if found["restored_at"] else []),
    ]


def _processes(processes: list[Process]) -> str:
    return ", ".join(f"process {one.pid} on {one.host}" for one in processes) or "none"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _span(seconds: float) -> str:
    """About how long: 3 d, 5 h, 10 min or 7 s."""
    size, unit = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    return f"{max(seconds, 0) // size:.0f} {unit}"
