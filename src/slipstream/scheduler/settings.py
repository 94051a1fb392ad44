"""The scheduler's settings, read once at start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from slipstream.config import conf

_LEASE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times are seconds. The first group is Airflow's, with Airflow's defaults."""

    parallelism: int = 32
    """Attempts that may be queued or running at once under this scheduler; 0 is no limit."""
    heartbeat_s: float = 5.0
    health_threshold_s: float = 30.0
    """A scheduler whose heartbeat is older is unhealthy; no lease is longer."""
    host_threshold_s: float = 30.0
    """A worker host whose heartbeat is older is dead, and so are its tasks."""
    queued_timeout_s: float = 600.0
    queued_retries: int = 2
    """How often an attempt that never left the queue is queued again before it fails."""
    runs_per_turn: int = 10
    """Dag runs created, or started, in one turn."""
    changes_per_turn: int = 1000
    """Task instances of one run that a turn makes or moves; the next turn goes on with the rest."""
    use_job_schedule: bool = True
    """False: no run is created by a timetable."""

    poll_s: float = 1.0
    """The safety net: how often the inbox is read although nobody woke us."""
    sweep_s: float = 10.0
    """How often runs without an owner and hosts without a heartbeat are looked for."""
    members_s: float = 2.0
    """How often a scheduler looks whether the others are alive, and whether it has its part."""
    foreign_sweep_s: float = 0.5
    """As ``sweep_s``, while attempts run on a host that another scheduler started."""
    linger_s: float = 0.03
    """How long a mere "started" waits for company before it is written."""
    share_s: float = 0.02
    """How long a turn may create runs, start runs, or look at changed DAGs; each of them so long."""
    batch: int = 500
    """Events taken in one turn."""

    @property
    def lease_s(self) -> float:
        """How old a scheduler's heartbeat may be until others take over what it has.

        Shorter than Airflow's 30 s, since a lease taken from a living scheduler does no harm.
        """
        return min(self.health_threshold_s, max(_LEASE_S, 2 * self.heartbeat_s))

    @property
    def lease(self) -> timedelta:
        """``lease_s`` as a timedelta."""
        return timedelta(seconds=self.lease_s)

    @property
    def beat_s(self) -> float:
        """How often a scheduler says that it is alive: one late heartbeat ends no lease."""
        return min(self.heartbeat_s, self.lease_s / 4)

    @classmethod
    def from_config(cls) -> Settings:
        """Read airflow.cfg and the environment."""
        return cls(
            parallelism=conf.getint("core", "parallelism", fallback=32),
            heartbeat_s=conf.getfloat("scheduler", "scheduler_heartbeat_sec", fallback=5.0),
            health_threshold_s=conf.getfloat(
                "scheduler", "scheduler_health_check_threshold", fallback=30.0
            ),
            host_threshold_s=conf.getfloat(
                "scheduler", "scheduler_health_check_threshold", fallback=30.0
            ),
            queued_timeout_s=conf.getfloat("scheduler", "task_queued_timeout", fallback=600.0),
            queued_retries=conf.getint("scheduler", "num_stuck_in_queued_retries", fallback=2),
            use_job_schedule=conf.getboolean("scheduler", "use_job_schedule", fallback=True),
        )
