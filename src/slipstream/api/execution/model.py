"""The messages of the execution API, as its OpenAPI document shows them.

Unknown keys are passed over: within a version, a newer side may say more than an older one knows.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

Id = Annotated[str, Field(max_length=36)]
Token = Annotated[str, Field(max_length=8192)]
Int = Annotated[int, Field(ge=0, lt=2**31)]


class Host(BaseModel):
    """A worker host that introduces itself."""

    hostname: str = Field(max_length=1000)
    pid: Int
    pid_started: float | None = Field(None, description="Seconds since its machine booted.")
    executor: str = Field(max_length=1000, description="The executor that started it.")
    slots: Int = Field(description="Attempts that it runs at a time.")
    queues: list[str] = Field(default_factory=list, description="Queues that it takes from.")
    version: int = Field(description="Version of the protocol that it speaks.")
    log_mark: str | None = Field(
        None,
        max_length=100,
        description="Name of a file that it has put into its log folder for this call.",
    )


class HostAnswer(BaseModel):
    host_id: str
    token: str = Field(description="The host's token, for all that it says in its own name.")
    heartbeat_s: float = Field(description="How often it should send a heartbeat, at least.")
    run_token_s: float = Field(description="How long an attempt's run token is valid.")
    shares_logs: bool = Field(description="The mark was found: logs need not be sent.")
    wants_log_ends: bool = Field(
        False, description="It is to be told of each log's end even if the logs are not sent."
    )
    now: str = Field(description="The server's time, ISO 8601; the host goes by it.")


class Start(BaseModel):
    """An attempt whose process waits for leave to begin."""

    token: Token = Field(description="The start token in its workload.")
    attempt_id: Id
    pid: Int
    started_at: AwareDatetime
    clears: bool = Field(False, description="Delete what an earlier try has pushed as XComs.")


class Finish(BaseModel):
    """How an attempt ended."""

    token: Token = Field(description="Its run token, which may have expired up to 7 days ago.")
    outcome: dict[str, Any] = Field(
        description="`attempt_id`, `state` (success, failed, skipped, up_for_reschedule or "
        "deferred), `ended_at`, and what belongs to it: `error`, `xcoms`, `skip`, `map_length`, "
        "`rendered_fields`, `reschedule_at`, `defer`, `outlet_events`, `exit_code`, `signal`."
    )


class CallbackStart(BaseModel):
    """A callback whose process waits for leave to begin."""

    token: Token
    id: Id
    started_at: AwareDatetime


class CallbackEnd(BaseModel):
    """How a callback request ended."""

    token: Token
    id: Id
    ok: bool
    error: str | None = None


class Rendered(BaseModel):
    """What the templates of a task that still runs have become."""

    attempt_id: Id
    fields: dict[str, Any]


class Heartbeat(BaseModel):
    """The host lives, and with it these attempts."""

    running: list[Id] = Field(default_factory=list)
    renew: list[Token] = Field(
        default_factory=list,
        description="Their run tokens of which less than half the time is left.",
    )


class Commit(BaseModel):
    """What has happened in a host since it last said so. Starts count before finishes."""

    starts: list[Start] = Field(default_factory=list)
    finishes: list[Finish] = Field(default_factory=list)
    callback_starts: list[CallbackStart] = Field(default_factory=list)
    callbacks: list[CallbackEnd] = Field(default_factory=list)
    rendered: list[Rendered] = Field(
        default_factory=list, description="Of attempts that run on this host; others are let be."
    )
    heartbeat: Heartbeat | None = None


class CommitAnswer(BaseModel):
    started: list[str] = Field(
        description="Attempts and callbacks that may begin now, here and nowhere else."
    )
    finished: list[str] = Field(description="Attempts whose outcome counts.")
    refused: dict[str, str] = Field(
        description="Why, for items that were refused for another reason than that another host "
        "has the attempt or that it is over. An attempt that is finished, too, has failed: the "
        "outcome that it reported cannot be saved."
    )
    tokens: dict[str, str] = Field(description="New run tokens by attempt id.")
    host_token: str | None = Field(description="A new token of the host's own.")
    is_alive: bool = Field(description="False: the host was given up, and has to end.")
    cancel: list[str] = Field(description="Running attempts whose processes have to end.")
    now: str = Field(description="The server's time, ISO 8601.")


class Request(BaseModel):
    """What a task, or the top of its DAG file, asks."""

    method: str = Field(max_length=100, examples=["get_variable", "get_xcoms", "trigger_dag_run"])
    params: dict[str, Any]


class RequestError(BaseModel):
    type: str = Field(description="The name of the exception that the task is to see.")
    message: str


class RequestAnswer(BaseModel):
    """Either a value or an error."""

    value: Any = None
    error: RequestError | None = None
    now: str


class LogChunk(BaseModel):
    """A part of an attempt's log."""

    token: Token
    attempt_id: Id
    offset: Annotated[int, Field(ge=0, lt=2**48)] | None = Field(
        description="Where it goes in the server's file; null: nothing is written, the answer says "
        "how long the file is."
    )
    data: str = Field("", description="Its bytes in base64.")
    is_last: bool = Field(
        False,
        description="The attempt's part of the log is whole with this. Without an offset: it is in "
        "the server's log folder already.",
    )
    start: Annotated[int, Field(ge=0, lt=2**48)] | None = Field(
        None,
        description="With the last chunk: where the attempt's part begins in the server's file.",
    )


class Logs(BaseModel):
    chunks: list[LogChunk]


class LogsAnswer(BaseModel):
    sizes: dict[str, int] = Field(
        description="Where each attempt's next chunk goes: after this one, or at the file's end "
        "when this one would have left a gap and was not written."
    )
    refused: dict[str, str]
    now: str


class Refusal(BaseModel):
    """An attempt cannot begin on a worker. The same in every version of the protocol."""

    reason: str = Field(max_length=20_000, description="What people read on the task instance.")


class Answer(BaseModel):
    now: str


class Health(Answer):
    status: str
    version: int
