"""What the measured processes use of the machine: CPU time and memory."""

import asyncpg
import psutil

CPU_OF_CHILDREN_TOO = ("user", "system", "children_user", "children_system")


class Server:
    """A server's process and those that it started; an embedded PostgreSQL is counted on its own."""

    def __init__(self, pid: int) -> None:
        self.process = psutil.Process(pid)

    def _all(self) -> list[psutil.Process]:
        children = self.process.children(recursive=True)
        return [self.process, *(child for child in children if "postgres" not in child.name())]

    def cpu_seconds(self) -> float:
        """CPU time used so far, user and system."""
        times = [process.cpu_times() for process in self._all()]
        return sum(time.user + time.system for time in times)

    def rss_bytes(self) -> int:
        """Memory held at this moment."""
        return sum(int(process.memory_info().rss) for process in self._all())


class Postgres:
    """All processes of a PostgreSQL on this machine, those that have ended included."""

    def __init__(self, postmaster: psutil.Process) -> None:
        self._postmaster = postmaster

    @classmethod
    async def behind(cls, url: str) -> "Postgres":
        """The PostgreSQL that answers at `url`."""
        connection = await asyncpg.connect(url)
        try:
            backend = psutil.Process(await connection.fetchval("select pg_backend_pid()"))
            return cls(backend.parent() or backend)
        finally:
            await connection.close()

    def cpu_seconds(self) -> float:
        """CPU time used so far, user and system."""
        ended = self._postmaster.cpu_times()
        seconds = sum(float(getattr(ended, name)) for name in CPU_OF_CHILDREN_TOO)
        for child in self._postmaster.children(recursive=True):
            try:
                times = child.cpu_times()
            except psutil.NoSuchProcess:  # its time will be among the ended ones
                continue
            seconds += times.user + times.system
        return seconds
