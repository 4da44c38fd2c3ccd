"""A body that is read while it arrives."""

import asyncio

from dues.http.body_stream import BUFFERED_BYTES_MAX, BodyStream

PART = bytes(BUFFERED_BYTES_MAX // 4)


async def _read_slowly(stream: BodyStream) -> int:
    """Each part takes as long as whoever sends needs for several."""
    read = 0
    async for part in stream.parts():
        read += len(part)
        for _ in range(8):
            await asyncio.sleep(0)
    return read


def test_all_of_it_is_read_though_it_arrives_faster() -> None:
    async def run() -> int:
        stream, wanted = BodyStream(), asyncio.Event()
        stream.when_read(wanted.set)

        async def send() -> None:
            for _ in range(40):
                while stream.is_full:
                    # As a connection does: nothing more is taken from the network until somebody asks for it.
                    wanted.clear()
                    await wanted.wait()
                stream.feed(PART)
                await asyncio.sleep(0)
            stream.end()

        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            tasks.create_task(send())
            read = tasks.create_task(_read_slowly(stream))
        return read.result()

    assert asyncio.run(run()) == 40 * len(PART)
