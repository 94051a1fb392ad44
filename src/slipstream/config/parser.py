"""``conf``: the options of this installation, with the methods that Airflow's ``conf`` has.

DAG files and providers call these methods; their names and their meaning are Airflow's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from slipstream.config import convert, home, source
from slipstream.config.catalog import Name, catalog
from slipstream.config.resolve import Resolver, Setting, missing
from slipstream.errors import ConfigError

if TYPE_CHECKING:
    from datetime import timedelta
    from enum import Enum
    from pathlib import Path

T = TypeVar("T")
E = TypeVar("E", bound="Enum")

Checkers = Mapping[Name, Callable[[str], object]]
"""By option what else its text must pass: raises ValueError with what is allowed, or ConfigError."""

_REQUIRED: Any = object()
HIDDEN = "< hidden >"


class Config:
    """Options by section and key. Reading has no effect on disk, but for generated secrets."""

    def __init__(self) -> None:
        self._resolver = Resolver()

    @property
    def home(self) -> Path:
        """``$AIRFLOW_HOME`` as an absolute path; it need not exist."""
        from pathlib import Path  # costs as much as all of this package

        return Path(home.airflow_home())

    def resolve(self, section: str, key: str) -> Setting:
        """Return the option's value and where it came from."""
        return self._resolver.resolve(section, key)

    @overload
    def get(self, section: str, key: str, **kwargs: Any) -> str: ...
    @overload
    def get(self, section: str, key: str, fallback: T, **kwargs: Any) -> str | T: ...
    def get(self, section: str, key: str, fallback: Any = _REQUIRED, **kwargs: Any) -> Any:
        """Return the option's text; ``fallback`` when it is not set and has no default."""
        return self._converted(section, key, str, fallback)

    @overload
    def getboolean(self, section: str, key: str, **kwargs: Any) -> bool: ...
    @overload
    def getboolean(self, section: str, key: str, fallback: T, **kwargs: Any) -> bool | T: ...
    def getboolean(self, section: str, key: str, fallback: Any = _REQUIRED, **kwargs: Any) -> Any:
        return self._converted(section, key, convert.to_boolean, fallback)

    @overload
    def getint(self, section: str, key: str, **kwargs: Any) -> int: ...
    @overload
    def getint(self, section: str, key: str, fallback: T, **kwargs: Any) -> int | T: ...
    def getint(self, section: str, key: str, fallback: Any = _REQUIRED, **kwargs: Any) -> Any:
        return self._converted(section, key, convert.to_integer, fallback)

    @overload
    def getfloat(self, section: str, key: str, **kwargs: Any) -> float: ...
    @overload
    def getfloat(self, section: str, key: str, fallback: T, **kwargs: Any) -> float | T: ...
    def getfloat(self, section: str, key: str, fallback: Any = _REQUIRED, **kwargs: Any) -> Any:
        return self._converted(section, key, convert.to_float, fallback)

    @overload
    def getlist(self, section: str, key: str, **kwargs: Any) -> list[str]: ...
    @overload
    def getlist(self, section: str, key: str, fallback: T, **kwargs: Any) -> list[str] | T: ...
    def getlist(
        self, section: str, key: str, fallback: Any = _REQUIRED, delimiter: str = ",", **kwargs: Any
    ) -> Any:
        """Return the parts between delimiters, stripped; none when the text is empty."""
        return self._converted(
            section, key, lambda text: convert.to_list(text, delimiter), fallback, empty=True
        )

    def getjson(self, section: str, key: str, fallback: Any = None, **kwargs: Any) -> Any:
        """Return what the option's JSON says; ``fallback`` when there is none."""
        import json

        def parse(text: str) -> Any:
            try:
                return json.loads(text)
            except ValueError as error:
                raise ValueError(f"valid JSON ({error})") from None

        return self._converted(section, key, parse, fallback)

    def getenum(
        self, section: str, key: str, enum_class: type[E], fallback: Any = _REQUIRED, **kwargs: Any
    ) -> E | Any:
        """Return the enum's member that the option names."""
        return self._converted(section, key, lambda text: _member(enum_class, text), fallback)

    def getenumlist(
        self,
        section: str,
        key: str,
        enum_class: type[E],
        fallback: Any = _REQUIRED,
        delimiter: str = ",",
        **kwargs: Any,
    ) -> list[E] | Any:
        """Return the enum's members that the option lists."""

        def members(text: str) -> list[E]:
            return [_member(enum_class, part) for part in convert.to_list(text, delimiter)]

        return self._converted(section, key, members, fallback, empty=True)

    def getimport(self, section: str, key: str, **kwargs: Any) -> Any:
        """Return the object that the option names by its dotted path; None when it names none."""
        path = self.get(section, key, fallback="")
        return source.import_object(path, section, key) if path else None

    def gettimedelta(
        self, section: str, key: str, fallback: Any = None, **kwargs: Any
    ) -> timedelta | Any:
        """Return the option's seconds as a timedelta; ``fallback`` when it has no value."""
        from datetime import timedelta

        return self._converted(
            section, key, lambda text: timedelta(seconds=convert.to_float(text)), fallback
        )

    def get_mandatory_value(self, section: str, key: str, **kwargs: Any) -> str:
        """Return the option's text; raise ConfigError when it has none."""
        return self.get(section, key)

    def get_mandatory_list_value(self, section: str, key: str, **kwargs: Any) -> list[str]:
        """Return the option's parts; raise ConfigError when it has no value."""
        return self.getlist(section, key, **kwargs)

    getmandatorylist = get_mandatory_list_value

    def get_default_value(self, section: str, key: str, fallback: Any = None, **kwargs: Any) -> Any:
        """Return the default, whatever is set."""
        option = catalog().option(section.lower(), key.lower())
        if option is None or option.default is None:
            return fallback
        return option.default.replace("{AIRFLOW_HOME}", home.airflow_home())

    def has_option(self, section: str, key: str, **kwargs: Any) -> bool:
        """Tell whether the option has a value, be it the default."""
        setting = self._resolver.resolve(section, key, generate=False)
        return setting.value is not None or setting.source == "generated"

    def has_section(self, section: str) -> bool:
        return bool(self.options(section))

    def set(self, section: str, key: str, value: Any) -> None:
        """Set the option for this process only, before all other sources."""
        self._resolver.overrides[self._resolver.current_name(section, key)] = str(value)

    def remove_option(self, section: str, key: str, **kwargs: Any) -> bool:
        """Take back what ``set`` did; tell whether it had done anything."""
        name = self._resolver.current_name(section, key)
        return self._resolver.overrides.pop(name, None) is not None

    def reload(self) -> None:
        """Read airflow.cfg anew and forget what this process set."""
        self._resolver.forget()

    @property
    def sensitive_config_values(self) -> frozenset[Name]:
        """Names of the options whose values must not be shown."""
        return catalog().sensitive()

    def secrets_backend(self) -> Any:
        """Return the instance of ``[secrets] backend``; None when none is set."""
        return self._resolver.secrets_backend()

    def sections(self) -> list[str]:
        """Return all sections: the known ones, then those only set somewhere."""
        known = catalog().sections()
        underscored = {section.replace(".", "_") for section in known}
        renamed = {old for old, _ in catalog().renamed()}
        extra = [*self._resolver.file().sections(), *(s for s, _, _ in source.env_names())]
        new = [s for s in dict.fromkeys(extra) if s not in underscored | renamed | {*known}]
        return known + new

    def options(self, section: str) -> list[str]:
        """Return the section's keys: the known ones, then those only set somewhere."""
        section = section.lower()
        known = catalog()
        set_here = [*self._resolver.file().keys(section), *source.env_options(section)]
        set_here += [key for name, key in self._resolver.overrides if name == section]
        keys = known.keys(section)
        for key in dict.fromkeys(set_here):
            stem = key.removesuffix("_cmd").removesuffix("_secret")
            is_indirect = stem != key and (section, stem) in known.sensitive()
            if key not in keys and not is_indirect and known.new_name(section, key) is None:
                keys.append(key)
        return keys

    def items(self, section: str, **kwargs: Any) -> list[tuple[str, str]]:
        """Return (key, text) of the section's options that have a value."""
        pairs = ((key, self.get(section, key, fallback=None)) for key in self.options(section))
        return [(key, text) for key, text in pairs if text is not None]

    def getsection(self, section: str, **kwargs: Any) -> dict[str, Any] | None:
        """Return the section's options, numbers and booleans converted; None when it has none."""
        pairs = self.items(section)
        return {key: _guess(text) for key, text in pairs} if pairs else None

    def as_dict(
        self, display_source: bool = False, display_sensitive: bool = False, **kwargs: Any
    ) -> dict[str, dict[str, Any]]:
        """Return section to key to text (or to (text, source)); secrets hidden unless asked for."""
        result: dict[str, dict[str, Any]] = {}
        for section in self.sections():
            for key in self.options(section):
                setting = self._resolver.resolve(section, key, generate=display_sensitive)
                text = setting.value
                if (
                    setting.is_sensitive
                    and not display_sensitive
                    and (text or setting.source == "generated")
                ):
                    text = HIDDEN
                if text is None:
                    continue
                value = (text, setting.source) if display_source else text
                result.setdefault(section, {})[key] = value
        return result

    def check(self, checkers: Checkers | None = None) -> None:
        """Raise ConfigError unless all options can be used that are not a provider's.

        For the start of services: it also warns of old names, once for all processes that this
        one starts.
        """
        found = self.problems(checkers, providers=False)
        if found:
            more = f" (and {len(found) - 1} more: see `config lint`)" if len(found) > 1 else ""
            raise ConfigError(found[0][1] + more)
        self._resolver.tell_renames()

    def origins(self, section: str, key: str) -> list[str]:
        """Return where, if anywhere, exactly this name is set: environment and airflow.cfg."""
        return self._resolver.origins((section, key))

    def problems(
        self, checkers: Checkers | None = None, *, providers: bool = True
    ) -> list[tuple[Name, str]]:
        """Return the name and a message of each known option whose value cannot be used.

        A value is of its type, one of those allowed, and passes its checker, if it has one.
        """
        found = []
        for section in catalog().sections():
            for key in catalog().keys(section):
                option = catalog().option(section, key)
                if option is None or (option.provider and not providers):
                    continue
                try:
                    self._check(section, key, (checkers or {}).get((section, key)))
                except ConfigError as error:
                    found.append(((section, key), str(error)))
        return found

    def _check(self, section: str, key: str, checker: Callable[[str], object] | None) -> None:
        setting = self._resolver.resolve(section, key, generate=False)
        option = catalog().option(section, key)
        if option is None or not setting.value or setting.source == "default":
            return
        try:
            convert.TYPED.get(option.type, str)(setting.value)
            if checker is not None:
                checker(setting.value)
        except ValueError as error:
            shown = HIDDEN if setting.is_sensitive else setting.value
            raise convert.unusable(section, key, shown, setting.origin, str(error)) from None

    def _converted(
        self,
        section: str,
        key: str,
        to: Callable[[str], Any],
        fallback: Any,
        empty: bool = False,
    ) -> Any:
        """Return the option's value converted by ``to``, which raises ValueError(what it allows).

        An empty text has no number or truth value: it counts as not set where there is a
        fallback, unless ``to`` can convert it (``empty``).
        """
        setting = self._resolver.resolve(section, key)
        text = setting.value
        if text is None or (not text and to is not str and not empty):
            if fallback is not _REQUIRED:
                return fallback
            if text is None:
                raise missing(setting.section, setting.key)
        assert text is not None
        try:
            return to(text)
        except ValueError as error:
            shown = HIDDEN if setting.is_sensitive else text
            raise convert.unusable(
                setting.section, setting.key, shown, setting.origin, str(error)
            ) from None


def _member(enum_class: type[E], text: str) -> E:
    if text not in enum_class.__members__:
        raise ValueError(", ".join(enum_class.__members__))
    return enum_class[text]


def _guess(text: str) -> bool | int | float | str:
    """Return a section's value as Airflow's ``getsection`` types it."""
    for to in (convert.to_integer, convert.to_float):
        try:
            return to(text)
        except ValueError:
            continue
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text
