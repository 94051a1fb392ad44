"""The words of the command line: help, old words, near misses, what is imported for them."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from slipstream.cli import tree
from slipstream.cli.command import Command
from slipstream.cli.legacy import ADVICE, REWRITTEN
from slipstream.cli.main import main, parser_for


def commands() -> list[tuple[str, Command]]:
    found = []
    for word, entry in tree.GROUPS.items():
        module: Any = importlib.import_module(entry.module)
        found += [(f"{word} {each.name}", each) for each in module.COMMANDS]
    for word, entry in tree.COMMANDS.items():
        module = importlib.import_module(entry.module)
        found.append((word, module.COMMAND))
    return found


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        code = main(words)
    except SystemExit as end:
        code = int(end.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(("words", "command"), commands())
def test_every_command_has_help_with_an_example(
    words: str, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, *words.split(), "--help")
    assert code == 0
    assert command.summary in " ".join(out.split())
    assert command.example.startswith(words)
    assert f"slipstream {command.example}" in out


@pytest.mark.parametrize(("words", "command"), commands())
def test_every_example_is_accepted_by_its_parser(words: str, command: Command) -> None:
    import shlex

    first, *rest = shlex.split(command.example)
    args = parser_for("slipstream", first).parse_args(rest)
    assert args.run is command.run


def test_the_top_help_names_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for word in tree.GROUPS.keys() | tree.COMMANDS.keys():
        assert f"\n    {word}" in out


def test_no_words_are_an_error_that_points_to_help(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys)
    assert code == 2
    assert "slipstream --help" in err


@pytest.mark.parametrize(
    ("words", "hint"),
    [("dgas list", "did you mean dags?"), ("dags lst", "did you mean list?")],
)
def test_a_near_miss_gets_a_suggestion(
    words: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, *words.split())
    assert (code, out) == (2, "")
    assert hint in err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("db check --retry -1", "'-1' is no whole number of 0 or more"),
        ("db check --retry-delay -0.5", "'-0.5' is no number of 0 or more"),
        ("db check --retry-delay nan", "'nan' is no number of 0 or more"),
        ("dags next-execution d -n 0", "'0' is no whole number of 1 or more"),
        ("dags next-execution d -n x", "'x' is no whole number of 1 or more"),
        ("dags list-jobs --limit 0", "'0' is no whole number of 1 or more"),
        ("api-server -w 0", "'0' is no whole number of 1 or more"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused(
    words: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, *words.split())
    assert (code, out) == (2, "")
    assert why in err


@pytest.mark.parametrize("words", sorted(REWRITTEN))
def test_old_words_lead_to_commands_that_exist(words: tuple[str, ...]) -> None:
    new = REWRITTEN[words]
    assert new[0] in tree.GROUPS.keys() | tree.COMMANDS.keys()
    if len(new) > 1:
        module: Any = importlib.import_module(tree.GROUPS[new[0]].module)
        assert new[1] in [command.name for command in module.COMMANDS]


def test_old_words_are_rewritten_with_a_remark(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "list_dags", "--help")
    assert code == 0
    assert "`list_dags` is now `dags list`" in err
    assert "usage: slipstream dags list" in out


def test_words_that_images_and_scripts_use_are_rewritten_silently(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = run(capsys, "webserver", "--help")
    assert (code, err) == (0, "")
    assert "usage: slipstream api-server" in out


@pytest.mark.parametrize("words", sorted(ADVICE))
def test_words_without_an_equivalent_say_what_to_do(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, *words, "some", "more")
    assert (code, out) == (1, "")
    assert err == f"slipstream: {ADVICE[words]}\n"


HEAVY = ("sqlalchemy", "alembic", "rich", "yaml", "fastapi", "uvicorn", "pendulum", "jinja2")


def modules_after(words: list[str], home: Path) -> set[str]:
    code = (
        "import sys\n"
        "from slipstream.cli.main import main\n"
        f"try: main({words!r})\n"
        "except SystemExit: pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"AIRFLOW_HOME": str(home)},
    )
    return set(done.stderr.split("\n"))


@pytest.mark.parametrize(
    "words",
    [
        ["version"],
        ["--help"],
        ["dags", "--help"],
        ["dags", "test", "--help"],
        ["tasks", "test", "--help"],
        ["standalone", "--help"],
        ["config", "get-value", "core", "executor"],
        ["config", "list"],
    ],
)
def test_a_command_imports_nothing_heavy_that_it_does_not_need(
    words: list[str], tmp_path: Path
) -> None:
    assert modules_after(words, tmp_path).isdisjoint(HEAVY)


def test_the_version_needs_no_configuration(tmp_path: Path) -> None:
    loaded = modules_after(["version"], tmp_path)
    assert "slipstream.config" not in loaded
    assert "json" not in loaded


def test_importing_the_configuration_is_light(tmp_path: Path) -> None:
    code = "import sys, slipstream.config; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({*HEAVY, "json", "pathlib", "configparser", "subprocess", "inspect"})
