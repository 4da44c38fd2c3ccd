"""The JSON of a folder that is asked for."""

import datetime
from typing import Annotated, Literal

from msgspec import Struct

from dues.domain.fields import says


class FolderBody(Struct, frozen=True, kw_only=True):
    """A folder that is being made."""

    id: Annotated[str, says("Its id, `fol_…`; time-ordered.")]
    closing: Annotated[str, says("Of which closing it is.")]
    status: Annotated[
        Literal["exporting", "completed", "failed"], says("`exporting`: it waits or is made; it can be had once it is.")
    ]
    created_at: datetime.datetime
    expires_at: Annotated[datetime.datetime, says("Until then it is kept.")]
