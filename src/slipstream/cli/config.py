"""``config``: show options and where their values come from, and find outdated ones."""

from __future__ import annotations

import argparse
import difflib
import functools
import warnings
from collections.abc import Iterator

from slipstream.cli.command import Command, arg
from slipstream.config import RenamedOptionWarning, Setting, conf
from slipstream.config.catalog import Name, Option, catalog, effects
from slipstream.config.parser import HIDDEN
from slipstream.errors import ConfigError, UserError


def list_options(args: argparse.Namespace) -> None:
    sections = [args.section.lower()] if args.section else conf.sections()
    if args.section and not conf.options(args.section):
        raise UserError(f"There is no section [{args.section}].")
    for section in sections:
        lines = list(_section_lines(section, args))
        if lines:
            print("\n".join([f"[{section}]", *lines, ""]))


def get_value(args: argparse.Namespace) -> None:
    """Print a value, as Airflow does also a secret one: scripts ask for connection strings."""
    setting = conf.resolve(args.section, args.option)
    if setting.value is None:
        known = catalog().option(setting.section, setting.key)
        if known is None:
            raise UserError(f"There is no option {args.option!r} in section [{args.section}].")
        raise UserError(f"[{setting.section}] {setting.key} is not set and has no default.")
    print(setting.value)


def lint(args: argparse.Namespace) -> int:
    """Report options that cannot be used, are unknown, were renamed, or do nothing any more."""
    from slipstream.cli.option_check import CHECKERS

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RenamedOptionWarning)  # they are among what is found
        found = [*conf.problems(CHECKERS), *_unknown(), *_renamed(), *_removed()]
    wanted = [message for name, message in found if _is_wanted(*name, args)]
    for message in wanted:
        print(message)
    for name, message in _without_effect():
        if _is_wanted(*name, args):
            print(message)
    if not wanted:
        print("All options that are set are known under these names and can be used.")
    return 1 if wanted else 0


def update(args: argparse.Namespace) -> None:
    from slipstream.cli import config_update

    config_update.update(args, lambda section, key: _is_wanted(section, key, args))


def _is_wanted(section: str, key: str, args: argparse.Namespace) -> bool:
    def listed(text: str | None, name: str) -> bool:
        return text is not None and name in [part.strip().lower() for part in text.split(",")]

    if listed(args.ignore_section, section) or listed(args.ignore_option, key):
        return False
    return (args.section is None or listed(args.section, section)) and (
        args.option is None or listed(args.option, key)
    )


def _section_lines(section: str, args: argparse.Namespace) -> Iterator[str]:
    for key in conf.options(section):
        option = catalog().option(section, key)
        if args.exclude_providers and option is not None and option.provider:
            continue
        if args.defaults:
            if option is not None:
                yield from _notes(option, args)
                yield _assignment(key, option.default, commented=True)
            continue
        try:
            setting = conf.resolve(section, key)
        except ConfigError as error:
            yield f"# {error}"
            continue
        if option is not None:
            yield from _notes(option, args)
        is_default = setting.source in ("default", "generated")
        if not (args.no_sources or is_default):
            yield f"# from {setting.origin}"
        shown = _shown(setting, args)
        # What is not the value must not be read back as if it were.
        commented = args.comment_out_everything or setting.value is None or shown != setting.value
        yield _assignment(key, shown, commented)


def _shown(setting: Setting, args: argparse.Namespace) -> str | None:
    hide = setting.is_sensitive and (args.hide_sensitive or not args.show_values)
    return HIDDEN if hide and setting.value else setting.value


def _assignment(key: str, value: str | None, commented: bool) -> str:
    """Return lines that airflow.cfg may hold."""
    text = "" if value is None else value.replace("%", "%%")
    lines = f"{key} = {text}".rstrip().split("\n")
    return "\n".join(
        ("# " if commented else "") + line for line in [lines[0], *map(_indented, lines[1:])]
    )


def _indented(line: str) -> str:
    return f"    {line}"


