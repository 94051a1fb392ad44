"""What is in the store follows what is in the folder: versions, deletions, archives, duplicates."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from tests.engine.dagprocessor.home import HEADER, Home, dag_text

from slipstream.cli.main import main
from slipstream.store import dag, dag_file, inbox


def test_a_dag_gets_a_version_only_when_it_changes(home: Home) -> None:
    home.write("d.py", dag_text("d"))
    assert home.parse().new_versions == {"d"}
    assert home.parse(force=True).n_parsed == 1
    assert home.n_versions("d") == 1
    home.write("d.py", "# a comment\n" + dag_text("d"))
    assert home.parse().new_versions == set()
    assert home.n_versions("d") == 1
    home.write("d.py", dag_text("d", task_id="another"))
    assert home.parse().new_versions == {"d"}
    assert home.n_versions("d") == 2


def test_a_version_keeps_its_source(home: Home) -> None:
    first = dag_text("d")
    home.write("d.py", first)
    home.parse()
    home.write("d.py", second := dag_text("d", task_id="another"))
    home.parse()
    with home.store.read() as conn:
        sources = [dag.source(conn, version.id) for version in dag.versions(conn, "d")]
    assert sources == [first, second]


def test_an_unchanged_file_is_not_parsed_again_by_the_next_process(home: Home) -> None:
    for i in range(3):
        home.write(f"d{i}.py", dag_text(f"d{i}"))
    assert home.parse().n_parsed == 3
    assert home.parse().n_parsed == 0
    home.write("d1.py", dag_text("d1", task_id="another"))
    assert home.parse().n_parsed == 1
    assert home.active() == {"d0", "d1", "d2"}


def test_another_version_of_slipstream_parses_anew(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write("d.py", dag_text("d"))
    home.parse()
    monkeypatch.setattr("slipstream.dagprocessor.workshop.PARSED_BY", "another")
    assert home.parse().n_parsed == 1


def test_a_changed_module_has_its_bundle_parsed_by_the_next_process(home: Home) -> None:
    home.write("lib.py", "NAME = 'one'\n")
    home.write("d.py", "from lib import NAME\n" + dag_text("d").replace("'t'", "NAME"))
    home.parse()
    later = (home.dags / "d.py").stat().st_mtime + 10
    home.write("lib.py", "NAME = 'two'\n")
    os.utime(home.dags / "lib.py", (later, later))
    assert home.parse().new_versions == {"d"}


def test_a_deleted_file_takes_its_dags_and_errors_along(home: Home) -> None:
    home.write("d.py", dag_text("d"))
    home.write("broken.py", "# airflow dag\n1 / 0\n")
    home.parse()
    assert set(home.errors()) == {"broken.py"}
    (home.dags / "d.py").unlink()
    (home.dags / "broken.py").unlink()
    assert home.parse().n_gone == 2
    assert home.active() == set()
    assert home.errors() == {}
    with home.store.read() as conn:
        assert dag_file.list_all(conn) == []
    home.write("d.py", dag_text("d"))
    home.parse()
    assert home.active() == {"d"}
    assert home.n_versions("d") == 1


def test_a_dag_that_its_file_defines_no_more_is_stale(home: Home) -> None:
    home.write("d.py", dag_text("one") + dag_text("two"))
    home.parse()
    assert home.active() == {"one", "two"}
    home.write("d.py", dag_text("two"))
    home.parse()
    assert home.active() == {"two"}


def test_a_moved_file_keeps_its_dag(home: Home) -> None:
    home.write("d.py", dag_text("d"))
    home.parse()
    (home.dags / "sub").mkdir()
    (home.dags / "d.py").rename(home.dags / "sub" / "moved.py")
    home.parse()
    assert home.errors() == {}
    assert home.active() == {"d"}
    assert home.rows()["d"].relative_fileloc == "sub/moved.py"


def test_a_dag_id_belongs_to_the_file_that_has_it(home: Home) -> None:
    home.write("b.py", dag_text("d"))
    home.parse()
    home.write("a.py", dag_text("d", task_id="another"))
    home.parse()
    assert home.rows()["d"].relative_fileloc == "b.py"
    assert home.n_versions("d") == 1
    assert "already taken by b.py" in home.error("a.py")


def test_who_gets_a_dag_id_does_not_depend_on_chance(home: Home) -> None:
    for name in ("b", "a", "c"):
        home.write(f"{name}.py", dag_text("d"))
    home.parse()
    assert home.rows()["d"].relative_fileloc == "a.py"
    assert set(home.errors()) == {"b.py", "c.py"}


def test_the_scheduler_is_told_what_changed(home: Home) -> None:
    home.write("d.py", dag_text("d"))
    home.parse()
    with home.store.read() as conn:
        told = inbox.take(conn, "scheduler", 10)
    assert [(m.kind, m.dag_id) for m in told] == [("dag_changed", "d")]


def test_paused_at_creation_unless_the_dag_says_otherwise(home: Home) -> None:
    home.write("a.py", dag_text("a"))
    home.write("b.py", dag_text("b").replace("'b', ", "'b', is_paused_upon_creation=False, "))
    home.parse(paused_at_creation=True)
    assert home.rows()["a"].is_paused
    assert not home.rows()["b"].is_paused
    home.write("c.py", dag_text("c"))
    home.parse(paused_at_creation=False)
    assert not home.rows()["c"].is_paused


def test_safe_mode_and_ignore_files_choose_the_files(home: Home) -> None:
    home.write("plain.py", "raise AssertionError('no DAG file: must not be executed')\n")
    home.write("sub/ignored.py", dag_text("ignored"))
    home.write("sub/kept.py", dag_text("kept"))
    home.write("sub/.airflowignore", "*.py\n!kept.py\n")
    home.parse()
    assert home.active() == {"kept"}
    assert home.errors() == {}
    assert set(home.rows()) == {"kept"}
    home.parse(safe_mode=False)
    assert set(home.errors()) == {"plain.py"}


def _zip(path: Path, members: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)


def test_the_modules_at_the_root_of_an_archive_are_dag_files(home: Home) -> None:
    _zip(
        home.dags / "pack.zip",
        {
            "one.py": "import helper\n" + dag_text("one"),
            "two.py": dag_text("two"),
            "helper.py": "X = 1\n",
            "below/three.py": dag_text("three"),
        },
    )
    home.parse()
    assert home.errors() == {}
    rows = home.rows()
    assert {d: rows[d].relative_fileloc for d in rows} == {
        "one": "pack.zip/one.py",
        "two": "pack.zip/two.py",
    }
    with home.store.read() as conn:
        assert dag.source(conn, rows["two"].latest_version_id or "") == dag_text("two")


def test_safe_mode_looks_into_archives(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    members = {
        "one.py": dag_text("one"),
        "asset.py": "import airflow\nraise ValueError('executed')  # for an asset\n",
        "effect.py": "1 / 0\n",
    }
    _zip(home.dags / "pack.zip", members)
    home.parse()
    assert home.active() == {"one"}
    assert "ValueError: executed" in home.error("pack.zip")
    assert "ZeroDivisionError" not in home.error("pack.zip")
    monkeypatch.setenv("AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE", "False")
    home.parse(force=True)
    assert "ZeroDivisionError" in home.error("pack.zip")


def test_a_callable_of_the_users_chooses_in_archives_too(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home.path / "plugins").mkdir()
    (home.path / "plugins" / "zip_chooser.py").write_text(
        "def choose(file_path, zip_file=None):\n"
        "    return zip_file is None or b'yes' in zip_file.read(file_path)\n"
    )
    monkeypatch.setenv("AIRFLOW__CORE__MIGHT_CONTAIN_DAG_CALLABLE", "zip_chooser.choose")
    _zip(home.dags / "pack.zip", {"one.py": dag_text("yes"), "two.py": dag_text("no")})
    home.parse()
    assert (home.active(), home.errors()) == ({"yes"}, {})


def test_the_report_counts_the_dags_of_archives(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _zip(home.dags / "pack.zip", {"one.py": dag_text("one"), "two.py": dag_text("two")})
    assert main(["dags", "report", "--output", "json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["file"], told["dag_num"], told["task_num"]) == ("pack.zip", "2", "2")


def test_an_archive_without_a_module_of_before_makes_its_dags_stale(home: Home) -> None:
    _zip(home.dags / "pack.zip", {"one.py": dag_text("one"), "two.py": dag_text("two")})
    home.parse()
    assert home.parse().n_parsed == 0
    _zip(home.dags / "pack.zip", {"two.py": dag_text("two") + "# longer\n"})
    home.parse()
    assert home.active() == {"two"}
    (home.dags / "pack.zip").unlink()
    home.parse()
    assert home.active() == set()
    with home.store.read() as conn:
        assert dag_file.list_all(conn) == []


def test_a_broken_archive_is_an_import_error(home: Home) -> None:
    _zip(home.dags / "pack.zip", {"one.py": dag_text("one") + "\n1 / 0\n"})
    home.parse()
    assert "ZeroDivisionError" in home.error("pack.zip")


def test_links_are_followed_and_circles_are_not(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "linked.py").write_text(dag_text("linked"))
    (home.dags / "link").symlink_to(outside)
    (home.dags / "circle").symlink_to(home.dags)
    (home.dags / "nowhere.py").symlink_to(tmp_path / "nothing")
    home.write("d.py", dag_text("d"))
    home.parse()
    assert home.active() == {"linked", "d"}
    assert home.errors() == {}


def test_plugins_and_dags_folders_are_on_the_path(home: Home) -> None:
    (home.path / "plugins").mkdir()
    (home.path / "plugins" / "my_plugin.py").write_text("TASK = 'from_plugin'\n")
    home.write("shared.py", "SCHEDULE = None\n")
    home.write(
        "sub/d.py",
        "from my_plugin import TASK\nfrom shared import SCHEDULE\n" + dag_text("d"),
    )
    home.parse()
    assert home.errors() == {}
    assert home.active() == {"d"}


def test_a_callable_of_the_users_may_choose_the_files(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home.path / "plugins").mkdir()
    (home.path / "plugins" / "chooser.py").write_text(
        "def choose(file_path, zip_file=None): return 'yes' in file_path.rpartition('/')[2]\n"
    )
    monkeypatch.setenv("AIRFLOW__CORE__MIGHT_CONTAIN_DAG_CALLABLE", "chooser.choose")
    home.write("yes.py", dag_text("yes"))
    home.write("no.py", dag_text("no"))
    home.parse()
    assert home.active() == {"yes"}
    assert home.errors() == {}


def test_a_file_may_ask_for_variables_while_it_is_loaded(home: Home) -> None:
    home.write(
        "d.py",
        "from airflow.sdk import Variable\n"
        f"name = Variable.get('no_such_variable', default='asked')\n{HEADER}"
        "with DAG('d', schedule=None):\n    EmptyOperator(task_id=name)\n",
    )
    home.parse()
    assert home.errors() == {}
    with home.store.read() as conn:
        found = dag.latest_spec(conn, "d")
    assert found is not None
    assert found[1]["tasks"][0]["task_id"] == "asked"


def test_bundles_that_are_configured_no_more_take_their_dags_along(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "True")
    home.parse()
    assert home.active()
    assert {row.bundle_name for row in home.rows().values()} == {"example_dags"}
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    home.parse()
    assert home.active() == set()


def test_a_task_in_a_pool_that_there_is_not_is_a_warning(home: Home) -> None:
    home.write("d.py", dag_text("d").replace("task_id='t'", "task_id='t', pool='deep'"))
    home.parse()
    with home.store.read() as conn:
        (found,) = dag.warnings(conn)
    assert (found.dag_id, found.warning_type) == ("d", "non-existent pool")
    assert "'deep'" in found.message
