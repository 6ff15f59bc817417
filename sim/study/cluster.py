"""Work spread over a Dask cluster that others started: reached by the address of its scheduler, refused where it is not safe.

`distributed` is an extra (`urban-mine[cluster]`), imported only here. Nothing is started and nothing listens on this side.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sim.core.errors import StorageError, UrbanMineError, UsageError
from sim.study.facts import versions
from sim.study.workers import LOST, TICK_SECONDS, Executor, Failure, Task, attempted

CONNECT_SECONDS = 10.0
WORKER_SECONDS = 60.0
GONE_SECONDS = 30.0
AHEAD = 3  # chunks sent ahead for each thread of a worker, so that none waits for the next
CERTIFICATES = {"ca-file": "CA_FILE", "client.cert": "CLIENT__CERT", "client.key": "CLIENT__KEY"}
_one_at_a_time = threading.Lock()


@contextmanager
def cluster(address: str, *, insecure: bool = False) -> Iterator[Executor]:
    """Connect to a scheduler and give what spreads work over its workers.

    Parameters
    ----------
    address : `tls://host:port`, with the certificates where Dask's own settings name them, or `tcp://` on this machine.
    insecure : allow `tcp://` to another machine, where anyone on the way can read and run anything.

    Raises
    ------
    UsageError
        If the address is not safe, a certificate is not named, or `distributed` is not installed.
    StorageError
        If the scheduler cannot be reached or has no worker.
    """
    try:
        distributed: Any = import_module("distributed")
    except ModuleNotFoundError:
        raise UsageError("--scheduler needs one more package: pip install 'urban-mine[cluster]'") from None
    secured = _security(distributed, _scheme(address, insecure=insecure))
    log = logging.getLogger("distributed")
    level = log.level
    log.setLevel(logging.CRITICAL)  # what fails is told here, in one line
    client = None
    try:
        client = _connected(distributed, address, secured)
        yield partial(_spread, client)
    finally:
        if client is not None:
            client.close(timeout=TICK_SECONDS)
        log.setLevel(level)


def _scheme(address: str, *, insecure: bool) -> str:
    """`tls` or `tcp`, if that is safe for the host."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or port is None or parts.scheme not in {"tls", "tcp"}:
        raise UsageError(f"a scheduler is written tls://host:port, or tcp://127.0.0.1:port on this machine, not {address[:80]}")
    if parts.scheme == "tcp" and not insecure and not _loopback(host):
        raise UsageError(
            f"{address}: tcp is neither secret nor signed, so anyone on the way to {host} could run programs here and there; "
            "use tls:// with certificates, or --insecure-cluster on a network that only you can reach"
        )
    return parts.scheme


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _security(distributed: Any, scheme: str) -> Any:
    """Dask's settings for encryption; with tls every certificate must be named and be there."""
    if scheme == "tcp":
        return distributed.Security(require_encryption=False)
    config = import_module("dask").config
    for key, name in CERTIFICATES.items():
        file = config.get(f"distributed.comm.tls.{key}", None)
        if not file or not Path(file).is_file():
            where = f"DASK_DISTRIBUTED__COMM__TLS__{name}"
            said = f"the file {where} names is not there: {file}" if file else f"name the file of a certificate in {where}"
            raise UsageError(f"tls needs certificates: {said}")
    return distributed.Security(require_encryption=True)


def _connected(distributed: Any, address: str, security: Any) -> Any:
    """A client with at least one worker behind it."""
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, security=security, set_as_default=False)
    except (OSError, TypeError) as error:  # a certificate of another kind is a TypeError
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StorageError(f"the scheduler {address} cannot be reached: {why}") from None
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except (TimeoutError, OSError):
        client.close(timeout=TICK_SECONDS)
        raise StorageError(f"the scheduler {address} has no worker; start some, and the same command goes on") from None
    return client


def _spread(client: Any, task: Task, numbers: Sequence[int], tick: Callable[[], None]) -> Generator[tuple[int, Any], None, None]:
    """Yield (number, outcome) as they are done; a worker that dies costs nothing but time, since Dask gives its work to others.

    Raises
    ------
    StorageError
        If the scheduler goes away.
    UrbanMineError
        If the workers are not such that they give the same numbers.
    """
    held = client.submit(_held, task, pure=False)  # made again by Dask if the worker that holds it dies
    expected = versions()
    waiting = list(numbers)[::-1]
    told: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
    busy: dict[int, Any] = {}
    seen = time.monotonic()
    while waiting or busy:
        while waiting and len(busy) < max(1, AHEAD * sum(client.nthreads().values())):
            number = waiting.pop()
            busy[number] = client.submit(_attempted, held, number, expected, pure=False)
            busy[number].add_done_callback(partial(_tell, told, number))
        try:
            number, future = told.get(timeout=TICK_SECONDS)
        except queue.Empty:
            seen = _still_there(client, seen)
        else:
            del busy[number]
            yield number, _outcome(future)
        tick()


def _tell(told: queue.SimpleQueue[tuple[int, Any]], number: int, future: Any) -> None:
    told.put((number, future))


def _still_there(client: Any, seen: float) -> float:
    """When the scheduler was last there; raises if that is too long ago."""
    now = time.monotonic()
    if client.status == "running":
        return now
    if now - seen > GONE_SECONDS:
        raise _gone()
    return seen


def _gone() -> StorageError:
    return StorageError("the scheduler went away; what is finished is kept, and the same command goes on from there")


def _outcome(future: Any) -> Any:
    if future.status == "finished":
        return future.result()
    if future.status != "error":
        raise _gone()
    error = future.exception()
    if type(error).__name__ == "KilledWorker":
        return LOST
    if isinstance(error, UrbanMineError):
        raise error
    raise UrbanMineError(f"the workers of the cluster cannot do this: {type(error).__name__}: {error}")


# what runs in workers


def _held(task: Task) -> Task:
    """The task, kept by a worker and fetched by the others."""
    return task


def _attempted(task: Task, number: int, expected: dict[str, str]) -> Any | Failure:
    """Outcome of a task, or its `Failure`; raises where this worker would not give the same numbers."""
    with _one_at_a_time:
        fault = _unfit(tuple(sorted(expected.items())))
        if fault:
            raise UrbanMineError(fault)
        return attempted(task, number)


@cache
def _unfit(expected: tuple[tuple[str, str], ...]) -> str:
    """Why numbers of this worker might differ from those of the parent; empty if they do not."""
    here = versions()
    for name, version in expected:
        if here[name] != version:
            return f"a worker has {name} {here[name]}, this machine has {version}: the same numbers need the same versions"
    if os.environ.get("OMP_NUM_THREADS") != "1":
        return "a worker lets numeric libraries use many threads; start it with OMP_NUM_THREADS=1, as `dask worker` does by default"
    return ""
