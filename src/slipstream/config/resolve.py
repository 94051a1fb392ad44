"""Finding an option's value: which of its sources wins, and under which of its names.

The order is Airflow's: environment, airflow.cfg, default. What the process itself set comes
before all of them. Each source is asked for the option's own name and then for its old ones.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

from slipstream.config import convert, home, source
from slipstream.config.catalog import PLACEHOLDERS, Name, Option, catalog, sounds_secret
from slipstream.config.file import ConfigFile
from slipstream.errors import ConfigError

_TOLD_VARIABLE = "SLIPSTREAM_RENAMES_TOLD"
"""In the environment of processes whose parent has told people of all old names."""


class RenamedOptionWarning(FutureWarning):
    """An option was set under a name that it had in an earlier Airflow."""


class MissingConfigWarning(UserWarning):
    """``$AIRFLOW_CONFIG`` names a file that is not there."""


class Setting(NamedTuple):
    """An option's value and where it came from."""

    section: str
    key: str
    value: str | None
    """None: not set, and without a default."""
    source: str
    """``set``, ``env var``, ``cmd``, ``secret``, ``airflow.cfg``, ``generated`` or ``default``."""
    origin: str
    """For people: the variable's name, the file and the key in it, …"""
    is_sensitive: bool
    """Not to be shown: known to be a secret, or unknown and named like one."""


class Found(NamedTuple):
    text: str
    source: str
    origin: str


