"""What travels through the broker: one attempt as a Celery task message.

The message keeps to Celery's protocol 2, so that its workers, flower and remote control understand
it. Its one argument is the workload's JSON as a text: Celery's decoder gives a meaning of its own to
some objects in JSON, and what users wrote into a run's conf must not be taken for one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipstream.attempt import Workload
from slipstream.errors import SlipstreamError

TASK_NAME = "slipstream.execute"
END = "end_attempts"
"""The remote control command that tells all workers which attempts to end, and why: ``reasons`` by id."""
VERSION = 1
VERSION_HEADER = "slipstream_version"
N_LEVELS = 10

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode
_EMBEDDED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
_HEADERS: dict[str, Any] = {
    "lang": "py",
    "task": TASK_NAME,
    "shadow": None,
    "eta": None,
    "expires": None,
    "group": None,
    "group_index": None,
    "retries": 0,
    "timelimit": [None, None],
    "parent_id": None,
    "kwargsrepr": "{}",
    "ignore_result": True,
    VERSION_HEADER: VERSION,
}


class Garbage(SlipstreamError):
    """This message is none of ours; ``token`` is what it says may speak for its attempt."""

    def __init__(self, reason: str, token: str | None = None) -> None:
        super().__init__(reason)
        self.token = token


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message that is ready to be published."""

    id: str
    queue: str
    level: int
    """0 to 9, the most urgent last."""
    body: str
    headers: dict[str, Any]


def envelope(workload: Workload) -> Envelope:
    """Return the message that carries an attempt."""
    id_ = workload.attempt_id
    text = _encode(workload.to_json())
    what = f"{workload.dag_id} {workload.run_id} {workload.task_id or workload.callback}"
    if workload.map_index >= 0:
        what += f" {workload.map_index}"
    return Envelope(
        id=id_,
        queue=workload.queue,
        level=level(workload.priority_weight),
        body=_encode([[text], {}, _EMBEDDED]),
        headers={**_HEADERS, "id": id_, "root_id": id_, "argsrepr": what},
    )


def level(priority_weight: int) -> int:
    """Return the broker's step for a weight: 0 for 0 and less, then one per power of two.

    A broker knows ten steps, while weights have no limit: those of a long chain of tasks are in the
    hundreds. The scheduler hands out in the exact order; this one counts for what waits in the broker.
    """
    return min(N_LEVELS - 1, max(0, priority_weight).bit_length())


def read(headers: Mapping[str, Any], payload: Any) -> dict[str, Any]:
    """Return the workload in a message that has arrived; raise Garbage when there is none.

    Whether the workload can be used is for the worker host to say.
    """
    try:
        [text], _, _ = payload
        workload = json.loads(text)
        attempt_id = workload["attempt_id"]
    except (ValueError, TypeError, KeyError) as exc:
        raise Garbage(f"it does not hold a workload ({exc!r})") from exc
    token = workload.get("token")
    version = headers.get(VERSION_HEADER)
    if version != VERSION:
        raise Garbage(
            f"its format has version {str(version)[:20]!r} and this worker's is {VERSION}: install the "
            "same release of Slipstream on both",
            token if isinstance(token, str) else None,
        )
    if headers.get("id") != attempt_id:
        raise Garbage("its id is not its attempt's", token if isinstance(token, str) else None)
    if not isinstance(token, str) or not token:
        raise Garbage("its workload has no token")
    found: dict[str, Any] = workload
    return found
