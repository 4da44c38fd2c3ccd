"""POST /billing/closings/{closing}/folder has it made; GET sends it once it is."""

from collections.abc import Iterable

import msgspec

from dues.commands.command import Modify, Procedure, Shown
from dues.domain.ids import new_id
from dues.domain.refusals import Refusal, not_found
from dues.jobs.chunks.store import read_bytes
from dues.jobs.retention import KEPT
from dues.jobs.store import Job
from dues.resources.closings import store
from dues.resources.closings.folder.store import FolderInput, find_folder, insert_folder
from dues.resources.closings.folder.wire import FolderBody
from dues.resources.doing import Call, Document
from dues.work.work import Claim, Request, Work

PREFIX = "fol_"


async def _prepare(work: Work, request: Request[Modify[None]]) -> Shown | Refusal:
    tenant, name, now = request.tenant, request.body.name, work.now_of(request.tenant)
    if await store.find_named(work, tenant, name) is None:
        return not_found("closing", name)
    wanted = msgspec.json.encode(FolderInput(name))
    job = await insert_folder(work, tenant, new_id("fol_", now), wanted, request.actor, now, now + KEPT)
    return Shown(job.id, msgspec.json.encode(folder_body(job)))


def _claims(request: Request[Modify[None]]) -> Iterable[Claim]:
    yield "folder", request.body.name


PREPARE_FOLDERS = Procedure("folders.create", _claims, _prepare)


def folder_body(job: Job) -> FolderBody:
    """It as clients see it."""
    closing = msgspec.json.decode(job.input, type=FolderInput).closing
    return FolderBody(
        id=job.id,
        closing=closing,
        status=job.status,  # type: ignore[arg-type]
        created_at=job.created_at,
        expires_at=job.expires_at,
    )


async def fetch_folder(call: Call) -> Document | Refusal:
    """The last one that was asked for, where it is whole."""
    closing = await store.find_closing(call.database, call.tenant, call.name)
    if closing is None:
        return not_found("closing", call.name)
    job = await find_folder(call.database, call.tenant, closing.id)
    if job is None:
        return Refusal("folder_not_found", f"POST /billing/closings/{closing.id}/folder has it made.")
    if job.status != "completed":
        why = f": {job.error.detail}" if job.error else "."
        return Refusal("folder_not_ready", f"The folder of {closing.id} is {job.status}{why}")
    return Document("application/zip", f"closing-{closing.through_on}.zip", read_bytes(call.database, job))
