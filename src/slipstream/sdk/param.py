"""Params: typed values of a DAG or task that a run may override, checked by JSON Schema."""

from __future__ import annotations

import copy
import json
from collections.abc import ItemsView, Iterator, Mapping, MutableMapping, ValuesView
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from slipstream.sdk.exceptions import ParamValidationError
from slipstream.sdk.types import NOTSET, ArgNotSet

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG

ParamSource = Literal["dag", "task"]


class Param:
    """A default value with a JSON schema (draft 2020-12), given as keyword arguments.

    Without a default, every run must give a value.
    """

    CLASS_IDENTIFIER: ClassVar[str] = "__class"
    __slots__ = ("description", "schema", "source", "value")

    def __init__(
        self,
        default: Any = NOTSET,
        description: str | None = None,
        source: ParamSource | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(default, ArgNotSet):
            _check_json(default)
        self.value = default
        self.description = description
        self.source = source
        self.schema: dict[str, Any] = kwargs.pop("schema") if "schema" in kwargs else kwargs

    @property
    def has_value(self) -> bool:
        return not isinstance(self.value, ArgNotSet)

    def resolve(self, value: Any = NOTSET, suppress_exception: bool = False) -> Any:
        """Return ``value`` (or the default) after checking it against the schema.

        :raises ParamValidationError: it does not fit, or there is none
        """
        final = self.value if isinstance(value, ArgNotSet) else value
        if not isinstance(value, ArgNotSet):
            _check_json(value)
        if isinstance(final, ArgNotSet):
            if suppress_exception:
                return None
            raise ParamValidationError("it has neither a value nor a default: give one of them")
        try:
            self._validate(final)
        except ParamValidationError:
            if suppress_exception:
                return None
            raise
        self.value = final
        return final

    def _validate(self, value: Any) -> None:
        if not self.schema:
            return
        if _fits_plainly(self.schema, value):
            return
        import jsonschema  # heavy: 90 ms

        try:
            jsonschema.validate(value, self.schema, format_checker=jsonschema.FormatChecker())
        except jsonschema.ValidationError as e:
            raise ParamValidationError(str(e)) from None

    def dump(self) -> dict[str, Any]:
        """Return value, schema, description and source as a dict."""
        out: dict[str, Any] = {self.CLASS_IDENTIFIER: "airflow.sdk.definitions.param.Param"}
        out.update(
            value=None if not self.has_value else self.value,
            description=self.description,
            schema=self.schema,
            source=self.source,
        )
        return out

    def serialize(self) -> dict[str, Any]:
        return {"value": self.value, "description": self.description, "schema": self.schema}

    def __copy__(self) -> Param:
        return Param(self.value, self.description, source=self.source, schema=self.schema)

    def __deepcopy__(self, memo: dict[int, Any]) -> Param:
        value = self.value if isinstance(self.value, ArgNotSet) else copy.deepcopy(self.value, memo)
        schema = copy.deepcopy(self.schema, memo)
        return Param(value, self.description, source=self.source, schema=schema)

    def __repr__(self) -> str:
        return f"Param({self.value!r})"


_PLAIN_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list, tuple),
    "object": (dict,),
}
_ANNOTATIONS = frozenset(
    {"title", "description", "examples", "values_display", "section", "default"}
)


def _fits_plainly(schema: Mapping[str, Any], value: Any) -> bool:
    """Return True when a schema that only names types is met; False means: ask jsonschema."""
    if schema.keys() - _ANNOTATIONS - {"type"}:
        return False
    types = schema.get("type")
    if types is None:
        return True
    names = [types] if isinstance(types, str) else types
    for name in names:
        allowed = _PLAIN_TYPES.get(name, ())
        if isinstance(value, allowed) and (name == "boolean" or not isinstance(value, bool)):
            return True
    return False


def _check_json(value: Any) -> None:
    try:
        json.dumps(value)
    except (TypeError, ValueError) as e:
        raise ParamValidationError(f"a param's value must have a JSON form: {e}") from None


