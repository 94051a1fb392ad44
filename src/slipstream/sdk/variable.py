"""``Variable``: named values shared by all DAGs."""

from __future__ import annotations

import json
from typing import Any

from slipstream.sdk import taskapi
from slipstream.sdk.exceptions import AirflowException, AirflowRuntimeError
from slipstream.sdk.mask import is_sensitive, mask_secret
from slipstream.sdk.types import NOTSET, ArgNotSet


class VariableNotFound(KeyError, AirflowException, AirflowRuntimeError):
    """There is no variable of that name: a KeyError as in Airflow 2, an AirflowRuntimeError as in 3."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.error = message

    def __str__(self) -> str:
        return str(self.args[0])


class Variable:
    """A variable: read with ``Variable.get``, written with ``Variable.set``.

    The environment (``AIRFLOW_VAR_NAME``) comes before the metadata database.
    """

    def __init__(
        self, key: str, value: Any = None, description: str | None = None, **_: Any
    ) -> None:
        self.key = key
        self.value = value
        self.description = description

    @property
    def val(self) -> Any:
        return self.value

    @classmethod
    def get(
        cls,
        key: str,
        default: Any = NOTSET,
        deserialize_json: bool = False,
        *,
        default_var: Any = NOTSET,
    ) -> Any:
        """Return the variable's value: text, or what its JSON says.

        :param default: returned when there is none (``default_var`` is Airflow 2's name)
        :raises VariableNotFound: there is none, and no default
        :raises ValueError: it is not JSON, though ``deserialize_json`` says so
        """
        text = read(key)
        if text is None:
            for given in (default, default_var):
                if not isinstance(given, ArgNotSet):
                    return given
            raise VariableNotFound(f"Variable {key} does not exist")
        if is_sensitive(key):
            mask_secret(text)
        if not deserialize_json:
            return text
        try:
            value = json.loads(text)
        except ValueError as e:
            raise ValueError(f"Variable {key} is not valid JSON: {e}") from None
        mask_secret(value, key)
        return value

    @classmethod
    def set(
        cls, key: str, value: Any, description: str | None = None, serialize_json: bool = False
    ) -> None:
        """Create or replace the variable."""
        text = json.dumps(value, indent=2) if serialize_json else str(value)
        taskapi.current().set_variable(key, text, description)

    @classmethod
    def update(cls, key: str, value: Any, serialize_json: bool = False) -> None:
        """Replace the value of a variable that exists.

        :raises VariableNotFound: there is none
        """
        if read(key) is None:
            raise VariableNotFound(f"Variable {key} does not exist")
        cls.set(key, value, serialize_json=serialize_json)

    @classmethod
    def setdefault(
        cls, key: str, default: Any, description: str | None = None, deserialize_json: bool = False
    ) -> Any:
        """Return the variable, made with ``default`` if there is none."""
        value = cls.get(key, default=None, deserialize_json=deserialize_json)
        if value is not None:
            return value
        if default is None:
            raise ValueError(f"Variable {key} is to be set to None: give a default")
        cls.set(key, default, description, serialize_json=deserialize_json)
        return default

    @classmethod
    def delete(cls, key: str) -> int:
        """Delete the variable; return how many were deleted."""
        return int(taskapi.current().delete_variable(key))

    @classmethod
    def keys(cls, prefix: str = "") -> list[str]:
        """Return the keys that begin with ``prefix``."""
        return taskapi.current().list_variable_keys(prefix)

    def __repr__(self) -> str:
        return f"{self.key} : ***" if is_sensitive(self.key) else f"{self.key} : {self.value}"


def read(key: str) -> str | None:
    """Return a variable's text from the environment, the secrets backend or the database."""
    from slipstream.sdk import secrets  # reads the configuration once, when first needed

    return secrets.get_variable(key)
