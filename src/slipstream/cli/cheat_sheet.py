"""``cheat-sheet``."""

from __future__ import annotations

import argparse
import importlib
from typing import Any

from slipstream.cli import tree
from slipstream.cli.command import Command


def run(args: argparse.Namespace) -> None:
    sheets: dict[str, dict[str, str]] = {"Services and others": {}}
    for word, entry in sorted(tree.COMMANDS.items()):
        sheets["Services and others"][word] = entry.summary
    for word, entry in sorted(tree.GROUPS.items()):
        module: Any = importlib.import_module(entry.module)
        sheets[entry.summary] = {f"{word} {c.name}": c.summary for c in module.COMMANDS}
    width = max(len(words) for sheet in sheets.values() for words in sheet)
    for title, sheet in sheets.items():
        print(title)
        for words, summary in sorted(sheet.items()):
            print(f"  slipstream {words:<{width}}  {summary}")
        print()


COMMAND = Command("cheat-sheet", "Show all commands on a page", run, example="cheat-sheet")