class ParamsDict(MutableMapping[str, Any]):
    """Params by name; reading one gives its value, checked.

    :param suppress_exception: read None where a value does not fit
    """

    __slots__ = ("__dict", "suppress_exception")

    def __init__(
        self, dict_obj: Mapping[str, Any] | None = None, suppress_exception: bool = False
    ) -> None:
        items = dict_obj.as_params() if isinstance(dict_obj, ParamsDict) else dict_obj or {}
        self.suppress_exception = suppress_exception
        self.__dict: dict[str, Param] = {
            k: v if isinstance(v, Param) else Param(v) for k, v in items.items()
        }

    def as_params(self) -> dict[str, Param]:
        """Return the ``Param`` objects by name."""
        return dict(self.__dict)

    def get_param(self, key: str) -> Param:
        return self.__dict[key]

    def __getitem__(self, key: str) -> Any:
        return self.__dict[key].resolve(suppress_exception=self.suppress_exception)

    def __setitem__(self, key: str, value: Any) -> None:
        if isinstance(value, Param):
            param = value
        elif key in self.__dict:
            param = self.__dict[key]
            try:
                param.resolve(value, suppress_exception=self.suppress_exception)
            except ParamValidationError as e:
                raise ParamValidationError(f"Param {key!r}: {e}") from None
        else:
            param = Param(value)
        self.__dict[key] = param

    def __delitem__(self, key: str) -> None:
        del self.__dict[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict)

    def __len__(self) -> int:
        return len(self.__dict)

    def __contains__(self, key: object) -> bool:
        return key in self.__dict

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ParamsDict):
            return self.dump() == other.dump()
        return self.dump() == other if isinstance(other, dict) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def items(self) -> ItemsView[str, Any]:
        return ItemsView(self.__dict)

    def values(self) -> ValuesView[Any]:
        return ValuesView(self.__dict)

    def dump(self) -> dict[str, Any]:
        """Return the values by name, without checking them."""
        return {k: None if not p.has_value else p.value for k, p in self.__dict.items()}

    def validate(self) -> dict[str, Any]:
        """Check every param and return the values by name.

        :raises ParamValidationError: naming the param
        """
        resolved: dict[str, Any] = {}
        for name, param in self.__dict.items():
            try:
                resolved[name] = param.resolve(suppress_exception=self.suppress_exception)
            except ParamValidationError as e:
                raise ParamValidationError(f"Param {name!r}: {e}") from None
        return resolved

    def deep_merge(self, overrides: Mapping[str, Any]) -> None:
        """Override values by a run's conf, keeping the schemas."""
        for key, value in overrides.items():
            self[key] = value

    def __copy__(self) -> ParamsDict:
        return ParamsDict(self.__dict, self.suppress_exception)

    def __deepcopy__(self, memo: dict[int, Any]) -> ParamsDict:
        return ParamsDict(copy.deepcopy(self.__dict, memo), self.suppress_exception)

    def __repr__(self) -> str:
        return repr(self.dump())


class DagParam:
    """A reference to a DAG's param, resolved when the task runs (``dag.param("x")``)."""

    def __init__(self, current_dag: DAG, name: str, default: Any = NOTSET) -> None:
        if not isinstance(default, ArgNotSet):
            current_dag.params[name] = default
        self._name = name
        self._default = default

    def iter_references(self) -> Iterator[tuple[Any, str]]:
        return iter(())

    def resolve(self, context: Mapping[str, Any]) -> Any:
        """Return the run's value, else the default."""
        conf = getattr(context["dag_run"], "conf", None) or {}
        if self._name in conf:
            return conf[self._name]
        if not isinstance(self._default, ArgNotSet):
            return self._default
        if self._name in context["params"]:
            return context["params"][self._name]
        raise ParamValidationError(
            f"Param {self._name!r} has no value in this run, and no default: set one of them"
        )


def process_params(
    dag: DAG, task_params: ParamsDict, conf: Mapping[str, Any] | None, *, suppress_exception: bool
) -> dict[str, Any]:
    """Return a run's params: the DAG's, the task's over them, the run's conf over both.

    ``[core] dag_run_conf_overrides_params`` (default true) decides about the conf.
    """
    if not (dag.params or task_params or conf):
        return {}
    from slipstream.config import conf as settings  # start-up path: authoring needs no settings

    params = ParamsDict(suppress_exception=suppress_exception)
    params.update(copy.deepcopy(dag.params).as_params())
    params.update(copy.deepcopy(task_params).as_params())
    overrides = settings.getboolean("core", "dag_run_conf_overrides_params", fallback=True)
    if conf and overrides:
        params.deep_merge(conf)
    return params.validate()
