"""Source code for showing: ``airflow.utils.code_utils``."""

from __future__ import annotations

import functools
import inspect
from pathlib import Path
from typing import Any


def get_python_source(x: Any) -> str | None:
    """Return the source of a function, class or callable object; text and None are as they are."""
    if x is None or isinstance(x, str):
        return x
    for candidate in (x.func if isinstance(x, functools.partial) else x, getattr(x, "__call__", x)):  # noqa: B004
        try:
            return inspect.getsource(candidate)
        except TypeError:
            continue  # no function, class or the like
    return f"The source of {type(x)} cannot be read"


def prepare_code_snippet(file_path: Path, line_no: int, context_lines_count: int = 5) -> str:
    """Return the numbered lines around one, which is marked by ``>``."""
    first = max(1, line_no - context_lines_count)
    lines = file_path.read_text().splitlines()[first - 1 : line_no + context_lines_count]
    return "\n".join(
        f">{n:3} | {line}" if n == line_no else f"{n:4} | {line}"
        for n, line in enumerate(lines, first)
    )
