"""Many clients at once, some of them hostile: each is answered, rightly, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest
from tests.api.running import Api

from slipstream.api.serve import allow_many_files

N_CLIENTS = 100
N_ROUNDS = 2
N_LARGE = 10
READS = (
    "/dags",
    "/dags/~/dagRuns?limit=100",
    "/dags/sales/dagRuns/done/taskInstances",
    "/dags/sales/dagRuns/done/taskInstances/extract/logs/2",
)
HOSTILE = (
    "/dags/..%2F..%2Fetc%2Fpasswd",
    "/dags?dag_id_pattern=%27%3B%20DROP%20TABLE%20dag%3B--",
    "/dags/%3Cscript%3E/dagRuns",
    "/nowhere",
)


@pytest.mark.alone
def test_a_hundred_clients_at_once_are_all_answered(filled: Api) -> None:
    allow_many_files()
    seen = asyncio.run(_storm(filled.origin, filled.headers["Authorization"]))
    assert {status for status in seen if status >= 500} == set()
    assert seen[200] >= N_CLIENTS * N_ROUNDS * len(READS)
    assert seen[201] == N_CLIENTS
    assert seen[413] == N_LARGE
    written = filled.ok("GET", "/variables?limit=0")["total_entries"]
    assert written == N_CLIENTS
    assert len(filled.ok("GET", "/dags")["dags"]) == 2


async def _storm(origin: str, token: str) -> Counter[int]:
    limits = httpx.Limits(max_connections=N_CLIENTS, max_keepalive_connections=N_CLIENTS)
    headers = {"Authorization": token}
    async with httpx.AsyncClient(
        base_url=f"{origin}/api/v2", headers=headers, limits=limits, timeout=60, trust_env=False
    ) as client:
        told = await asyncio.gather(*(_one(client, n) for n in range(N_CLIENTS)))
    return Counter(status for statuses in told for status in statuses)


async def _one(client: httpx.AsyncClient, number: int) -> list[int]:
    seen = []
    for _ in range(N_ROUNDS):
        for path in (*READS, *HOSTILE):
            seen.append((await client.get(path)).status_code)
    body = {"key": f"k{number}", "value": number}
    seen.append((await client.post("/variables", json=body)).status_code)
    if number < N_LARGE:
        large = b"x" * (8 * 1024 * 1024 + 1)
        seen.append((await client.post("/variables", content=large)).status_code)
    return seen
