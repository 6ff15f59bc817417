"""Run folders: written beside their name, forced to disk and renamed, so that a folder is complete or not there."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from sim.core.errors import OutputError, ResultsError, StorageError
from sim.results import manifest as manifests
from sim.results import parquet
from sim.results.lock import locked
from sim.results.schema import TABLES
from sim.results.tables import Columns, length

LOCK_SECONDS = 30.0
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
_UNFINISHED = ".unfinished-"


class Tables(Mapping[str, pd.DataFrame]):
    """Result tables by name; each is read when first asked for and kept."""

    def __init__(self, names: tuple[str, ...], load: Callable[[str], pd.DataFrame]) -> None:
        self._names, self._load = names, load
        self._kept: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        """The table, rows sorted by its key columns."""
        if name not in self._names:
            raise KeyError(f"no table {name}; there are {', '.join(self._names)}")
        if name not in self._kept:
            self._kept[name] = self._load(name)
        return self._kept[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(slots=True)
class Results:
    """What a run gave. Made by `study.replicate.run` or `load_results`, not by hand.

    manifest : how the run came about, mass balance, warnings, files. summary : headline ladder with bands.
    traces : path in the run folder -> file written during the run, and its rows; `save` moves it there.
    tables : `results.tables["recovery"]` is a DataFrame; see `docs/reference/tables.md`. folder : where it is saved.
    """

    manifest: dict[str, Any]
    summary: dict[str, Any]
    tables: Tables
    folder: Path | None = None
    columns: dict[str, Columns] = field(default_factory=dict, repr=False)
    texts: dict[str, bytes] = field(default_factory=dict, repr=False)
    traces: dict[str, tuple[Path, int]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, manifest: dict[str, Any], summary: dict[str, Any], columns: dict[str, Columns], texts: dict[str, bytes]) -> Results:
        """Results in memory. texts : file name -> bytes of the scenario as given and as resolved."""
        tables = Tables(tuple(TABLES), lambda name: parquet.frame(name, columns[name]))
        return cls(manifest, summary, tables, None, columns, texts)

    def save(self, root: str | Path = "results") -> Path:
        """Write the run folder `root/<scenario>/<run-id>/` and return it.

        Raises
        ------
        OutputError
            If the folder cannot be created.
        StorageError
            If writing fails, for example on a full disk; nothing is left behind.
        BusyError
            If another run keeps writing into the folder of the scenario.
        """
        home = prepared(root, self.manifest["scenario"]["key"])
        try:
            with _locked(home):
                _remove_unfinished(home)
                self.manifest["run_id"] = run_id = _free_name(home, self.manifest["run_id"])
                _write_complete(home / run_id, self._fill)
        except OSError as error:
            raise StorageError(f"{error.filename or home}: {error.strerror or error}; the run is not saved") from error
        self.folder = home / run_id
        return self.folder

    def _fill(self, folder: Path) -> None:
        """Write every file of the run into an empty folder, the manifest last."""
        if self.folder is not None:
            for described in self.manifest["resources"]:
                _write_bytes(folder / described["path"], (self.folder / described["path"]).read_bytes())
        else:
            self._fill_new(folder)
        _write_bytes(folder / manifests.NAME, manifests.written(self.manifest).encode())

    def _fill_new(self, folder: Path) -> None:
        texts = {**self.texts, "summary.json": _json(self.summary)}
        for name, content in texts.items():
            _write_bytes(folder / name, content)
        (folder / "tables").mkdir()
        for name, columns in self.columns.items():
            parquet.write(name, columns, folder / "tables" / f"{name}.parquet")
        self.manifest["resources"] = [manifests.resource(folder, name) for name in texts] + [
            manifests.resource(folder, f"tables/{name}.parquet", length(columns)) for name, columns in self.columns.items()
        ]
        for name, (file, rows) in self.traces.items():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.move(file, folder / name)
            self.manifest["resources"].append(manifests.resource(folder, name, rows))


def load_results(folder: str | Path) -> Results:
    """Read a run folder, every file checked against the manifest; tables are read when asked for.

    Raises
    ------
    ResultsError
        If anything is missing or damaged; names the file.
    """
    folder = Path(folder)
    manifest = manifests.read(folder)
    manifests.verify(folder, manifest)
    paths = {
        Path(entry["path"]).stem: folder / entry["path"] for entry in manifest["resources"] if entry["path"].startswith("tables/")
    }
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultsError(f"{folder / 'summary.json'}: damaged or not readable ({error})") from error
    return Results(manifest, summary, Tables(tuple(paths), lambda name: parquet.read(paths[name])), folder)


def prepared(root: str | Path, key: str) -> Path:
    """Create the folder of a scenario's runs, or find out now that it cannot be written.

    Raises
    ------
    OutputError
        If the key cannot be a folder name, or the folder cannot be created or written.
    """
    if not _KEY.fullmatch(key) or key.casefold() in _DEVICES:
        raise OutputError(f"'{key}' cannot name a folder: letters, digits, - and _ only, at most 64, no device name")
    home = Path(root) / key
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not home.resolve().is_relative_to(Path(root).resolve()):
            raise OutputError(f"{home}: leads out of {root}")
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageError(f"{home}: {error.strerror}") from error
        raise OutputError(f"{home}: cannot be created or written ({error.strerror})") from error
    return home


def _locked(home: Path) -> AbstractContextManager[None]:
    busy = f"{home}: another run has been writing here for {LOCK_SECONDS:.0f} s; try again later"
    return locked(home / ".lock", LOCK_SECONDS, busy)


def _remove_unfinished(home: Path) -> None:
    """Remove what runs that were killed left behind; whoever holds the lock is the only one who writes."""
    for left in home.glob(f"{_UNFINISHED}*"):
        if not left.is_symlink():
            shutil.rmtree(left)


def _free_name(home: Path, run_id: str) -> str:
    """The run id, with a number when there is one of the same second and inputs."""
    name, number = run_id, 2
    while (home / name).exists():
        name, number = f"{run_id}-{number}", number + 1
    return name


def _write_complete(target: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder under another name, force it to disk, and only then give it its name."""
    unfinished = target.parent / f"{_UNFINISHED}{target.name}"
    try:
        unfinished.mkdir()
        fill(unfinished)
        for folder in (*(inner for inner in unfinished.iterdir() if inner.is_dir()), unfinished):
            _sync_folder(folder)
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    _sync_folder(target.parent)


def _write_bytes(file: Path, content: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    with file.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Force a folder's entries to disk, where the system can (Windows cannot)."""
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n").encode()
