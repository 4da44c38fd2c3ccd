"""What all tests of mails need."""

from collections.abc import Callable

import pytest

from dues.db.database import Database
from tests.conftest import Ask


@pytest.fixture
def hurry(ask: Ask[object]) -> Callable[[str], None]:
    """Has a mail tried again now; as if whoever had it were long gone."""

    def again(mail_id: str) -> None:
        async def save(database: Database) -> None:
            await database.rows(
                "update mails set next_attempt_at = now(), leased_until = case when leased_until is not null "
                "then now() - interval '1 s' end where id = $1 returning id",
                mail_id,
            )

        ask(save)

    return again
