"""Where the log of a try lies below the log folder, in Airflow 3's layout.

The scheduler says it to who writes a log, and the API asks here for who reads one.
"""

from __future__ import annotations

from hashlib import blake2b

_LONGEST = 255
"""Bytes of a file's name, on every file system that matters."""


def log_name(dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int) -> str:
    """Return the path of a try's log, relative to the log folder."""
    mapped = f"map_index={map_index}/" if map_index >= 0 else ""
    task = _folder("task_id=" + task_id)
    return f"{run_folder(dag_id, run_id)}/{task}/{mapped}attempt={try_number}.log"


def run_folder(dag_id: str, run_id: str) -> str:
    """Return the folder of a run's logs, relative to the log folder."""
    return f"{_folder('dag_id=' + dag_id)}/{_folder('run_id=' + run_id)}"


def _folder(name: str) -> str:
    """Return a name that a folder can have: a longer one is cut, and ends with what tells it apart."""
    if len(name) * 4 <= _LONGEST:  # four bytes at most, as UTF-8
        return name
    encoded = name.encode(errors="replace")
    if len(encoded) <= _LONGEST:
        return name
    mark = "~" + blake2b(encoded, digest_size=8).hexdigest()
    return encoded[: _LONGEST - len(mark)].decode(errors="ignore") + mark