def _notes(option: Option, args: argparse.Namespace) -> Iterator[str]:
    if args.include_descriptions:
        if about := _effects().get((option.section, option.key)):
            yield f"# {about}"
        facts = [option.type]
        facts += [f"one of {', '.join(option.allowed)}"] if option.allowed else []
        facts += [f"at least {option.min:g}"] if option.min is not None else []
        facts += [f"since Airflow {option.since}"] if option.since else []
        yield f"# {'; '.join(facts)}"
    if args.include_examples and option.example:
        yield f"# example: {option.example}"
    if args.include_env_vars:
        from slipstream.config.source import env_name

        yield f"# variable: {env_name(option.section, option.key)}"


@functools.cache
def _effects() -> dict[Name, str]:
    return effects()


def _unknown() -> Iterator[tuple[Name, str]]:
    """Yield what is no option of a section of Airflow's; other sections are somebody's own."""
    known = catalog()
    for section in known.sections():
        keys = known.keys(section)
        for key in conf.options(section):
            if key in keys or f"{section}.{key}" in known.removed:
                continue
            alike = difflib.get_close_matches(key, keys, n=1)
            hint = f": did you mean {alike[0]}?" if alike else "."
            for origin in conf.origins(section, key):
                yield (section, key), f"{origin} is no option of [{section}]{hint}"


def _renamed() -> Iterator[tuple[Name, str]]:
    for old, (section, key) in catalog().renamed().items():
        for origin in conf.origins(*old):
            yield old, f"{origin} is an old name of [{section}] {key}."


def _removed() -> Iterator[tuple[Name, str]]:
    for text in sorted(catalog().removed):
        section, _, key = text.rpartition(".")
        for origin in conf.origins(section, key):
            yield (section, key), f"{origin} does nothing any more."


def _without_effect() -> Iterator[tuple[Name, str]]:
    """Yield what is right, but Airflow's alone. Providers read options of their own."""
    known, used = catalog(), _effects()
    for section in known.sections():
        for key in known.keys(section):
            option = known.option(section, key)
            if (section, key) in used or option is None or option.provider:
                continue
            for origin in conf.origins(section, key):
                yield (section, key), f"{origin} has no effect in Slipstream."


_SECTION = arg("--section", help="only this section")
_WHICH = (
    arg("--section", metavar="NAMES", help="only these sections, separated by commas"),
    arg("--option", metavar="NAMES", help="only these options"),
    arg("--ignore-section", metavar="NAMES", help="not these sections"),
    arg("--ignore-option", metavar="NAMES", help="not these options"),
)

COMMANDS = (
    Command(
        "get-value",
        "Print an option's value",
        get_value,
        (arg("section", metavar="SECTION"), arg("option", metavar="OPTION")),
        "config get-value core executor",
    ),
    Command(
        "list",
        "List the options, their values, and where those come from",
        list_options,
        (
            _SECTION,
            arg("-a", "--defaults", action="store_true", help="show defaults, not what is set"),
            arg(
                "-d",
                "--include-descriptions",
                action="store_true",
                help="say what it does and what is allowed",
            ),
            arg("-e", "--include-examples", action="store_true", help="show examples"),
            arg("-V", "--include-env-vars", action="store_true", help="show variables' names"),
            arg("-s", "--include-sources", action="store_true", help="(default) say where from"),
            arg("--no-sources", action="store_true", help="do not say where values come from"),
            arg("-c", "--comment-out-everything", action="store_true", help="for an airflow.cfg"),
            arg("-p", "--exclude-providers", action="store_true", help="no providers' options"),
            arg("--show-values", action="store_true", help="show secrets, too"),
            arg(
                "--hide-sensitive",
                action="store_true",
                help="(default) hide secrets; comes before --show-values",
            ),
            arg("--color", choices=("on", "off", "auto"), default="auto", help="accepted, unused"),
        ),
        "config list --section core",
    ),
    Command(
        "lint",
        "Report options that are misspelt, outdated or have impossible values",
        lint,
        _WHICH,
        "config lint",
    ),
    Command(
        "update",
        "Bring airflow.cfg to today's names of options",
        update,
        (
            *_WHICH,
            arg("--fix", action="store_true", help="change the file (default: only say how)"),
            arg("--all-recommendations", action="store_true", help="(default) all changes"),
        ),
        "config update --fix",
    ),
)
