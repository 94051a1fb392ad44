"""What ``about.json`` says of options is true of the code: it names those that the code reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from slipstream.config.catalog import catalog, effects

SOURCE = Path(__file__).parents[3] / "src" / "slipstream"
BUILT_NAMES = {
    *(("email", f"default_email_on_{event}") for event in ("failure", "retry")),
    *(("dask", f"tls_{part}") for part in ("ca", "cert", "key")),
}
"""Options whose keys the code puts together."""
READ_FOR_NOTHING = {("celery", "pool")}


def _parsed() -> Iterator[ast.AST]:
    for path in SOURCE.rglob("*.py"):
        yield from ast.walk(ast.parse(path.read_text()))


def test_each_option_that_is_read_is_described_and_each_described_one_is_read() -> None:
    known, described = catalog(), effects()
    pairs: set[tuple[str, str]] = set()
    texts: set[str] = set()
    for node in _parsed():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            names = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
            if node.func.attr.startswith("get") and len(names) == 2:
                pairs.add((str(names[0]), str(names[1])))
    read = {pair for pair in pairs if known.option(*pair) is not None}
    assert read - set(described) == set()
    unread = {name for name in described if name[1] not in texts} - BUILT_NAMES
    assert unread - READ_FOR_NOTHING == set()


def test_only_known_options_are_described_in_a_sentence_each() -> None:
    for (section, key), text in effects().items():
        assert catalog().option(section, key) is not None, f"[{section}] {key}"
        assert text.endswith("."), f"[{section}] {key}: {text}"
        assert text[0].isupper(), f"[{section}] {key}: {text}"
