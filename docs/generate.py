"""Write the reference pages from the code: ``make docs``. A test compares them with what is there."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

from slipstream.api.auth import words
from slipstream.cli import tree
from slipstream.cli.command import Arg, Command
from slipstream.config.catalog import catalog, effects
from slipstream.config.source import env_name

FOLDER = Path(__file__).parent / "reference"
_MADE = "<!-- Made by `make docs` from the code: change it there. -->\n"


def command_line() -> str:
    """Every command with its arguments and an example."""
    lines = [
        "# Commands",
        "",
        _MADE,
        "`slipstream` and `airflow` are two names of one program. Every command has `--help` and",
        "`--verbose`.",
    ]
    for name, entry in sorted({**tree.GROUPS, **tree.COMMANDS}.items()):
        module = importlib.import_module(entry.module)
        if name in tree.GROUPS:
            lines += ["", f"## {name}", "", f"{entry.summary}."]
            for command in module.COMMANDS:
                lines += ["", f"### {name} {command.name}", *_command(command, f"{name} ")]
        else:
            lines += ["", f"## {name}", *_command(module.COMMAND, "")]
    return "\n".join(lines) + "\n"


def _command(command: Command, group: str) -> Iterator[str]:
    positional = [a for a in command.args if not a.flags[0].startswith("-")]
    usage = " ".join(
        ["slipstream", group + command.name, *map(_positional_usage, positional), "[options]"]
    )
    yield from ("", f"{command.summary}.", "", f"    {usage}")
    if command.example:
        yield from ("", "For example:", "", f"    slipstream {command.example}")
    shown = [a for a in command.args if a.options.get("help") is not argparse.SUPPRESS]
    if shown:
        yield from ("", "| argument | meaning |", "|---|---|")
    for each in shown:
        yield f"| {_flags(each)} | {_cell(str(each.options.get('help', '')))} |"


def _positional_usage(each: Arg) -> str:
    word = _metavar(each) or each.flags[0].upper()
    n = each.options.get("nargs")
    return {"?": f"[{word}]", "*": f"[{word} …]", "+": f"{word} …"}.get(str(n), word)


def _metavar(each: Arg) -> str:
    given = each.options.get("metavar")
    if given:
        return " ".join(given) if isinstance(given, tuple) else str(given)
    if choices := each.options.get("choices"):
        return "{" + ",".join(map(str, choices)) + "}"
    return ""


def _flags(each: Arg) -> str:
    if not each.flags[0].startswith("-"):
        return f"`{_metavar(each) or each.flags[0].upper()}`"
    takes_value = not str(each.options.get("action", "store")).startswith(("store_", "count"))
    value = _metavar(each) or each.flags[-1].lstrip("-").upper().replace("-", "_")
    return ", ".join(f"`{flag}`" for flag in each.flags) + (
        f" `{_cell(value)}`" if takes_value else ""
    )


def configuration() -> str:
    """Every option that does something, with what it does, its default and its old names."""
    known, about = catalog(), effects()
    lines = [
        "# Options",
        "",
        _MADE,
        "The options that do something in Slipstream. Every other option of Airflow's is accepted;",
        "`slipstream config lint` names those that are set without an effect. Where values come from:",
        "[configuration](../configuration.md).",
    ]
    for section in known.sections():
        rows = [key for key in known.keys(section) if (section, key) in about]
        if rows:
            lines += ["", f"## [{section}]", ""]
            lines += ["| option | default | what it does |", "|---|---|---|"]
        for key in rows:
            option = known.option(section, key)
            assert option is not None
            text = about[section, key]
            if option.allowed:
                text += f" One of {', '.join(f'`{value}`' for value in option.allowed if value)}."
            if old := known.old_names(section, key):
                text += f" Was {', '.join(f'`[{s}] {k}`' for s, k in old)}."
            default = f"`{_cell(option.default)}`" if option.default else ""
            lines.append(f"| `{key}`<br>`{env_name(section, key)}` | {default} | {_cell(text)} |")
    return "\n".join(lines) + "\n"


def roles() -> str:
    """What the standard roles may."""
    names = list(words.STANDARD)
    lines = [
        "# Roles",
        "",
        _MADE,
        "What the standard roles may. Of a single DAG, `DAG:<id>` and `DAG Run:<id>` are resources,",
        "too. More: [security](../security.md).",
        "",
        f"| resource | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
    ]
    for resource in sorted(words.RESOURCES):
        cells = [
            ", ".join(
                action.removeprefix("can_").replace("menu_access", "menu")
                for action in words.ACTIONS
                if (action, resource) in words.STANDARD[name]
            )
            for name in names
        ]
        lines.append(f"| {resource} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("%%", "%").replace("|", "\\|").replace("\n", " ")


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": command_line,
    "options.md": configuration,
    "roles.md": roles,
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
