"""What a command is made of: its words, arguments, example and function; and the parser for it."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, NoReturn

Run = Callable[[argparse.Namespace], int | None]


class Arg(NamedTuple):
    """One argument, as ``ArgumentParser.add_argument`` takes it."""

    flags: tuple[str, ...]
    options: dict[str, Any]


def arg(*flags: str, **options: Any) -> Arg:
    return Arg(flags, options)


class Command(NamedTuple):
    """A leaf of the command tree."""

    name: str
    summary: str
    run: Run
    """Returns the exit code; None is 0."""
    args: tuple[Arg, ...] = ()
    example: str = ""
    """The words after the program's name."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are two lines: what is wrong, and where help is."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}", file=sys.stderr)
        print(f"Try `{self.prog} --help`.", file=sys.stderr)
        sys.exit(2)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Suggest the nearest choice instead of listing all of them."""
        if action.choices is not None and value not in action.choices:
            choices = [str(choice) for choice in action.choices]
            allowed = ", ".join(choices)
            hint = did_you_mean(str(value), choices) or f"choose from {allowed}"
            raise argparse.ArgumentError(action, f"unknown {value!r}: {hint}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question about the nearest known words; "" when nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=2, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else ""


def at_least(least: int, kind: type[int] | type[float] = int) -> Callable[[str], float]:
    """Return what argparse reads a number with that must not be smaller."""

    def read(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = kind(least - 1)
        if not number >= least:  # NaN is no number either
            what = "whole number" if kind is int else "number"
            raise argparse.ArgumentTypeError(f"{text!r} is no {what} of {least} or more")
        return number

    return read


def add_command(parser: argparse.ArgumentParser, command: Command) -> None:
    """Give a leaf's parser its description, example and arguments."""
    parser.description = f"{command.summary}."
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    program = parser.prog.split()[0]
    if command.example:
        parser.epilog = f"example:\n  {program} {command.example}"
    for each in command.args:
        parser.add_argument(*each.flags, **each.options)
    if not any("-v" in each.flags for each in command.args):
        parser.add_argument("-v", "--verbose", action="store_true", help="log more")
    parser.set_defaults(run=command.run, words=" ".join(parser.prog.split()[1:]))


def group_parser(prog: str, summary: str, commands: Iterable[Command]) -> Parser:
    """Return the parser of a group of commands (``slipstream dags …``)."""
    parser = Parser(prog=prog, description=f"{summary}.", allow_abbrev=False)
    parser.set_defaults(run=None)
    subparsers = parser.add_subparsers(
        dest="subcommand", metavar="COMMAND", required=True, parser_class=Parser
    )
    for command in commands:
        leaf = subparsers.add_parser(command.name, help=command.summary, allow_abbrev=False)
        add_command(leaf, command)
    return parser


OUTPUT = arg(
    "-o",
    "--output",
    choices=("table", "json", "yaml", "plain"),
    default="table",
    help="form of the output (default: table)",
)
YES = arg("-y", "--yes", action="store_true", help="do not ask")
DAG_ID = arg("dag_id", metavar="DAG_ID", help="id of the DAG")
BUNDLE = arg("-B", "--bundle-name", action="append", metavar="NAME", help="only this DAG bundle")
RUN = arg(
    "logical_date_or_run_id",
    metavar="RUN_ID_OR_DATE",
    help="run id, or logical date of the run",
)
MAP_INDEX = arg(
    "--map-index", type=int, default=-1, metavar="N", help="which one of a mapped task (default -1)"
)
