"""Jinja templates: which values are rendered, and with what environment.

jinja2 is imported only when a value really holds a template: most tasks' fields are plain.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from slipstream.sdk.types import SetDuringExecution

if TYPE_CHECKING:
    import jinja2

    from slipstream.sdk.context import Context
    from slipstream.sdk.dag import DAG


class LiteralValue:
    """A template field's value that is taken as it is."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def iter_references(self) -> Iterable[tuple[Any, str]]:
        return ()

    def resolve(self, context: Any) -> Any:
        return self.value


def literal(value: Any) -> LiteralValue:
    """Wrap a value so that it is not rendered: braces and ``.sh`` endings stay as they are."""
    return LiteralValue(value)


class Templater:
    """Renders the attributes named by ``template_fields``.

    Strings are templates; one that ends with an extension in ``template_ext`` names a file that
    holds the template. Lists, tuples, dicts, sets and objects with ``template_fields`` are walked.
    """

    template_fields: Collection[str]
    template_ext: Sequence[str]

    def get_template_env(self, dag: DAG | None = None) -> jinja2.Environment:
        """Return the environment of ``dag``, or a plain one."""
        env: jinja2.Environment = environment_of(dag, None)
        return env

    def prepare_template(self) -> None:
        """Change a field's content after files were read; a hook for subclasses."""

    def resolve_template_files(self) -> None:
        """Read the files that template fields name, into the fields."""
        if self.template_ext:
            for name in self.template_fields:
                content = getattr(self, name, None)
                if isinstance(content, str):
                    if self._is_file(content):
                        setattr(self, name, self._read(content))
                elif isinstance(content, list):
                    for i, item in enumerate(content):
                        if isinstance(item, str) and self._is_file(item):
                            content[i] = self._read(item)
        self.prepare_template()

    def _is_file(self, content: str) -> bool:
        extensions = self.template_ext
        if isinstance(extensions, str):
            extensions = [extensions]
        return any(content.endswith(ext) for ext in extensions)

    def _read(self, name: str) -> str:
        env = self.get_template_env()
        assert env.loader is not None
        return env.loader.get_source(env, name)[0]

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: jinja2.Environment | LazyEnvironment,
        seen_oids: set[int],
    ) -> None:
        for name in template_fields:
            try:
                value = getattr(parent, name)
            except AttributeError:
                raise AttributeError(
                    f"{type(parent).__name__} lists {name!r} in template_fields, and has no such "
                    "attribute: set it in __init__"
                ) from None
            if not value:
                continue
            try:
                rendered = self.render_template(value, context, jinja_env, seen_oids)
            except Exception as error:
                # jinja2's own traceback says <template>, of which a task has many.
                error.add_note(f"In the template field {name!r}: {_shortened(value)}")
                raise
            setattr(parent, name, rendered)

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | LazyEnvironment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Return ``content`` rendered, whatever it nests; references (XComArgs) are resolved."""
        seen = set() if seen_oids is None else seen_oids
        if id(content) in seen:
            return content
        env = jinja_env if jinja_env is not None else self.get_template_env()
        if isinstance(content, str):
            return self._render_string(content, context, env)
        if hasattr(content, "resolve") and hasattr(content, "iter_references"):
            return content.resolve(context)
        if hasattr(content, "__fspath__") and hasattr(content, "render_with"):
            return content.render_with(lambda text: self._render_string(text, context, env))
        if type(content) is tuple:
            return tuple(self.render_template(v, context, env, seen) for v in content)
        if isinstance(content, tuple):  # a named tuple
            return type(content)(*(self.render_template(v, context, env, seen) for v in content))
        if isinstance(content, list):
            return [self.render_template(v, context, env, seen) for v in content]
        if isinstance(content, dict):
            return {k: self.render_template(v, context, env, seen) for k, v in content.items()}
        if isinstance(content, set):
            return {self.render_template(v, context, env, seen) for v in content}
        self._render_nested(content, context, env, seen)
        return content

    def _render_nested(self, value: Any, context: Context, env: Any, seen: set[int]) -> None:
        if isinstance(value, SetDuringExecution | type):
            return
        fields = getattr(value, "template_fields", None)
        if fields and not isinstance(fields, str):
            seen.add(id(value))
            self._do_render_template_fields(value, fields, context, env, seen)

    def _render_string(
        self, value: str, context: Context, env: jinja2.Environment | LazyEnvironment
    ) -> Any:
        is_file = bool(self.template_ext) and self._is_file(value)
        if not is_file and isinstance(env, LazyEnvironment) and env.leaves_alone(value):
            return value
        jinja_env = env.get() if isinstance(env, LazyEnvironment) else env
        if is_file:
            return render_template(jinja_env.get_template(value), context)
        return render_template(jinja_env.from_string(value), context)


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]} …"


class LazyEnvironment:
    """A Jinja environment that is built when the first value needs it."""

    def __init__(self, dag: DAG | None, native: bool) -> None:
        self._dag = dag
        self._native = native
        self._env: jinja2.Environment | None = None
        custom = dag is not None and bool(dag.jinja_environment_kwargs)
        self._may_skip = not native and not custom

    def leaves_alone(self, value: str) -> bool:
        """Return True when rendering would give the same string."""
        return (
            self._may_skip and "{" not in value and not value.endswith("\n") and "\r" not in value
        )

    def get(self) -> jinja2.Environment:
        """Return the environment."""
        if self._env is None:
            from slipstream.sdk.jinja import create_environment  # heavy: jinja2

            self._env = create_environment(self._dag, native=self._native)
        return self._env

    def __getattr__(self, name: str) -> Any:
        return getattr(self.get(), name)


def environment_of(dag: DAG | None, native: bool | None) -> Any:
    """Return the environment for a task of ``dag``; ``native`` None leaves it to the DAG."""
    if native is None:
        native = dag is not None and dag.render_template_as_native_obj
    return LazyEnvironment(dag, native)


def render_template(template: jinja2.Template, context: Mapping[str, Any]) -> Any:
    """Render with a context whose values are computed only when the template names them."""
    env = template.environment
    names = template.globals
    scope = _Scope(context, names)
    try:
        parts = template.root_render_func(template.new_context(scope, shared=True))
        return env.concat(parts)
    except Exception:
        env.handle_exception()


class _Scope(dict[str, Any]):
    """The context over the template's globals, read lazily.

    jinja2 asks ``in`` and ``[]`` of a shared context, and copies it only for ``include``.
    """

    def __init__(self, context: Mapping[str, Any], names: Mapping[str, Any]) -> None:
        super().__init__()
        self._context, self._names = context, names

    def __contains__(self, key: object) -> bool:
        return key in self._context or key in self._names

    def __getitem__(self, key: str) -> Any:
        return self._context[key] if key in self._context else self._names[key]

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 (that is this method)

    def keys(self) -> Any:
        return {**dict.fromkeys(self._names), **dict.fromkeys(self._context)}.keys()

    def __iter__(self) -> Any:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())


def search_path(dag: DAG | None) -> list[str]:
    """Return the folders that template files are looked up in."""
    if dag is None:
        return ["."]
    found = [dag.folder or os.curdir]
    searchpath = dag.template_searchpath
    if searchpath:
        found.extend(searchpath)
    return found
