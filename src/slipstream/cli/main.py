"""The entry point of ``slipstream`` and ``airflow``: find the command, run it, report errors."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from slipstream.cli import tree
from slipstream.cli.legacy import advice, rewrite
from slipstream.collision import refuse_real_airflow
from slipstream.errors import UserError

if TYPE_CHECKING:
    import argparse

_GC_THRESHOLDS = (100_000, 50, 50)
_INTERRUPTED = 130  # what shells expect of a program that Ctrl-C ended


def program() -> int:
    """Run the command that the process was started for, as ``main`` does."""
    # What is imported stays. To look for garbage in it, now and then and once more at the end, is
    # a sixth of what a command costs.
    gc.set_threshold(*_GC_THRESHOLDS)
    try:
        return main()
    finally:
        gc.freeze()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 for an error, 2 for wrong words."""
    warnings.showwarning = _show_warning
    words = list(sys.argv[1:] if argv is None else argv)
    program = os.path.basename(sys.argv[0]) if argv is None else "slipstream"
    if program not in ("slipstream", "airflow"):
        program = "slipstream"
    try:
        refuse_real_airflow()
        return _run(program, words)
    except UserError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`). Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(program: str, words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        words = ["version"]
    instead = advice(words)
    if instead:
        raise UserError(instead)
    words, remark = rewrite(words)
    if remark:
        print(f"{program}: {remark}", file=sys.stderr)
    parser = parser_for(program, words[0] if words else "")
    args = parser.parse_args(words[1:] if words and words[0] in _KNOWN else words)
    if args.verbose:
        from slipstream.cli.service.process import log_to_stderr

        log_to_stderr("DEBUG")
    return args.run(args) or 0


_KNOWN = tree.GROUPS.keys() | tree.COMMANDS.keys()


def parser_for(program: str, word: str) -> argparse.ArgumentParser:
    """Return the parser of a group or command; of the whole program for any other word."""
    import importlib

    from slipstream.cli import command

    prog = f"{program} {word}"
    if word in tree.GROUPS:
        module: Any = importlib.import_module(tree.GROUPS[word].module)
        return command.group_parser(prog, tree.GROUPS[word].summary, module.COMMANDS)
    if word in tree.COMMANDS:
        module = importlib.import_module(tree.COMMANDS[word].module)
        parser = command.Parser(prog=prog, allow_abbrev=False)
        command.add_command(parser, module.COMMAND)
        return parser
    return _top_parser(program)


def _top_parser(program: str) -> argparse.ArgumentParser:
    """Return a parser that knows all first words but none of their modules: for help and errors."""
    from slipstream.cli import command

    parser = command.Parser(
        prog=program,
        description="Slipstream runs Airflow's DAG files on an engine of its own.",
        epilog=f"`{program} COMMAND --help` tells more about each.",
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action="store_true", help="show the version")
    words = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, entry in sorted({**tree.GROUPS, **tree.COMMANDS}.items()):
        words.add_parser(name, help=entry.summary, add_help=False)
    return parser


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning as one line, without the source line that raised it."""
    print(f"warning: {message}", file=file or sys.stderr)


if __name__ == "__main__":  # how the supervisor starts its parts
    sys.exit(program())
