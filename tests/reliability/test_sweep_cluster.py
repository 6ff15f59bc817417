"""A sweep on a real Dask cluster: scheduler and workers started here, on loopback, without a dashboard for others to see."""

from __future__ import annotations

import datetime
import importlib.util
import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from sim.cli import main
from sim.results.manifest import digest
from sim.study import sweep
from tests.fixtures import light_sweep
from tests.fixtures.listening import listening, tree

ROOT = Path(__file__).parents[2]
SWEEP, LIGHT = "ci_small", "tests.fixtures.light_sweep"
LOCAL = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
ALONE = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "LIGHT_SWEEP_SECONDS": "0.01"}


@pytest.fixture(autouse=True)
def _can_run():
    lacking = [name for name in ("distributed", "cryptography") if importlib.util.find_spec(name) is None]
    lacking += [] if Path("/proc").exists() else ["/proc"]
    if lacking:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"needs {', '.join(lacking)}")


@contextmanager
def cluster(folder, *more, **environment):
    """Address of a scheduler with two workers, and the processes: scheduler first."""
    file = folder / "scheduler.json"
    environment = {**os.environ, **ALONE, **environment}

    def start(module, *arguments):
        command = [sys.executable, "-m", f"distributed.cli.{module}", *LOCAL, *more, *arguments]
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    processes = [start("dask_scheduler", "--port", "0", "--scheduler-file", str(file))]
    try:
        for _ in range(2):
            processes.append(start("dask_worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny"))
        end = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < end, "the scheduler did not start"
            time.sleep(0.05)
        yield json.loads(file.read_text(encoding="utf-8"))["address"], processes
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait(30)


def started(out, address, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", LIGHT, "sweep", SWEEP, "--out", str(out), "--no-report", "--scheduler", address],
        cwd=ROOT,
        env={**os.environ, **ALONE, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def files(out):
    (folder,) = (out / SWEEP).glob("sweep-*")
    paths = [path for path in folder.rglob("*") if path.is_file() and ".lock" not in path.name and path.suffix != ".jsonl"]
    return {path.relative_to(folder).as_posix(): digest(path) for path in sorted(paths)}


def unbroken(out, monkeypatch):
    monkeypatch.setattr(sweep, "Chunk", light_sweep.LightChunk)
    sweep.sweep(SWEEP, out, workers=0)
    return files(out)


def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(tmp_path, monkeypatch):
    expected = unbroken(tmp_path / "alone", monkeypatch)
    out = tmp_path / "out"
    with cluster(tmp_path) as (address, processes):
        assert address.startswith("tcp://127.0.0.1:")
        driver = started(out, address)
        end = time.monotonic() + 60
        while len(list(out.glob(f"{SWEEP}/sweep-*/parts/*.parquet"))) < 5 and driver.poll() is None:
            assert time.monotonic() < end, "no part was written"
            time.sleep(0.01)
        assert listening(tree(driver.pid)) == {}
        sockets = listening([pid for process in processes for pid in tree(process.pid)])
        assert len(sockets) >= 3
        assert all(sockets.values()), sockets
        processes[1].send_signal(signal.SIGKILL)
        said, complained = driver.communicate(timeout=120)
    assert driver.returncode == 0, complained
    assert "complete" in said
    assert files(out) == expected


@pytest.mark.slow
def test_a_cluster_with_certificates(tmp_path, monkeypatch):
    expected = unbroken(tmp_path / "alone", monkeypatch)
    paths = certificates(tmp_path)
    options = ("--tls-ca-file", paths["ca"], "--tls-cert", paths["cert"], "--tls-key", paths["key"], "--protocol", "tls")
    with cluster(tmp_path, *options) as (address, _):
        assert address.startswith("tls://")
        named = {
            f"DASK_DISTRIBUTED__COMM__TLS__{name}": paths[key]
            for name, key in (("CA_FILE", "ca"), ("CLIENT__CERT", "cert"), ("CLIENT__KEY", "key"))
        }
        _, complained = (bare := started(tmp_path / "bare", address)).communicate(timeout=60)
        assert bare.returncode == 2
        assert "name the file of a certificate in DASK_DISTRIBUTED__COMM__TLS__CA_FILE" in complained
        driver = started(tmp_path / "out", address, **named)
        _, complained = driver.communicate(timeout=120)
    assert driver.returncode == 0, complained
    assert files(tmp_path / "out") == expected


def certificates(folder):
    """A certificate that vouches for itself, as for a cluster of one person."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "urban-mine test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return {"ca": str(folder / "cert.pem"), "cert": str(folder / "cert.pem"), "key": str(folder / "key.pem")}


def refused(capsys, tmp_path, *arguments):
    code = main(["sweep", SWEEP, "--out", str(tmp_path), *arguments])
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert "Traceback" not in told.err
    return code, told.err


def test_an_unreachable_scheduler_is_one_message(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sim.study.cluster.CONNECT_SECONDS", 0.5)
    with socket.socket() as taken:  # a port where nobody answers
        taken.bind(("127.0.0.1", 0))
        code, said = refused(capsys, tmp_path, "--scheduler", f"tcp://127.0.0.1:{taken.getsockname()[1]}")
    assert code == 74
    assert "cannot be reached" in said


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--scheduler", "tcp://192.0.2.1:8786"), "--insecure-cluster"),
        (("--scheduler", "tcp://cluster.example:8786"), "--insecure-cluster"),
        (("--scheduler", "tls://192.0.2.1:8786"), "CA_FILE"),
        (("--scheduler", "192.0.2.1:8786"), "tls://host:port"),
        (("--scheduler", "ucx://192.0.2.1:8786"), "tls://host:port"),
        (("--scheduler", "tls://[nobody"), "tls://host:port"),
        (("--scheduler", "tcp://127.0.0.1:1", "--workers", "2"), "leave out --workers"),
        (("--scheduler", "tcp://127.0.0.1:1", "--shard", "1/2"), "leave out --workers"),
    ],
)
def test_what_is_not_safe_or_makes_no_sense_is_refused_before_anything_is_sent(tmp_path, capsys, arguments, word):
    code, said = refused(capsys, tmp_path, *arguments)
    assert code == 2
    assert word in said


def test_workers_of_other_versions_are_refused():
    from sim.study.cluster import _unfit
    from sim.study.facts import versions

    here = versions()
    assert "another" not in _unfit(tuple(sorted(here.items())))
    assert "a worker has numpy" in _unfit(tuple(sorted((here | {"numpy": "0.1"}).items())))