class Resolver:
    """The sources of one process, asked in order."""

    def __init__(self) -> None:
        self.overrides: dict[Name, str] = {}
        self._file: ConfigFile | None = None
        self._warned: set[str] = set()
        self._backend: Any = None
        self._backend_path: str | None = None

    def resolve(self, section: str, key: str, generate: bool = True) -> Setting:
        """Return the option's setting; raise ConfigError when its value is not allowed.

        Asked under an old name, it answers for the new one and warns the caller. Without
        ``generate``, a secret that would have to be made is left out (value None).
        """
        name = self.current_name(section, key)
        option = catalog().option(*name)
        is_sensitive = option is not None and option.sensitive
        found = self._find(name, is_sensitive)
        if found is None:
            return self._default(name, option, is_sensitive, generate)
        if option is None:
            is_secret = sounds_secret(name[1])
            return Setting(*name, found.text, found.source, found.origin, is_secret)
        text = convert.check(option, found.text, found.origin)
        return Setting(*name, text, found.source, found.origin, is_sensitive)

    def current_name(self, section: str, key: str) -> Name:
        """Return what the option is called today; warn whoever asked under an old name."""
        section, key = section.lower(), key.lower()
        known = catalog()
        new = known.new_name(section, key)
        if new is None or known.option(section, key) is not None:
            return section, key
        message = f"[{section}] {key} is now [{new[0]}] {new[1]}: ask for it under its new name."
        warnings.warn(message, DeprecationWarning, stacklevel=_callers_stacklevel())
        return new

    def file(self) -> ConfigFile:
        """Return airflow.cfg, read when its path is first asked for."""
        path = home.config_path()
        if self._file is None or self._file.path != path:
            if home.is_config_missing() and _TOLD_VARIABLE not in os.environ:
                message = f"AIRFLOW_CONFIG names {path}, which does not exist: defaults hold."
                warnings.warn(message, MissingConfigWarning, stacklevel=_callers_stacklevel())
            self._file = ConfigFile(path)
        return self._file

    def forget(self) -> None:
        """Read airflow.cfg anew and drop what the process set."""
        self._file = None
        self.overrides.clear()

    def origins(self, name: Name) -> list[str]:
        """Return where exactly this name is set; other names of the option do not count."""
        variable, (section, key) = source.env_name(*name), name
        found = [variable] if variable in os.environ else []
        if self.file().get(section, key) is not None:
            found.append(f"[{section}] {key} in {self.file().path}")
        return found

    def tell_renames(self) -> None:
        """Warn of all options that are set under old names, and let child processes be silent."""
        for old, new in catalog().renamed().items():
            if catalog().option(*old) is None and self.origins(old):
                self.resolve(*new, generate=False)
        os.environ[_TOLD_VARIABLE] = "1"

    def _find(self, name: Name, is_sensitive: bool) -> Found | None:
        if name in self.overrides:
            return Found(self.overrides[name], "set", "this process")
        names = [name, *catalog().old_names(*name)]
        for ask in (self._in_environment, self._in_file):
            for candidate in names:
                for found in ask(candidate, is_sensitive):
                    if candidate != name:
                        self._warn_renamed(found, name)
                    text = home.expand(found.text).replace("{AIRFLOW_HOME}", home.airflow_home())
                    return found._replace(text=text)
        return None

    def _in_environment(self, name: Name, is_sensitive: bool) -> Iterator[Found]:
        variable = source.env_name(*name)
        if (text := os.environ.get(variable)) is not None:
            yield Found(text, "env var", variable)
        if not is_sensitive:
            return
        if (command := os.environ.get(f"{variable}_CMD")) is not None:
            yield Found(source.run_command(command, *name), "cmd", f"{variable}_CMD")
        if (secret := os.environ.get(f"{variable}_SECRET")) is not None:
            yield from self._in_backend(secret, name, f"{variable}_SECRET")

    def _in_file(self, name: Name, is_sensitive: bool) -> Iterator[Found]:
        file, (section, key) = self.file(), name
        if (text := file.get(section, key)) is not None:
            yield Found(text, "airflow.cfg", f"[{section}] {key} in {file.path}")
        if not is_sensitive:
            return
        if (command := file.get(section, f"{key}_cmd")) is not None:
            origin = f"[{section}] {key}_cmd in {file.path}"
            yield Found(source.run_command(command, section, key), "cmd", origin)
        if (secret := file.get(section, f"{key}_secret")) is not None:
            yield from self._in_backend(secret, name, f"[{section}] {key}_secret in {file.path}")

    def _in_backend(self, secret: str, name: Name, origin: str) -> Iterator[Found]:
        if name[0] == "secrets":  # the backend's own options cannot come from the backend
            return
        text = source.ask_secrets_backend(secret, *name, self.secrets_backend)
        if text is not None:
            yield Found(text, "secret", origin)

    def secrets_backend(self) -> Any:
        """Return an instance of ``[secrets] backend``, made once; None when none is set."""
        path = self.resolve("secrets", "backend").value
        if not path:
            return None
        if self._backend_path != path:
            kwargs_text = self.resolve("secrets", "backend_kwargs").value
            self._backend = source.make_secrets_backend(path, kwargs_text)
            self._backend_path = path
        return self._backend

    def _default(
        self, name: Name, option: Option | None, is_sensitive: bool, generate: bool
    ) -> Setting:
        text = option.default if option else None
        if text in PLACEHOLDERS:
            from slipstream.config import generated  # only who asks for a secret needs it

            folder = home.airflow_home()
            made = generated.secret(folder, text) if generate else None
            origin = os.path.join(folder, generated.FILE_NAME)
            return Setting(*name, made, "generated", origin, is_sensitive)
        if text is not None:
            text = text.replace("{AIRFLOW_HOME}", home.airflow_home())
        return Setting(*name, text, "default", "the default", is_sensitive)

    def _warn_renamed(self, found: Found, name: Name) -> None:
        if found.origin in self._warned or _TOLD_VARIABLE in os.environ:
            return
        self._warned.add(found.origin)
        if found.origin.startswith("AIRFLOW__"):
            suffix = {"cmd": "_CMD", "secret": "_SECRET"}.get(found.source, "")
            new = f"{source.env_name(*name)}{suffix}"
        else:
            suffix = {"cmd": "_cmd", "secret": "_secret"}.get(found.source, "")
            new = f"[{name[0]}] {name[1]}{suffix}"
        message = f"{found.origin} is an old name: use {new}."
        warnings.warn(message, RenamedOptionWarning, stacklevel=_callers_stacklevel())


def missing(section: str, key: str) -> ConfigError:
    """Return the error about an option that is not set and has no default."""
    return ConfigError(
        f"[{section}] {key} is not set and has no default: set {source.env_name(section, key)}, "
        f"or {key} in {home.config_path()}."
    )


def _callers_stacklevel() -> int:
    """Return the stacklevel of the first frame outside of this package, for ``warnings.warn``."""
    folder = os.path.dirname(__file__)
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and os.path.dirname(frame.f_code.co_filename) == folder:
        level, frame = level + 1, frame.f_back
    return level
