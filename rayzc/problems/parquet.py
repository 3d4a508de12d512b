"""Suites as Parquet files, under a versioned schema.

A row is an architecture of a problem: ``space``, ``task``, ``architecture``, ``accuracy``, ``group``, and a column
``proxy:<name>`` for every proxy, null where it was not measured. The file's metadata hold a JSON document under
``rayzc_suite``: schema version, name, origin, date, the problems with their proxies and row counts, and the
content hash, which is checked on reading. Floats come back bit for bit.

A suite that has a benchmark, or the accuracy of each training, has schema 2: further columns ``accuracy:0``,
``accuracy:1`` and so on, null where a problem has fewer trainings; how networks are built and trained, under
``benchmark`` in the document; and the images, once each, as an ``.npz`` in base85 under ``rayzc_images`` in the file's
metadata.
"""

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rayzc.documents import replacing
from rayzc.errors import SuiteError
from rayzc.problems.benchmark import Benchmark
from rayzc.problems.formats import FROM_TABLE, HEAD, SUITE_FILES, described
from rayzc.problems.packing import packed, unpacked
from rayzc.problems.problem import Problem
from rayzc.problems.suite import Suite

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SCHEMA_VERSION", "read_suite", "write_suite"]

SCHEMA_VERSION = 2
"""The newest schema; suites that need no more are written under schema 1."""

_KEY = b"rayzc_suite"
_IMAGES_KEY = b"rayzc_images"
_MAGIC = b"PAR1"
_PREFIX = "proxy:"
_TRAINING = "accuracy:"


def write_suite(suite: Suite, path: str | Path) -> None:
    """Writes a suite, replacing the file at once or not at all.

    Args:
        suite: any suite, which may be empty.
        path: the Parquet file; its folder must exist.

    Raises:
        SuiteError: the file cannot be written, or the images of its benchmark are too large.
    """
    import pyarrow.parquet as pq

    document, images = (None, None) if suite.benchmark is None else packed(suite.benchmark)
    table = _table(suite, document)
    try:
        with (
            replacing(Path(path)) as temporary,
            pq.ParquetWriter(
                temporary,
                table.schema,
                compression="zstd",
                use_dictionary=["space", "task", "architecture"],
                write_page_checksum=True,
            ) as writer,
        ):
            writer.write_table(table)
            if images is not None:
                # Not in the table's own metadata, which a Parquet file holds twice.
                writer.add_key_value_metadata({_IMAGES_KEY: base64.b85encode(images)})
    except OSError as error:
        raise SuiteError(f"{path}: cannot be written: {error.strerror or error}") from None


def read_suite(path: str | Path) -> Suite:
    """Reads a suite that :func:`write_suite` wrote.

    Raises:
        SuiteError: the file is missing, is not a Parquet file or not a suite, was cut off or damaged, has a newer
            schema, or its content is not what was written.
    """
    path = Path(path)
    table, images = _read_table(path)
    header = _header(table, path)
    try:
        suite = _suite(table, header, _benchmark(header, images))
    except SuiteError as error:
        raise SuiteError(f"{path}: {error}; import, build or fetch the suite again") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        version = header["schema_version"]
        raise SuiteError(f"{path}: not a well-formed suite of schema {version}: {error}") from None
    if suite.content_hash != header["content_hash"]:
        raise SuiteError(
            f"{path}: the content does not match its recorded hash, so the file was altered or damaged; import "
            "or fetch the suite again"
        )
    return suite


def _table(suite: Suite, benchmark: dict[str, Any] | None) -> "pa.Table":
    import pyarrow as pa

    def strings(values: list[str]) -> Any:
        return pa.array(values, pa.string()).dictionary_encode()

    proxies = sorted(set[str]().union(*(problem.proxies for problem in suite.problems)))
    columns: dict[str, Any] = {
        "space": strings([problem.space for problem in suite.problems for _ in problem.architectures]),
        "task": strings([problem.task for problem in suite.problems for _ in problem.architectures]),
        "architecture": strings([a for problem in suite.problems for a in problem.architectures]),
        "accuracy": pa.array(_joined([problem.accuracy for problem in suite.problems]), pa.float64()),
        "group": pa.array(
            np.concatenate([np.empty(0, np.int64), *(problem.groups for problem in suite.problems)]),
            pa.int64(),
        ),
    }
    trainings = [0 if problem.repeats is None else problem.repeats.shape[1] for problem in suite.problems]
    for training in range(max(trainings, default=0)):
        accuracies = _joined(
            [
                problem.repeats[:, training]
                if problem.repeats is not None and training < count
                else np.full(len(problem), np.nan)
                for problem, count in zip(suite.problems, trainings, strict=True)
            ]
        )
        columns[f"{_TRAINING}{training}"] = pa.array(accuracies, pa.float64(), mask=np.isnan(accuracies))
    for proxy in proxies:
        scores = _joined(
            [
                problem.column(proxy) if proxy in problem.proxies else np.full(len(problem), np.nan)
                for problem in suite.problems
            ]
        )
        columns[_PREFIX + proxy] = pa.array(scores, pa.float64(), mask=np.isnan(scores))
    newer = benchmark is not None or any(trainings)
    header: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION if newer else 1,
        "name": suite.name,
        "content_hash": suite.content_hash,
        "metadata": dict(suite.metadata),
        "problems": [
            {"space": p.space, "task": p.task, "architectures": len(p), "proxies": list(p.proxies)}
            for p in suite.problems
        ],
    }
    if newer:
        header["benchmark"] = benchmark
        for entry, count in zip(header["problems"], trainings, strict=True):
            entry["trainings"] = count
    return pa.table(columns).replace_schema_metadata({_KEY: json.dumps(header).encode()})


