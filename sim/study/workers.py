"""Work spread over processes that die with their parent, stop at once when told to, and never change a result.

Kept apart from what it is used for, so that sweeps can use it as replications do. Imports nothing heavy: workers load it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any

from sim.core.errors import UrbanMineError

TICK_SECONDS = 0.5
STOP_SECONDS = 2.0
# numeric libraries that split a sum over threads would make the last bits depend on the machine
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")

_READY = "ready"

Task = Callable[[int], Any]
Executor = Callable[[Task, Sequence[int], Callable[[], None]], Generator[tuple[int, Any], None, None]]
Link = Any  # a connection: its class differs by system


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that raised: the message for people, the documented exit code, and where it happened.

    lost : it did not raise, but cost every worker that tried it.
    """

    message: str
    exit_code: int
    trace: str
    lost: bool = False


class WorkerError(UrbanMineError):
    """A worker process ended by itself: out of memory, killed, or it could not start."""


LOST = Failure("its worker process was killed or ran out of memory each time it was tried", WorkerError.exit_code, "", lost=True)


def default_workers() -> int:
    """Number of processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def spread(
    task: Task, numbers: Sequence[int], workers: int, tick: Callable[[], None], lives: int = 0
) -> Generator[tuple[int, Any], None, None]:
    """Yield (number, outcome of `task(number)`) as they are done; the outcome of a task that raised is a `Failure`.

    Parameters
    ----------
    task : a picklable callable; it is sent to each worker once.
    workers : number of processes (started by spawn); 0 works in this process, for debuggers.
    tick : called at least every half second while waiting.
    lives : how many workers a number may cost: one that dies is replaced and the number tried again, and when it has cost
        so many, its outcome is `LOST`. With 0 the death of a worker ends everything.

    Raises
    ------
    WorkerError
        If a worker dies, with `lives` 0 or before it could begin.
    """
    if workers == 0:
        for number in numbers:
            yield number, attempted(task, number)
            tick()
        return
    with _Staff(task) as staff:
        yield from _dispatched(staff, list(numbers), workers, tick, lives)


def attempted(task: Task, number: int) -> Any:
    """Outcome of a task, or its `Failure`."""
    try:
        return task(number)
    except Exception as error:
        code = error.exit_code if isinstance(error, UrbanMineError) else UrbanMineError.exit_code
        message = str(error) if isinstance(error, UrbanMineError) else f"{type(error).__name__}: {error}"
        return Failure(message, code, traceback.format_exc())


def _dispatched(
    staff: _Staff, numbers: list[int], workers: int, tick: Callable[[], None], lives: int
) -> Generator[tuple[int, Any], None, None]:
    waiting = numbers[::-1]
    busy: dict[Link, int | None] = {staff.hired(): None for _ in range(min(workers, len(numbers)))}  # None: starting
    cost = Counter[int | None]()
    while busy:
        ready: list[Link] = list(connection.wait(list(busy), TICK_SECONDS))
        for link in ready:
            number = busy.pop(link)
            told = staff.told(link)
            if isinstance(told, _Dead):
                cost[number] += 1
                if not lives or (number is None and cost[number] == lives):
                    raise _died(told)
                if number is not None and cost[number] < lives:
                    waiting.append(number)
                elif number is not None:
                    yield number, LOST
                if waiting:
                    busy[staff.hired()] = None
                continue
            if waiting:
                busy[link] = waiting.pop()
                staff.send(link, busy[link])
            if told != _READY:
                yield told
        tick()


def _died(dead: _Dead) -> WorkerError:
    return WorkerError(
        f"a worker process ended by itself (exit code {dead.code}): out of memory, or killed. In a script, "
        'calls that start workers belong under `if __name__ == "__main__":`'
    )


@dataclass(frozen=True, slots=True)
class _Dead:
    code: int | None


class _Staff:
    """Worker processes by the links to them; ended whatever happens."""

    def __init__(self, task: Task) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._task = task
        self._people: dict[Link, Any] = {}

    def __enter__(self) -> _Staff:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._people.values():
            process.terminate()
        for process in self._people.values():
            process.join(STOP_SECONDS)
            if process.is_alive():
                process.kill()

    def hired(self) -> Link:
        """Start a worker; it says that it is ready when it is."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._task), daemon=True)
        with _quiet_start():
            process.start()
        theirs.close()
        self._people[ours] = process
        return ours

    def told(self, link: Link) -> Any:
        """What a worker says; `_Dead`, and it is struck off the list, if it has died."""
        try:
            return link.recv()
        except (EOFError, OSError):
            process = self._people.pop(link)
            link.close()
            process.join(STOP_SECONDS)
            return _Dead(process.exitcode)

    @staticmethod
    def send(link: Link, number: int | None) -> None:
        """Hand a number to a worker; that it has just died is noticed where its answer is awaited."""
        with suppress(OSError):
            link.send(number)


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Let children inherit that Ctrl-C is not theirs to handle, and that numeric libraries use one thread."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if threading.current_thread() is threading.main_thread() else None
    os.environ.update(_ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if handler is not None:
            signal.signal(signal.SIGINT, handler)


def _serve(link: Link, task: Task) -> None:
    """Life of a worker: do what comes through the link until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    gc.freeze()  # the task stays: searching it for garbage again and again would cost a sixth of a light run
    link.send(_READY)
    while True:
        try:
            number = link.recv()
        except EOFError:
            return
        link.send((number, attempted(task, number)))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
