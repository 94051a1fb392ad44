"""Printing rows as a table, JSON, YAML or plain columns, in the forms that Airflow prints.

JSON and YAML hold texts, lists and nulls, never numbers or booleans: scripts written for Airflow
compare with ``"True"``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Record = Mapping[str, Any]


def show(rows: Sequence[Record], form: str) -> None:
    """Print rows, whose keys are the columns' names, in the form that ``--output`` names."""
    if form == "json":
        import json

        print(json.dumps([_structured(row) for row in rows], ensure_ascii=False))
    elif form == "yaml":
        import yaml

        data = [_structured(row) for row in rows]
        print(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), end="")
    elif not rows:
        print("No data found")
    elif form == "plain":
        _columns(rows, gap="  ", rule=None, none="")
    else:
        _columns(rows, gap=" | ", rule="=+=", none="None")


def show_fields(record: Record, form: str) -> None:
    """Print one thing: a row per field in a table, one object elsewhere."""
    if form in ("table", "plain"):
        show(
            [{"property_name": key, "property_value": value} for key, value in record.items()], form
        )
    else:
        show([record], form)


def _columns(rows: Sequence[Record], gap: str, rule: str | None, none: str) -> None:
    names = list(rows[0])
    lines = [names, *([_flat(row.get(name), none) for name in names] for row in rows)]
    cells = [[cell.split("\n") for cell in line] for line in lines]
    widths = [max(len(part) for line in cells for part in line[i]) for i in range(len(names))]
    for number, line in enumerate(cells):
        for height in range(max(len(cell) for cell in line)):
            parts = [cell[height] if height < len(cell) else "" for cell in line]
            padded = [part.ljust(width) for part, width in zip(parts, widths, strict=True)]
            print(gap.join(padded).rstrip())
        if number == 0 and rule:
            print(rule.join("=" * width for width in widths))


def _structured(row: Record) -> dict[str, Any]:
    return {key: _structured_value(value) for key, value in row.items()}


def _structured_value(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list | tuple | set | frozenset):
        return [_structured_value(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): _structured_value(each) for key, each in value.items()}
    return _text(value)


def _flat(value: Any, none: str) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(_flat(each, none) for each in value)
    return none if value is None else _text(value)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