def _joined(parts: list[Any]) -> Any:
    return np.concatenate([np.empty(0), *parts])


def _read_table(path: Path) -> tuple["pa.Table", bytes | None]:
    """The table, and the images in their text form if there are any."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 4))
            tail = file.read(4)
    except FileNotFoundError:
        raise SuiteError(f"{path}: no such file") from None
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read: {error.strerror}") from None
    if not head.startswith(_MAGIC):
        raise SuiteError(f"{path}: {described(head) or f'not a Parquet file; {SUITE_FILES}'}")
    if tail != _MAGIC:
        raise SuiteError(f"{path}: the Parquet file ends too early, it was cut off; import or fetch it again")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read(), (file.metadata.metadata or {}).get(_IMAGES_KEY)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SuiteError(
            f"{path}: the Parquet file is damaged ({reason}); import or fetch it again"
        ) from None


def _header(table: "pa.Table", path: Path) -> dict[str, Any]:
    metadata = table.schema.metadata or {}
    if _KEY not in metadata:
        raise SuiteError(f"{path}: a Parquet file, but not a suite; {FROM_TABLE}")
    try:
        header = json.loads(metadata[_KEY])
        version = header["schema_version"]
        if not isinstance(version, int):
            raise TypeError(f"schema version {version!r}")
        if version > SCHEMA_VERSION:
            raise SuiteError(
                f"{path}: written under schema {version} by a newer rayzc; this version reads up to schema "
                f"{SCHEMA_VERSION}: upgrade rayzc, or import the suite again"
            )
    except (KeyError, TypeError, ValueError) as error:
        raise SuiteError(f"{path}: the suite's metadata are malformed: {error}") from None
    return dict(header)


def _benchmark(header: dict[str, Any], images: bytes | None) -> Benchmark | None:
    document = header.get("benchmark")
    if document is None:
        return None
    if images is None:
        raise SuiteError("the images of its benchmark are missing")
    try:
        data = base64.b85decode(images)
    except ValueError as error:
        raise SuiteError(f"the images are damaged ({error})") from None
    return unpacked(document, data)


def _suite(table: "pa.Table", header: dict[str, Any], benchmark: Benchmark | None) -> Suite:
    texts = {name: _texts(table.column(name)) for name in ("space", "task", "architecture")}
    accuracy = table.column("accuracy").to_numpy()
    groups = table.column("group").to_numpy()
    columns = {
        name.removeprefix(_PREFIX): table.column(name).to_numpy()
        for name in table.column_names
        if name.startswith(_PREFIX)
    }
    problems = []
    start = 0
    for entry in header["problems"]:
        space, task, proxies = entry["space"], entry["task"], tuple(entry["proxies"])
        rows = slice(start, start + entry["architectures"])
        if {*texts["space"][rows]} - {space} or {*texts["task"][rows]} - {task}:
            raise ValueError(f"rows {rows.start} to {rows.stop} are not all of {space}/{task}")
        scores = [columns[proxy][rows] for proxy in proxies]
        repeats = [
            table.column(f"{_TRAINING}{training}").to_numpy()[rows]
            for training in range(entry.get("trainings", 0))
        ]
        problems.append(
            Problem(
                space,
                task,
                tuple(texts["architecture"][rows]),
                proxies,
                np.stack(scores, axis=1) if scores else np.empty((entry["architectures"], 0)),
                accuracy[rows],
                groups[rows],
                np.stack(repeats, axis=1) if repeats else None,
            )
        )
        start = rows.stop
    if start != table.num_rows:
        raise ValueError(f"the table has {table.num_rows:,} rows, the problems have {start:,}")
    return Suite(header["name"], tuple(problems), header["metadata"], benchmark)


def _texts(column: Any) -> list[str]:
    """The strings of a dictionary-encoded column; equal strings are one object."""
    texts: list[str] = []
    for chunk in column.chunks:
        known = chunk.dictionary.to_pylist()
        texts += [known[i] for i in chunk.indices.to_pylist()]
    return texts
