"""``dags show``: a DAG's tasks as a tree, or as a graph in DOT."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from slipstream.cli.command import DAG_ID, Command, arg
from slipstream.cli.session import open_store
from slipstream.errors import UserError

if TYPE_CHECKING:
    from slipstream.spec import DagSpec, TaskSpec


def show_dag(args: argparse.Namespace) -> None:
    from slipstream.cli.lookup import the_spec

    with open_store() as store, store.read() as conn:
        spec = the_spec(conn, args.dag_id)
    if args.save:
        save_graph(args.save, spec)
    elif args.dot:
        print("\n".join(dot_lines(spec)))
    else:
        print("\n".join(tree_lines(spec)))


def tree_lines(spec: DagSpec) -> Iterator[str]:
    """Yield the tasks below those that they follow; one with several upstreams is told once."""
    tasks = {task["task_id"]: task for task in spec["tasks"]}
    followers = {name for task in tasks.values() for name in task.get("downstream", ())}
    seen: set[str] = set()

    def below(name: str, prefix: str) -> Iterator[str]:
        children = sorted(tasks[name].get("downstream", ()))
        for child in children:
            is_last = child == children[-1]
            again = " (see above)" if child in seen and tasks[child].get("downstream") else ""
            yield f"{prefix}{'└─ ' if is_last else '├─ '}{_label(tasks[child])}{again}"
            if child not in seen:
                seen.add(child)
                yield from below(child, prefix + ("   " if is_last else "│  "))

    yield f"{spec['dag_id']} ({len(tasks)} tasks)"
    for name in tasks:
        if name not in followers:
            seen.add(name)
            yield _label(tasks[name])
            yield from below(name, "")


def dot_lines(spec: DagSpec) -> Iterator[str]:
    """Yield the DAG in Graphviz's language."""
    yield f'digraph "{spec["dag_id"]}" {{'
    yield "  rankdir=LR; node [shape=box, style=rounded];"
    for task in spec["tasks"]:
        yield f'  "{task["task_id"]}" [label="{task["task_id"]}\\n{task["type"]}"];'
        for name in task.get("downstream", ()):
            label = spec.get("edge_labels", {}).get(task["task_id"], {}).get(name)
            attributes = f' [label="{label}"]' if label else ""
            yield f'  "{task["task_id"]}" -> "{name}"{attributes};'
    yield "}"


def _label(task: TaskSpec) -> str:
    mapped = " [mapped]" if "mapped" in task else ""
    return f"{task['task_id']} <{task['type']}>{mapped}"


def save_graph(path: str, spec: DagSpec) -> None:
    """Write the graph to a file, in the form that its ending names; raise UserError."""
    import subprocess
    from pathlib import Path

    from slipstream.cli.file import write_text

    text = "\n".join(dot_lines(spec)) + "\n"
    form = Path(path).suffix.lstrip(".").lower()
    if form in ("", "dot", "gv"):
        write_text(path, text)
    else:
        try:
            subprocess.run(["dot", f"-T{form}", "-o", path], input=text, text=True, check=True)
        except FileNotFoundError:
            raise UserError(
                "Graphviz is not installed (there is no program dot): save to a .dot file."
            ) from None
        except subprocess.CalledProcessError as error:
            raise UserError(f"Graphviz cannot write {path} (exit {error.returncode}).") from None
    print(f"Saved to {path}")


COMMANDS = (
    Command(
        "show",
        "Show a DAG's tasks and what follows what",
        show_dag,
        (
            DAG_ID,
            arg("-s", "--save", metavar="FILE", help="write a .dot, .svg, .png, … file"),
            arg("--dot", action="store_true", help="print it in Graphviz's language"),
            arg("--imgcat", action="store_true", help="accepted, unused"),
            arg("-S", "--subdir", help=argparse.SUPPRESS),
        ),
        "dags show demo --save demo.svg",
    ),
)
