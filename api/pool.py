"""The pool of worker processes: computations run there, with a limit on time and memory, one at a time each.

A worker that passes a limit is killed and replaced by a fresh fork of the zygote; the service never computes itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Coroutine
from typing import NamedTuple

import psutil

from .logs import log
from .settings import Settings
from .zygote import FORK, KINDS, PID, REPLY, REQUEST, WARM

# How often busy workers' memory is looked at, in seconds: a process can fill some 100 MiB in between.
WATCH = 0.05
MIB = 1 << 20
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Reply(NamedTuple):
    """What a worker answered: status, body, and where it went wrong if it did."""

    status: int
    body: bytes
    bug: str


class Exceeded(Exception):
    """A computation passed a limit and was stopped; `what` is "time" or "memory"."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Busy(Exception):
    """Too many computations wait already, or the service is stopping."""


class Crashed(Exception):
    """A worker ended by itself, twice in a row for one request."""


class Worker:
    """One process and the line to it."""

    def __init__(
        self, process: psutil.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.process = process
        self.reader = reader
        self.writer = writer
        self.busy = False
        self.stale = False
        self.too_large = False

    async def ask(self, kind: str, body: bytes) -> Reply:
        """The answer to one request. Raises IncompleteReadError or ConnectionError when the process ends."""
        self.writer.write(REQUEST.pack(len(body), KINDS.index(kind)) + body)
        length, status, bug = REPLY.unpack(await self.reader.readexactly(REPLY.size))
        where = (await self.reader.readexactly(bug)).decode()
        return Reply(status, await self.reader.readexactly(length), where)

    @property
    def ended(self) -> bool:
        """Whether the process has hung up."""
        return self.reader.at_eof()

    def memory(self) -> int:
        """The bytes it holds; 0 when it has ended."""
        try:
            return int(self.process.memory_info().rss)
        except psutil.Error:
            return 0

    def kill(self) -> None:
        """Ends it, whatever it does."""
        with contextlib.suppress(psutil.Error):
            self.process.kill()
        self.writer.close()


# Workers besides the first that a request may lose before it is given up.
_TRIES = 4


class Pool:
    """`await pool.run(kind, body)` computes in the next free worker."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._zygote: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._forking = asyncio.Lock()
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        self._waiting: deque[asyncio.Future[Worker]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._adding = 0
        self._closed = False
        self.killed: dict[str, int] = {"time": 0, "memory": 0, "crash": 0}

    # What metrics and health want to know.

    @property
    def ready(self) -> bool:
        """Whether there is a process to compute in."""
        return bool(self._workers) and not self._closed

    @property
    def busy(self) -> int:
        """How many workers compute."""
        return sum(worker.busy for worker in self._workers)

    @property
    def waiting(self) -> int:
        """How many requests wait for a worker."""
        return len(self._waiting)

    @property
    def pids(self) -> list[int]:
        """The processes of the pool."""
        zygote = [self._zygote.pid] if self._zygote else []
        return [*zygote, *(worker.process.pid for worker in self._workers)]

    # Life --------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Starts the zygote and the workers; verifications are prepared for behind the scenes."""
        self._adding = self._settings.workers
        await asyncio.gather(*(self._add() for _ in range(self._adding)))
        self._background(self._watch())
        self._background(self._warm())

    async def stop(self) -> None:
        """Ends every process of the pool."""
        self._closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for future in self._waiting:
            if not future.done():
                future.set_exception(Busy())
        for worker in list(self._workers):
            self._dismiss(worker)
        if self._line:
            self._line.close()
        if self._zygote:
            await asyncio.to_thread(self._zygote.wait)
            self._zygote = None

    def _background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log("worker failed to start", logging.ERROR, error=type(task.exception()).__name__)

    # Work --------------------------------------------------------------------------------------------------------

    async def run(self, kind: str, body: bytes) -> Reply:
        """The reply of a worker. Raises Exceeded, Busy or Crashed."""
        # What ends a worker may have been meant for all of them, and the next one be gone as well without our knowing;
        # a request that ends every worker itself is given up after a few.
        for _ in range(1 + min(self._settings.workers, _TRIES)):
            worker = await self._take()
            limit = self._settings.time_limit
            try:
                return await asyncio.wait_for(worker.ask(kind, body), limit)
            except TimeoutError:
                self._lost(worker, "time")
                raise Exceeded("time") from None
            except (asyncio.IncompleteReadError, ConnectionError):
                self._lost(worker, "memory" if worker.too_large else "crash")
                if worker.too_large:
                    raise Exceeded("memory") from None
            except BaseException:
                # It would answer this request to the next one.
                self._lost(worker, "crash")
                raise
            finally:
                self._give_back(worker)
        raise Crashed

    async def _take(self) -> Worker:
        """A free worker, now or when one gets free: first come, first served."""
        if self._closed or len(self._waiting) >= self._settings.waiting:
            raise Busy
        while self._idle:
            worker = self._idle.pop()
            if worker.ended:
                self._lost(worker, "crash")
            elif worker in self._workers:
                worker.busy = True
                return worker
        future: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._give_back(future.result())
            raise

    def _give_back(self, worker: Worker) -> None:
        """A worker after its work, or a fresh one: to whoever waits longest, else to the idle ones."""
        worker.busy = False
        if worker not in self._workers:
            return
        if worker.stale or worker.memory() > self._settings.memory_limit * MIB // 2:
            self._dismiss(worker)
            self._fill()
            return
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                worker.busy = True
                future.set_result(worker)
                return
        self._idle.append(worker)

    def _lost(self, worker: Worker, why: str) -> None:
        """Replaces a worker that had to be killed or has ended, unless that is done already."""
        if worker not in self._workers:
            return
        self.killed[why] += 1
        self._dismiss(worker)
        self._fill()

    def _dismiss(self, worker: Worker) -> None:
        self._workers.discard(worker)
        worker.kill()

    def _fill(self) -> None:
        """Starts as many workers as are missing."""
        while not self._closed and len(self._workers) + self._adding < self._settings.workers:
            self._adding += 1
            self._background(self._add())

    async def _watch(self) -> None:
        """Kills workers that hold too much memory, and replaces idle ones that somebody else has killed."""
        while True:
            await asyncio.sleep(WATCH)
            # Should a fork have failed, here it is tried again.
            self._fill()
            for worker in list(self._workers):
                if worker.ended and not worker.busy:
                    self._lost(worker, "crash")
                elif worker.busy and worker.memory() > self._settings.memory_limit * MIB:
                    worker.too_large = True
                    worker.kill()

    # Processes ---------------------------------------------------------------------------------------------------

    async def _add(self) -> None:
        try:
            ours, theirs = socket.socketpair()
            with theirs:
                pid = await self._ask_zygote(FORK, theirs.fileno())
            reader, writer = await asyncio.open_unix_connection(sock=ours)
            worker = Worker(psutil.Process(pid), reader, writer)
        finally:
            self._adding -= 1
        self._workers.add(worker)
        self._give_back(worker)

    async def _ask_zygote(self, message: bytes, *descriptors: int) -> int:
        async with self._forking:
            for _ in range(2):
                if self._line is None:
                    await asyncio.to_thread(self._start_zygote)
                try:
                    return await asyncio.to_thread(self._exchange, message, descriptors)
                except OSError:
                    # It was killed from outside: start another one.
                    self._line = None
            raise Crashed

    def _exchange(self, message: bytes, descriptors: tuple[int, ...]) -> int:
        assert self._line is not None
        socket.send_fds(self._line, [message], descriptors)
        answer = self._line.recv(PID.size)
        if len(answer) < PID.size:
            raise ConnectionError("the zygote has ended")
        return int(PID.unpack(answer)[0])

    def _start_zygote(self) -> None:
        self._line, theirs = socket.socketpair()
        limits = (self._settings.nodes, self._settings.dimension)
        code = f"import sys; sys.path[:] = {sys.path!r}; from {__package__} import zygote; "
        code += f"zygote.run({theirs.fileno()}, *{limits})"
        # One thread each, since the workers share the cores; no GPU, which each of them would want whole.
        environment = dict.fromkeys(_THREADS, "1") | {"JAX_PLATFORMS": "cpu"} | os.environ
        with theirs:
            self._zygote = subprocess.Popen(
                [sys.executable, "-c", code],
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                # Ctrl-C in the terminal is for the service, which then ends its workers in order.
                start_new_session=True,
            )

    async def _warm(self) -> None:
        """Loads JAX where workers are forked from, and replaces the first workers, which do not have it."""
        first = list(self._workers)
        await self._ask_zygote(WARM)
        for worker in first:
            worker.stale = True
            if worker in self._idle:
                self._idle.remove(worker)
                self._give_back(worker)
