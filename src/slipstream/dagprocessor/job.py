"""What the processor asks of a parsing process, and what comes back: plain data, JSON on the way."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from slipstream.spec import DagSpec

PARSE = "parse"
NEXT_RUN = "next_run"
MANUAL_RUN = "manual_run"
RUNS_BETWEEN = "runs_between"
QUESTIONS = (MANUAL_RUN, RUNS_BETWEEN)
"""What somebody asks of a custom timetable and waits for."""

MAX_MESSAGE_BYTES = 1 << 16
"""Of a message between service and zygote; the answer has a socket of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file to load in a process of its own."""

    kind: str = PARSE
    """``parse``: load and serialize; the others: load, and ask one DAG's custom timetable."""
    bundle_name: str
    root: str
    """The bundle's folder."""
    relative_fileloc: str
    path: str
    watched: tuple[str, ...]
    """Folders whose files count as dependencies."""
    soft_limit_s: float
    """After so long an exception is raised in the file's code; 0: never."""
    hard_limit_s: float
    """After so long the process is killed; 0: never."""
    memory_limit_mb: int
    """What the process may have beyond what it starts with; 0: no limit."""
    dag_id: str | None = None
    last: dict[str, str] | None = None
    """``next_run``: start and end of the last automated run's data interval."""
    question: dict[str, Any] | None = None
    """What ``command.custom_timetable`` asks, for the kinds of ``QUESTIONS``."""

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this job from others."""
        token = self.question["token"] if self.question else ""
        return (self.kind, self.bundle_name, self.relative_fileloc, self.dag_id or "", token)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**{**data, "watched": tuple(data["watched"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDag:
    """A DAG that a file defines, with the text that defines it."""

    spec: DagSpec
    spec_hash: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a file, or one DAG of it, is no good."""

    text: str
    """Traceback from the user's first line on, or one sentence."""
    line: int | None = None
    """Where in the DAG file."""


@dataclass(slots=True, kw_only=True)
class Answer:
    """What a parsing process says of its file."""

    dags: list[ParsedDag] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    """What the file's code warned of (deprecations and the like)."""
    is_dag_file: bool = True
    """False: the user's ``might_contain_dag_callable`` says that it holds no DAGs."""
    dependencies: list[str] = field(default_factory=list)
    """Real paths of other files that the result depends on."""
    is_volatile: bool = False
    """The file asked something that changes unseen: a variable, a server, another program."""
    duration_s: float = 0.0
    next_run: dict[str, str] | None = None
    """``next_run``: ``start``, ``end``, ``run_after``, perhaps ``run_id``; None: no more runs."""
    reply: dict[str, Any] | None = None
    """To the job's question; see ``dagprocessor.question``."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        known = {f.name for f in fields(cls)}
        values = {k: v for k, v in data.items() if k in known}
        values["dags"] = [ParsedDag(**d) for d in data.get("dags", ())]
        values["failures"] = [Failure(**f) for f in data.get("failures", ())]
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A job's end."""

    job: Job
    answer: Answer
    output: bytes = b""
    """The first part of what the file's code printed and logged."""
    max_rss_kb: int = 0
