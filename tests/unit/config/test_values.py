"""Types, and the one message about a value that cannot be used."""

from __future__ import annotations

import base64
import enum
import json
import logging
import platform
from datetime import timedelta
from pathlib import Path

import pytest

from slipstream.config import Config, log_levels
from slipstream.config.catalog import catalog
from slipstream.config.convert import TYPED
from slipstream.config.host import hostname
from slipstream.errors import ConfigError


def set_option(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"AIRFLOW__{name}", value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("t", True), ("True", True), ("1", True), ("f", False), ("FALSE", False), ("0 # off", False)],
)
def test_booleans_are_airflows(
    conf: Config, monkeypatch: pytest.MonkeyPatch, text: str, value: bool
) -> None:
    set_option(monkeypatch, "CORE__LOAD_EXAMPLES", text)
    assert conf.getboolean("core", "load_examples") is value


def test_a_wrong_value_names_option_value_origin_and_what_is_allowed(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_option(monkeypatch, "CORE__LOAD_EXAMPLES", "yes")
    set_option(monkeypatch, "CORE__PARALLELISM", "many")
    set_option(monkeypatch, "LOGGING__LOGGING_LEVEL", "LOUD")
    with pytest.raises(ConfigError) as error:
        conf.getboolean("core", "load_examples")
    assert str(error.value) == (
        "[core] load_examples is 'yes' (from AIRFLOW__CORE__LOAD_EXAMPLES); "
        "allowed: true, t, 1, false, f or 0."
    )
    with pytest.raises(ConfigError, match="allowed: a whole number"):
        conf.getint("core", "parallelism")
    with pytest.raises(ConfigError, match=r"allowed: CRITICAL, FATAL, ERROR, .*, DEBUG"):
        conf.get("logging", "logging_level")
    assert len(conf.problems()) == 3


def test_a_number_below_the_least_is_refused(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    set_option(monkeypatch, "CORE__PARALLELISM", "0")
    with pytest.raises(ConfigError, match="allowed: 1 or more"):
        conf.getint("core", "parallelism")


def test_an_allowed_word_is_taken_in_any_case(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_option(monkeypatch, "LOGGING__LOGGING_LEVEL", "debug")
    assert conf.get("logging", "logging_level") == "DEBUG"


def test_a_secrets_value_is_in_no_message(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    set_option(monkeypatch, "DATABASE__SQL_ALCHEMY_CONN", "postgres://u:hunter2@h/db")
    with pytest.raises(ConfigError) as error:
        conf.getint("database", "sql_alchemy_conn")
    assert "hunter2" not in str(error.value)
    assert "hunter2" not in json.dumps(conf.as_dict())
    assert "hunter2" in json.dumps(conf.as_dict(display_sensitive=True))


@pytest.mark.parametrize("name", ["MYCO__DB_PASSWORD", "MYCO__API_TOKEN", "SMTP__SMTP_PASSWORD"])
def test_an_option_of_nobodys_with_a_secrets_name_is_hidden(
    conf: Config, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    set_option(monkeypatch, name, "hunter2")
    section, _, key = name.lower().partition("__")
    assert conf.as_dict()[section][key] == "< hidden >"
    assert conf.get(section, key) == "hunter2"


@pytest.mark.parametrize("name", ["Mars/Base", "../etc/passwd", "a\x00b", " ", "/"])
def test_services_do_not_start_in_a_time_zone_that_does_not_exist(
    conf: Config, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    conf.set("core", "default_timezone", name)
    with pytest.raises(ConfigError, match=r"default_timezone is .* such as Europe/Paris"):
        conf.check()
    for good in ("utc", "UTC", "system", "Europe/Paris"):
        conf.set("core", "default_timezone", good)
        assert conf.problems() == []


def test_the_word_that_expose_config_once_had_is_understood(
    conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_option(monkeypatch, "WEBSERVER__EXPOSE_CONFIG", "Non-Sensitive-Only")
    with pytest.warns(FutureWarning, match="AIRFLOW__API__EXPOSE_CONFIG"):
        assert conf.get("api", "expose_config") == "non-sensitive-only"
    assert conf.problems() == []
    set_option(monkeypatch, "API__EXPOSE_CONFIG", "maybe")
    with pytest.raises(ConfigError, match="expose_config is 'maybe'"):
        conf.check()


def test_lists_json_enums_and_durations(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    class Colour(enum.Enum):
        RED = 1
        BLUE = 2

    set_option(monkeypatch, "ACME__NAMES", "a, b ,c")
    set_option(monkeypatch, "ACME__DATA", '{"x": [1]}')
    set_option(monkeypatch, "ACME__COLOUR", "RED")
    set_option(monkeypatch, "ACME__COLOURS", "RED,BLUE")
    set_option(monkeypatch, "ACME__WAIT", "1.5")
    set_option(monkeypatch, "ACME__WHAT", "datetime.timedelta")
    set_option(monkeypatch, "ACME__EMPTY", "")
    assert conf.getlist("acme", "names") == ["a", "b", "c"]
    assert conf.getlist("acme", "empty") == []
    assert conf.getjson("acme", "data") == {"x": [1]}
    assert conf.getjson("acme", "empty", fallback=3) == 3
    assert conf.getenum("acme", "colour", Colour) is Colour.RED
    assert conf.getenumlist("acme", "colours", Colour) == [Colour.RED, Colour.BLUE]
    assert conf.gettimedelta("acme", "wait") == timedelta(seconds=1.5)
    assert conf.getimport("acme", "what") is timedelta
    assert conf.getimport("acme", "empty") is None
    with pytest.raises(ConfigError, match="allowed: RED, BLUE"):
        conf.getenum("acme", "names", Colour)
    with pytest.raises(ConfigError, match="allowed: valid JSON"):
        conf.getjson("acme", "names")
    with pytest.raises(ConfigError, match="cannot be imported"):
        conf.getimport("acme", "colour")


def test_a_missing_option_needs_a_fallback(conf: Config) -> None:
    assert conf.get("api", "base_url", fallback=None) is None
    assert conf.getint("acme", "limit", fallback=4) == 4
    assert not conf.has_option("api", "base_url")
    assert conf.has_option("core", "fernet_key")
    with pytest.raises(ConfigError, match="set AIRFLOW__API__BASE_URL"):
        conf.get("api", "base_url")
    with pytest.raises(ConfigError, match="no default"):
        conf.get_mandatory_value("acme", "limit")


def test_the_default_wins_over_the_fallback_as_in_airflow(conf: Config) -> None:
    assert conf.getint("core", "parallelism", fallback=1) == 32


def test_all_defaults_are_of_their_type_and_allowed(conf: Config) -> None:
    known = catalog()
    options = [known.option(s, key) for s in known.sections() for key in known.keys(s)]
    assert len(options) > 450
    for option in options:
        assert option is not None
        if option.default:
            TYPED.get(option.type, str)(option.default)
            assert not option.allowed or option.default in option.allowed
    assert conf.problems() == []


def test_generated_secrets_are_made_once_and_for_the_owner_only(conf: Config, home: Path) -> None:
    assert not list(home.iterdir())
    key = conf.get("core", "fernet_key")
    assert len(base64.urlsafe_b64decode(key)) == 32
    path = home / "generated_secrets.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert conf.get("api_auth", "jwt_secret") not in ("", key)
    assert json.loads(path.read_text())["fernet_key"] == key
    assert Config().get("core", "fernet_key") == key
    assert [p.name for p in home.iterdir()] == [path.name]


def test_looking_at_the_configuration_makes_no_secrets(conf: Config, home: Path) -> None:
    assert conf.as_dict()["core"]["fernet_key"] == "< hidden >"
    assert not list(home.iterdir())


def test_a_home_that_cannot_be_written_says_what_to_set(
    conf: Config, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("AIRFLOW_HOME", str(home / "file" / "home"))
    with pytest.raises(ConfigError, match="AIRFLOW__CORE__FERNET_KEY"):
        conf.get("core", "fernet_key")


def test_damaged_secrets_are_not_replaced(conf: Config, home: Path) -> None:
    (home / "generated_secrets.json").write_text('{"fernet_key": ')
    with pytest.raises(ConfigError, match="damaged"):
        conf.get("core", "fernet_key")
    (home / "generated_secrets.json").write_text('{"fernet_key": "x"}')
    with pytest.raises(ConfigError, match="damaged"):
        conf.get("core", "fernet_key")


def test_the_hostname_is_what_the_option_gives(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "system")
    assert hostname() == "system"
    monkeypatch.setenv("AIRFLOW__CORE__HOSTNAME_CALLABLE", "platform.system")
    assert hostname() == platform.system()
    monkeypatch.setenv("AIRFLOW__CORE__HOSTNAME_CALLABLE", "platform:machine")
    assert hostname() == platform.machine()
    monkeypatch.setenv("AIRFLOW__CORE__HOSTNAME_CALLABLE", "time.time")
    with pytest.raises(ConfigError, match=r"hostname_callable is 'time\.time', which gives"):
        hostname()


def test_single_loggers_have_levels_of_their_own(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__LOGGING__NAMESPACE_LEVELS", "a.b=DEBUG, c=warning")
    assert log_levels.levels() == {"a.b": logging.DEBUG, "c": logging.WARNING}
    for wrong in ("a.b", "a=LOUD", "=INFO"):
        monkeypatch.setenv("AIRFLOW__LOGGING__NAMESPACE_LEVELS", wrong)
        with pytest.raises(ConfigError, match="is not like"):
            log_levels.levels()
