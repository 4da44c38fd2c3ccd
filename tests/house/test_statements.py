"""Every statement of the program is one that the real schema understands."""

import asyncio
from importlib import import_module
from pathlib import Path

import asyncpg
import pytest

import dues

SOURCE = Path(dues.__file__).parent
VERBS = ("select", "insert", "update", "delete", "with")


def statements() -> dict[str, str]:
    """Name to text of every constant that is a statement, in the files that may have any."""
    found = {}
    for file in sorted([*SOURCE.rglob("store.py"), *SOURCE.glob("db/*.py")]):
        name = ".".join(("dues", *file.relative_to(SOURCE).with_suffix("").parts))
        for constant, value in vars(import_module(name)).items():
            if constant.isupper() and isinstance(value, str) and value.strip().lower().startswith(VERBS):
                found[f"{name}.{constant}"] = value
    return found


STATEMENTS = statements()


def test_there_are_statements_to_look_at() -> None:
    assert "dues.resources.accounts.store.INSERT_ACCOUNTS" in STATEMENTS
    assert "dues.db.migrate.FIND_MIGRATIONS" in STATEMENTS


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_schema_knows_everything_that_a_statement_names(name: str, database_url: str) -> None:
    async def prepare() -> None:
        connection = await asyncpg.connect(database_url)
        try:
            await connection.prepare(STATEMENTS[name])
        finally:
            await connection.close()

    asyncio.run(prepare())
