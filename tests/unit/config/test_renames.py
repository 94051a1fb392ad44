"""Options under names of earlier Airflows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from slipstream.config import Config, RenamedOptionWarning
from slipstream.config.catalog import catalog
from slipstream.errors import ConfigError

Write = Callable[[str], Path]

SOME = [
    ("AIRFLOW__CORE__SQL_ALCHEMY_CONN", "database", "sql_alchemy_conn", "sqlite:////x.db"),
    ("AIRFLOW__CORE__DAG_CONCURRENCY", "core", "max_active_tasks_per_dag", "3"),
    ("AIRFLOW__CORE__NON_POOLED_TASK_SLOT_COUNT", "core", "default_pool_task_slot_count", "3"),
    ("AIRFLOW__CORE__BASE_LOG_FOLDER", "logging", "base_log_folder", "/logs"),
    ("AIRFLOW__WEBSERVER__BASE_URL", "api", "base_url", "https://flow.example.org"),
    ("AIRFLOW__WEBSERVER__WEB_SERVER_HOST", "api", "host", "127.0.0.1"),
    ("AIRFLOW__WEBSERVER__WEB_SERVER_PORT", "api", "port", "8081"),
    ("AIRFLOW__WEBSERVER__SECRET_KEY", "api", "secret_key", "abc"),
    ("AIRFLOW__WEBSERVER__WORKERS", "api", "workers", "2"),
    ("AIRFLOW__SCHEDULER__MAX_THREADS", "dag_processor", "parsing_processes", "4"),
    ("AIRFLOW__SCHEDULER__PARSING_PROCESSES", "dag_processor", "parsing_processes", "4"),
    ("AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL", "dag_processor", "refresh_interval", "60"),
    ("AIRFLOW__SCHEDULER__STATSD_ON", "metrics", "statsd_on", "True"),
    ("AIRFLOW__CELERY__DEFAULT_QUEUE", "operators", "default_queue", "big"),
]


@pytest.mark.parametrize(("variable", "section", "key", "value"), SOME)
def test_an_old_variable_sets_the_new_option_with_a_warning(
    conf: Config,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    section: str,
    key: str,
    value: str,
) -> None:
    monkeypatch.setenv(variable, value)
    new = f"AIRFLOW__{section.upper()}__{key.upper()}"
    with pytest.warns(RenamedOptionWarning, match=f"{variable} is an old name: use {new}"):
        assert conf.get(section, key) == value
    assert conf.get(section, key) == value  # it warns once only


def test_the_new_name_wins_over_the_old_one_of_the_same_source(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAG_CONCURRENCY", "3")
    monkeypatch.setenv("AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG", "4")
    assert conf.getint("core", "max_active_tasks_per_dag") == 4


def test_an_old_variable_wins_over_the_new_name_in_the_file(
    conf: Config, airflow_cfg: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_cfg("[core]\nmax_active_tasks_per_dag = 5\n")
    monkeypatch.setenv("AIRFLOW__CORE__DAG_CONCURRENCY", "3")
    with pytest.warns(RenamedOptionWarning):
        assert conf.getint("core", "max_active_tasks_per_dag") == 3


def test_an_old_name_in_the_file_is_understood(conf: Config, airflow_cfg: Write) -> None:
    path = airflow_cfg("[webserver]\nweb_server_port = 8085\n")
    match = rf"\[webserver\] web_server_port in {path} is an old name: use \[api\] port"
    with pytest.warns(RenamedOptionWarning, match=match):
        assert conf.getint("api", "port") == 8085


def test_an_old_name_may_come_from_a_command(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__SQL_ALCHEMY_CONN_CMD", "echo sqlite:////old.db")
    match = "use AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD"
    with pytest.warns(RenamedOptionWarning, match=match):
        assert conf.get("database", "sql_alchemy_conn") == "sqlite:////old.db"


def test_asking_under_an_old_name_warns_the_asker(conf: Config) -> None:
    with pytest.warns(DeprecationWarning, match=r"is now \[database\] sql_alchemy_conn") as caught:
        found = conf.get("core", "sql_alchemy_conn")
    assert found == conf.get("database", "sql_alchemy_conn")
    assert caught[0].filename == __file__


def test_every_rename_leads_to_a_known_option() -> None:
    for new in catalog().renamed().values():
        assert catalog().option(*new) is not None, new


def test_old_names_are_no_options_of_their_own(conf: Config) -> None:
    for section, key in catalog().renamed():
        assert key not in catalog().keys(section), (section, key)
    assert "webserver" not in conf.sections()


def test_services_tell_of_all_old_names_at_once_and_their_children_do_not(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAG_CONCURRENCY", "3")
    monkeypatch.setenv("AIRFLOW__WEBSERVER__WEB_SERVER_PORT", "8081")
    monkeypatch.setenv("SLIPSTREAM_RENAMES_TOLD", "1")
    monkeypatch.delenv("SLIPSTREAM_RENAMES_TOLD")  # set by check, and gone after this test
    with pytest.warns(RenamedOptionWarning) as caught:
        conf.check()
    assert len(caught) == 2
    assert Config().getint("api", "port") == 8081


def test_a_service_does_not_start_with_options_that_cannot_be_used(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "many")
    monkeypatch.setenv("AIRFLOW__API__PORT", "http")
    monkeypatch.setenv("AIRFLOW__CELERY__OPERATION_TIMEOUT", "a provider's, and not in use")
    with pytest.raises(
        ConfigError, match=r"parallelism is 'many'.* \(and 1 more: see `config lint`"
    ):
        conf.check()
