"""Which of the context's keys a user's function wants, by its parameters' names."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from types import FunctionType
from typing import Any, Self


class KeywordParameters:
    """The keyword arguments that a function can be called with."""

    def __init__(self, kwargs: Mapping[str, Any], *, wildcard: bool) -> None:
        self._kwargs = kwargs
        self._wildcard = wildcard

    @classmethod
    def determine(
        cls, func: Callable[..., Any], args: Collection[Any], kwargs: Mapping[str, Any]
    ) -> Self:
        """Match ``kwargs`` with the function's parameters that ``args`` leave open.

        :raises ValueError: a positional argument takes the place of a key in ``kwargs``
        """
        positional, by_name, wildcard = _parameters(func)
        taken = positional[: len(args)]
        for name in taken:
            if name in kwargs:
                raise ValueError(
                    f"op_args gives {name!r}, and the context or op_kwargs gives it too: rename "
                    "the parameter"
                )
        if wildcard:
            for_call = getattr(kwargs, "for_call", None)
            return cls(for_call() if for_call is not None else kwargs, wildcard=True)
        names = [k for k in kwargs if k in by_name and k not in taken]
        return cls({k: kwargs[k] for k in names}, wildcard=False)

    def unpacking(self) -> Mapping[str, Any]:
        """Return the arguments to call with ``**``."""
        return self._kwargs

    def serializing(self) -> Mapping[str, Any]:
        """Return the arguments as a plain dict."""
        return dict(self._kwargs)


def _parameters(func: Callable[..., Any]) -> tuple[Sequence[str], Collection[str], bool]:
    """Return the names that take positional arguments, those that take keywords, and if ``**`` is."""
    if type(func) is FunctionType and not func.__dict__:
        # What inspect would find for a plain function, at a tenth of its cost.
        code = func.__code__
        n_positional, names = code.co_argcount, code.co_varnames
        by_name = names[code.co_posonlyargcount : n_positional + code.co_kwonlyargcount]
        return names[:n_positional], by_name, bool(code.co_flags & inspect.CO_VARKEYWORDS)
    found = inspect.signature(func).parameters.values()
    return (
        [p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)],
        [p.name for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)],
        any(p.kind is p.VAR_KEYWORD for p in found),
    )


def determine_kwargs(
    func: Callable[..., Any], args: Collection[Any], kwargs: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return those of ``kwargs`` that the function takes (all, if it takes ``**kwargs``)."""
    return KeywordParameters.determine(func, args, kwargs).unpacking()


def make_kwargs_callable(func: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function in a form that can be given more keywords than it takes."""

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **determine_kwargs(func, args, kwargs))

    return call


def is_async_callable(func: Any) -> bool:
    """Return whether calling ``func`` gives a coroutine."""
    if type(func) is FunctionType and not func.__dict__:
        return bool(func.__code__.co_flags & inspect.CO_COROUTINE)
    while isinstance(func, functools.partial):
        func = func.func
    return inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(
        getattr(func, "__call__", None)  # noqa: B004 (the method itself is wanted)
    )
