"""Variables, connections and their masking."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from slipstream.sdk import mask, secrets
from slipstream.sdk.connection import Connection
from slipstream.sdk.exceptions import (
    AirflowException,
    AirflowNotFoundException,
    AirflowRuntimeError,
)
from slipstream.sdk.hook import BaseHook
from slipstream.sdk.mask import SecretsMasker, mask_secret, mask_text, redact
from slipstream.sdk.variable import Variable, VariableNotFound

from .conftest import MemoryAPI

pytestmark = pytest.mark.usefixtures("api")


@pytest.mark.parametrize(
    ("uri", "fields"),
    [
        ("postgres://u:p%40@h:5/s?a=b", ("postgres", "h", "u", "p@", "s", 5, {"a": "b"})),
        ("postgresql://h/db", ("postgres", "h", None, None, "db", None, {})),
        ("http://https://host:80/path", ("http", "https://host", None, None, "path", 80, {})),
        ("my-type://h", ("my_type", "h", None, None, "", None, {})),
        ("aws://", ("aws", "", None, None, "", None, {})),
        ("s3://?x=%7B%7D", ("s3", "", None, None, "", None, {"x": "{}"})),
        ("a://b?__extra__=%7B%22x%22%3A+1%7D", ("a", "b", None, None, "", None, {"x": 1})),
        ("redis://:pw@Host:6379/0", ("redis", "host", "", "pw", "0", 6379, {})),
        ("x://local%5B*%5D", ("x", "local[*]", None, None, "", None, {})),
    ],
)
def test_uris_are_read(uri: str, fields: tuple[Any, ...]) -> None:
    c = Connection(conn_id="c", uri=uri)
    assert (c.conn_type, c.host, c.login, c.password, c.schema, c.port, c.extra_dejson) == fields


@pytest.mark.parametrize(
    "fields",
    [
        {"conn_type": "http", "host": "https://h", "port": 80, "schema": "s"},
        {"conn_type": "http", "host": "https://h/p?q=r", "port": 80, "extra": '{"a": {"b": 1}}'},
        {"conn_type": "x", "login": "a b", "password": "p/q@:", "host": "h"},
        {"conn_type": "x", "host": "h", "extra": '{"nested": {"a": [1]}}'},
        {"conn_type": "x", "host": "h", "extra": '{"flat": "yes"}'},
        {"conn_type": "x", "extra": "not json"},
    ],
)
def test_a_uri_says_all_that_the_fields_say(fields: dict[str, Any]) -> None:
    one = Connection(conn_id="c", **fields)
    two = Connection(conn_id="c", uri=one.get_uri())
    for name in ("conn_type", "host", "login", "password", "port", "extra_dejson"):
        assert (getattr(one, name) or None) == (getattr(two, name) or None)
    assert asyncio.run(one.aget_uri()) == one.get_uri()
    assert asyncio.run(one.aextra_dejson()) == one.extra_dejson


def test_json_connections() -> None:
    c = Connection.from_json('{"conn_type": "postgresql", "port": "5", "extra": {"a": {"b": 1}}}')
    assert (c.conn_type, c.port, c.extra_dejson) == ("postgres", 5, {"a": {"b": 1}})
    assert Connection.from_json(c.as_json()).to_dict() == c.to_dict()
    with pytest.raises(ValueError, match="port is 'abc'"):
        Connection.from_json('{"conn_type": "x", "port": "abc"}')
    with pytest.raises(ValueError, match="no field 'user'"):  # a login that would be missing
        Connection.from_json('{"conn_type": "x", "user": "me"}')


def test_a_uri_and_fields_do_not_mix() -> None:
    with pytest.raises(AirflowException, match="leave out the uri"):
        Connection(conn_id="c", uri="a://b", host="h")


def test_a_bad_uri_is_named_without_its_password() -> None:
    with pytest.raises(AirflowException) as caught:
        Connection(conn_id="c", uri="http://u:secret@https://h")
    assert "secret" not in str(caught.value)


def test_connections_come_from_the_environment_first(
    api: MemoryAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.connections["both"] = {"conn_type": "x", "host": "store"}
    assert BaseHook.get_connection("both").host == "store"
    monkeypatch.setenv("AIRFLOW_CONN_BOTH", "x://environment")
    assert BaseHook.get_connection("both").host == "environment"
    monkeypatch.setenv("AIRFLOW_CONN_BOTH", '{"conn_type": "x", "host": "json"}')
    assert Connection.get("both").host == "json"
    with pytest.raises(AirflowNotFoundException, match="There is no connection 'nope'"):
        BaseHook.get_connection("nope")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("{bad json", "property name"),
        ('{"conn_type": "x", "user": "me"}', "no field 'user'"),
        ("http://me:pw@host:abc/", "Port could not be cast"),
    ],
)
def test_a_variable_that_describes_no_connection_is_named(
    monkeypatch: pytest.MonkeyPatch, value: str, reason: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ODD", value)
    with pytest.raises(AirflowNotFoundException, match=f"AIRFLOW_CONN_ODD .*{reason}"):
        BaseHook.get_connection("odd")


class VaultThatIsAway(secrets.BaseSecretsBackend):
    """Fails whatever it is asked."""

    def get_conn_value(self, conn_id: str) -> str | None:
        raise ConnectionError("the vault is sealed")

    def get_variable(self, key: str) -> str | None:
        raise ConnectionError("the vault is sealed")


def test_a_backend_that_fails_hides_nothing_of_the_next(
    api: MemoryAPI, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    own = secrets.backends()
    monkeypatch.setattr(secrets, "backends", lambda: (VaultThatIsAway(), *own))
    api.variables["v"] = "stored"
    api.connections["c"] = {"conn_type": "x", "host": "stored"}
    assert Variable.get("v") == "stored"
    assert BaseHook.get_connection("c").host == "stored"
    assert "VaultThatIsAway failed to look up the variable 'v'" in caplog.text
    assert "the vault is sealed" in caplog.text


def test_variables(api: MemoryAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    Variable.set("j", {"a": 1}, serialize_json=True)
    assert Variable.get("j", deserialize_json=True) == {"a": 1}
    monkeypatch.setenv("AIRFLOW_VAR_J", '{"env": 1}')
    assert Variable.get("j", deserialize_json=True) == {"env": 1}
    assert Variable.get("no", default=None) is None
    assert Variable.get("no", default_var="old") == "old"
    for as_in_airflow in (KeyError, AirflowRuntimeError):  # 2 and 3
        with pytest.raises(as_in_airflow, match="Variable no does not exist"):
            Variable.get("no")
    with pytest.raises(VariableNotFound):
        Variable.update("no", 1)
    assert Variable.setdefault("new", "x") == "x"
    assert Variable.delete("new") == 1
    assert Variable.delete("new") == 0


def test_what_was_read_is_masked(api: MemoryAPI) -> None:
    api.variables.update(api_key="key-1234567", plain="visible", config='{"token": "tok-1234567"}')
    api.connections["c"] = {
        "conn_type": "x",
        "password": "pass word",
        "extra": '{"secret": "s3cr3t"}',
    }
    for key in ("api_key", "plain"):
        Variable.get(key)
    Variable.get("config", deserialize_json=True)
    Connection.get("c")
    text = "key-1234567 visible tok-1234567 pass word pass%20word s3cr3t"
    assert mask_text(text) == "*** visible *** *** *** ***"


def test_short_secrets_do_not_mask_ordinary_words() -> None:
    mask_secret("abc")
    assert mask_text("abc") == "abc"


def test_redaction_hides_sensitive_names_and_known_secrets() -> None:
    mask_secret("known-secret")
    value = {"password": "x", "list": ["known-secret", 1], "t": ("a known-secret",), "n": None}
    assert redact(value) == {"password": "***", "list": ["***", 1], "t": ("a ***",), "n": None}


def test_log_records_are_masked_with_their_tracebacks(caplog: pytest.LogCaptureFixture) -> None:
    mask_secret("known-secret")
    logger = logging.getLogger("test_masking")
    masker = SecretsMasker()
    logger.addFilter(masker)
    try:
        raise ValueError("with known-secret inside")
    except ValueError:
        logger.exception("message %s", "known-secret")
    finally:
        logger.removeFilter(masker)
    assert "known-secret" not in caplog.text
    assert "message ***" in caplog.text
    mask.reset()
