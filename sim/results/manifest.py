"""The manifest of a run folder: a Frictionless data package that also says how the run came about and that nothing is damaged.

It carries the SHA-256 of every file and of itself, so any flipped bit in a run folder is found.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from sim.core.errors import ResultsError
from sim.results.schema import TABLES, TRIPS, Kind

FORMAT = 1
NAME = "manifest.json"
_OWN_HASH = "manifest_sha256"
_TYPES: dict[Kind, str] = {"text": "string", "integer": "integer", "number": "number"}
_CHUNK_BYTES = 1 << 20
_MEDIA = {".parquet": "application/vnd.apache.parquet", ".json": "application/json", ".toml": "application/toml"}


def resource(folder: Path, path: str, rows: int | None = None) -> dict[str, Any]:
    """Describe one file of a run folder; a table with its columns."""
    file = folder / path
    described: dict[str, Any] = {
        "name": re.sub(r"[^a-z0-9._-]", "-", Path(path).name.lower().removesuffix(".parquet")),
        "path": path,
        "format": file.suffix[1:],
        "mediatype": _MEDIA[file.suffix],
        "encoding": "utf-8",
        "bytes": file.stat().st_size,
        "hash": f"sha256:{digest(file)}",
    }
    if file.suffix == ".parquet":
        table = TABLES.get(file.stem, TRIPS)
        fields = [
            {
                "name": column.name,
                "type": _TYPES[column.kind],
                "unit": column.unit,
                "description": column.en,
                "description_ja": column.ja,
            }
            for column in table.columns
        ]
        described |= {
            "type": "table",
            "description": table.en,
            "description_ja": table.ja,
            "rows": rows,
            "schema": {"fields": fields, "primaryKey": [column.name for column in table.key]},
        }
    return described


def digest(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    found = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()


def written(manifest: dict[str, Any]) -> str:
    """The text of the manifest, with its own hash."""
    body = {key: value for key, value in manifest.items() if key != _OWN_HASH}
    own = hashlib.sha256(_dump(body).encode()).hexdigest()
    return _dump({**body, _OWN_HASH: own})


def _dump(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def read(folder: Path) -> dict[str, Any]:
    """Read the manifest of a run folder and check it against its own hash.

    Raises
    ------
    ResultsError
        If it is missing, damaged, or of a format this program does not know.
    """
    file = folder / NAME
    try:
        text = file.read_bytes().decode()
        manifest = json.loads(text)
    except FileNotFoundError:
        raise ResultsError(f"{folder}: no {NAME}, so this is not a complete results folder") from None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{file}: damaged or not readable ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else None
        raise ResultsError(f"{file}: damaged, or of format {found!r}; this program reads format {FORMAT}")
    if written(manifest) != text:
        raise ResultsError(f"{file}: damaged (it does not match its own hash)")
    return manifest


def verify(folder: Path, manifest: dict[str, Any]) -> None:
    """Check every file of a run folder against the manifest.

    Raises
    ------
    ResultsError
        Names the first file that is missing or damaged.
    """
    root = folder.resolve()
    for described in manifest["resources"]:
        file = folder / described["path"]
        if not file.resolve().is_relative_to(root):
            raise ResultsError(f"{file}: outside the results folder")
        try:
            if file.stat().st_size != described["bytes"] or f"sha256:{digest(file)}" != described["hash"]:
                raise ResultsError(f"{file}: damaged (its SHA-256 is not the one in {NAME})")
        except FileNotFoundError:
            raise ResultsError(f"{file}: missing") from None
        except OSError as error:
            raise ResultsError(f"{file}: not readable ({error.strerror})") from error
