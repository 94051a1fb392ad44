"""Check a run's conf against the DAG's params."""

from __future__ import annotations

from typing import Any

from slipstream.config import conf as settings
from slipstream.errors import UserError
from slipstream.spec import DagSpec


def check_conf(spec: DagSpec, conf: dict[str, Any] | None) -> None:
    """Raise UserError unless the DAG's params, overridden by ``conf``, satisfy their schemas.

    Keys of ``conf`` that are no params are free, as in Airflow.
    """
    params = spec.get("params")
    if not params:
        return
    given = conf or {}
    if not settings.getboolean("core", "dag_run_conf_overrides_params", fallback=True):
        given = {}
    for name, param in params.items():
        schema = param.get("schema")
        if name in given:
            value = given[name]
        elif "value" in param:
            value = param["value"]
        else:
            raise UserError(
                f"Param {name!r} of DAG {spec['dag_id']!r} is required: give it in conf."
            )
        if schema:
            _check(spec["dag_id"], name, value, schema)


def _check(dag_id: str, name: str, value: Any, schema: dict[str, Any]) -> None:
    # jsonschema takes 60 ms to import, and most DAGs have no schema.
    import jsonschema

    try:
        jsonschema.validate(value, schema, format_checker=jsonschema.FormatChecker())
    except jsonschema.ValidationError as e:
        raise UserError(f"Param {name!r} of DAG {dag_id!r} is invalid: {e.message}") from None
