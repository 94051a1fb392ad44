"""Which source wins: this process, environment, command, secrets backend, airflow.cfg, default."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from slipstream.config import Config
from slipstream.config.resolve import MissingConfigWarning
from slipstream.errors import ConfigError

Write = Callable[[str], Path]
CONN = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


def test_without_anything_the_default_holds(conf: Config, home: Path) -> None:
    assert conf.getint("core", "parallelism") == 32
    assert conf.get("core", "dags_folder") == f"{home}/dags"
    assert conf.get("database", "sql_alchemy_conn") == f"sqlite:///{home}/airflow.db"
    assert conf.resolve("core", "parallelism").source == "default"


def test_the_home_defaults_to_airflow_in_the_users_home(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert str(conf.home) == "/home/somebody/airflow"
    assert conf.get("logging", "base_log_folder") == "/home/somebody/airflow/logs"


def test_airflow_cfg_comes_before_the_default(conf: Config, airflow_cfg: Write) -> None:
    path = airflow_cfg("[core]\nparallelism = 7\n")
    setting = conf.resolve("core", "parallelism")
    assert (setting.value, setting.source) == ("7", "airflow.cfg")
    assert str(path) in setting.origin


def test_the_environment_comes_before_airflow_cfg(
    conf: Config, airflow_cfg: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_cfg("[core]\nparallelism = 7\n")
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "8")
    setting = conf.resolve("core", "parallelism")
    assert (setting.value, setting.source) == ("8", "env var")
    assert setting.origin == "AIRFLOW__CORE__PARALLELISM"


def test_what_the_process_sets_comes_before_all_and_can_be_taken_back(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "8")
    conf.set("core", "parallelism", 9)
    assert conf.getint("core", "parallelism") == 9
    assert conf.remove_option("core", "parallelism")
    assert conf.getint("core", "parallelism") == 8
    assert not conf.remove_option("core", "parallelism")


def test_airflow_config_names_another_file(
    conf: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.cfg"
    other.write_text("[core]\nparallelism = 5\n")
    monkeypatch.setenv("AIRFLOW_CONFIG", str(other))
    assert conf.getint("core", "parallelism") == 5


def test_a_file_that_is_not_there_is_told_of_when_somebody_named_it(
    conf: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONFIG", str(tmp_path / "gone.cfg"))
    with pytest.warns(MissingConfigWarning, match=r"gone\.cfg, which does not exist"):
        assert conf.getint("core", "parallelism") == 32
    assert conf.getint("core", "parallelism") == 32  # told once


def test_a_command_gives_a_sensitive_option(
    conf: Config, airflow_cfg: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_cfg("[database]\nsql_alchemy_conn_cmd = printf 'from-%s\\n' file\n")
    assert conf.get("database", "sql_alchemy_conn") == "from-file"
    monkeypatch.setenv(f"{CONN}_CMD", "echo from-env")
    setting = conf.resolve("database", "sql_alchemy_conn")
    assert (setting.value, setting.source) == ("from-env", "cmd")
    monkeypatch.setenv(CONN, "plain")
    assert conf.get("database", "sql_alchemy_conn") == "plain"


def test_a_command_gives_no_other_option(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM_CMD", "echo 3")
    assert conf.getint("core", "parallelism") == 32


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("sh -c 'echo no vault >&2; exit 3'", "exit code 3: no vault"),
        ("/no/such/program", "cannot be run"),
        ("echo 'unclosed", "cannot be run"),
    ],
)
def test_a_command_that_fails_names_the_option_and_the_reason(
    conf: Config, monkeypatch: pytest.MonkeyPatch, command: str, reason: str
) -> None:
    monkeypatch.setenv(f"{CONN}_CMD", command)
    with pytest.raises(ConfigError, match=r"\[database\] sql_alchemy_conn") as error:
        conf.get("database", "sql_alchemy_conn")
    assert reason in str(error.value)


class Backend:
    """A secrets backend as users write one."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix

    def get_config(self, key: str) -> str | None:
        return None if key == "unknown" else f"{self.prefix}{key}"


def test_a_secrets_backend_gives_a_sensitive_option(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipstream.config.source.import_object", lambda *_: Backend)
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", "their.Backend")
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND_KWARGS", '{"prefix": "vault/"}')
    monkeypatch.setenv(f"{CONN}_SECRET", "conn")
    setting = conf.resolve("database", "sql_alchemy_conn")
    assert (setting.value, setting.source) == ("vault/conn", "secret")
    monkeypatch.setenv(f"{CONN}_SECRET", "unknown")
    assert conf.resolve("database", "sql_alchemy_conn").source == "default"


def test_a_secret_without_a_backend_says_what_is_missing(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{CONN}_SECRET", "conn")
    with pytest.raises(ConfigError, match=r"\[secrets\] backend is not set"):
        conf.get("database", "sql_alchemy_conn")


def test_variables_and_the_users_home_are_expanded(
    conf: Config, airflow_cfg: Write, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("INNER", "deep")
    monkeypatch.setenv("OUTER", "${INNER}/down")
    airflow_cfg("[core]\ndags_folder = ~/dags\nplugins_folder = {AIRFLOW_HOME}/p\n")
    assert conf.get("core", "dags_folder") == "/home/somebody/dags"
    assert conf.get("core", "plugins_folder") == f"{home}/p"
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", "/srv/$OUTER/$UNSET")
    assert conf.get("core", "dags_folder") == "/srv/deep/down/$UNSET"


def test_percent_signs_in_airflow_cfg_are_doubled(
    conf: Config, airflow_cfg: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_cfg(
        "[logging]\n"
        "log_format = [%%(asctime)s] 100%%\n"
        "simple_log_format = %(asctime)s\n"
        "base_log_folder = /var/log\n"
        "remote_base_log_folder = s3:/%(base_log_folder)s\n"
        "task_log_prefix_template = <%(log_format)s>\n"
        "log_filename_template = %(log_filename_template)s\n"
    )
    assert conf.get("logging", "log_format") == "[%(asctime)s] 100%"
    assert conf.get("logging", "simple_log_format") == "%(asctime)s"
    assert conf.get("logging", "remote_base_log_folder") == "s3://var/log"
    assert conf.get("logging", "task_log_prefix_template") == "<[%(asctime)s] 100%>"
    assert conf.get("logging", "log_filename_template") == "%(log_filename_template)s"
    monkeypatch.setenv("AIRFLOW__LOGGING__LOG_FORMAT", "100%% %(message)s")
    assert conf.get("logging", "log_format") == "100%% %(message)s"


def test_a_sections_dots_are_underscores_in_the_environment(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH", "s3://bucket")
    assert conf.get("common.io", "xcom_objectstorage_path") == "s3://bucket"


def test_options_of_others_can_be_set_and_read(
    conf: Config, airflow_cfg: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_cfg("[acme]\nregion = north\n")
    monkeypatch.setenv("AIRFLOW__ACME__LIMIT", "3")
    assert conf.get("acme", "region") == "north"
    assert conf.getsection("acme") == {"region": "north", "limit": 3}
    assert "acme" in conf.sections()
    assert conf.has_section("acme")
    assert not conf.has_section("nobody")
    assert conf.getsection("nobody") is None


def test_a_file_that_is_no_configuration_says_so(conf: Config, airflow_cfg: Write) -> None:
    path = airflow_cfg("parallelism = 3\n")
    with pytest.raises(ConfigError, match="not a valid configuration file") as error:
        conf.get("core", "parallelism")
    assert str(path) in str(error.value)
