"""Reading and writing the files that people give to ``import`` and ``export``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from slipstream.errors import UserError


def read_text(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"The file {name} does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read {name}: {error}.") from error


def read_mapping(name: str) -> dict[str, Any]:
    """Return the object at the top of a JSON or, by its ending, YAML file."""
    text = read_text(name)
    if Path(name).suffix.lower() in (".yaml", ".yml"):
        import yaml

        try:
            data = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise UserError(f"{name} is not valid YAML: {error}") from error
    else:
        try:
            data = json.loads(text)
        except ValueError as error:
            raise UserError(f"{name} is not valid JSON: {error}.") from error
    if not isinstance(data, dict):
        raise UserError(f"{name} must hold one object, of names to what they stand for.")
    return {str(key): value for key, value in data.items()}


def read_list(name: str) -> list[Any]:
    """Return the list at the top of a JSON file."""
    try:
        data = json.loads(read_text(name))
    except ValueError as error:
        raise UserError(f"{name} is not valid JSON: {error}.") from error
    if not isinstance(data, list):
        raise UserError(f"{name} must hold a list.")
    return data


def write_json(name: str, data: Any) -> None:
    write_text(name, json.dumps(data, indent=4, ensure_ascii=False, sort_keys=True) + "\n")


def write_text(name: str, text: str) -> None:
    """Write an export; what it holds may be secret, so that only the owner may read a new file."""
    if name == "-":
        print(text, end="")
        return
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UserError(f"Cannot write {name}: {error.strerror}.") from error


def read_pairs(name: str, shape: str) -> list[tuple[str, str]]:
    """Return the pairs of a file of ``NAME=VALUE`` lines; raise UserError, which shows ``shape``."""
    pairs = []
    for number, line in enumerate(read_text(name).splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"{name}, line {number}: write {shape}.")
        pairs.append((key.strip(), value.strip()))
    return pairs
