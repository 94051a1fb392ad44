"""``dag.test()``: the authoring side of a hook that the command line fills in.

The engine lives in packages that this one must not import. ``register`` gives the functions that
run a DAG in one go; without it, the installed ``slipstream`` command line is imported by name.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG

_ENGINE = "slipstream.cli.dagtest"
_run: Callable[..., Any] | None = None
_cli: Callable[..., Any] | None = None


def register(run: Callable[..., Any], cli: Callable[..., Any] | None = None) -> None:
    """Set what ``dag.test(**kwargs)`` and ``dag.cli()`` do; each gets the DAG first."""
    global _run, _cli
    _run, _cli = run, cli


def run(dag: DAG, **kwargs: Any) -> Any:
    """Run the DAG once and return the finished dag run."""
    return (_run or import_module(_ENGINE).run)(dag, **kwargs)


def cli(dag: DAG) -> Any:
    """Offer the DAG's own command line."""
    return (_cli or import_module(_ENGINE).cli)(dag)
