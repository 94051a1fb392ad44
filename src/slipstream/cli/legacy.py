"""Words of Airflow 1.10 and 2.x: rewritten where today's words do the same, explained otherwise."""

from __future__ import annotations

REWRITTEN: dict[tuple[str, ...], tuple[str, ...]] = {
    ("webserver",): ("api-server",),
    ("db", "init"): ("db", "migrate"),
    ("db", "upgrade"): ("db", "migrate"),
    ("initdb",): ("db", "migrate"),
    ("upgradedb",): ("db", "migrate"),
    ("resetdb",): ("db", "reset"),
    ("checkdb",): ("db", "check"),
    ("shell",): ("db", "shell"),
    ("worker",): ("celery", "worker"),
    ("flower",): ("celery", "flower"),
    ("list_dags",): ("dags", "list"),
    ("list_dag_runs",): ("dags", "list-runs"),
    ("trigger_dag",): ("dags", "trigger"),
    ("delete_dag",): ("dags", "delete"),
    ("show_dag",): ("dags", "show"),
    ("dag_state",): ("dags", "state"),
    ("next_execution",): ("dags", "next-execution"),
    ("pause",): ("dags", "pause"),
    ("unpause",): ("dags", "unpause"),
    ("list_tasks",): ("tasks", "list"),
    ("task_state",): ("tasks", "state"),
    ("task_failed_deps",): ("tasks", "failed-deps"),
    ("render",): ("tasks", "render"),
    ("clear",): ("tasks", "clear"),
    ("run",): ("tasks", "run"),
    ("test",): ("tasks", "test"),
    ("create_user",): ("users", "create"),
    ("list_users",): ("users", "list"),
    ("delete_user",): ("users", "delete"),
    ("sync_perm",): ("sync-perm",),
    ("variables", "-g"): ("variables", "get"),
    ("variables", "--get"): ("variables", "get"),
    ("variables", "-s"): ("variables", "set"),
    ("variables", "--set"): ("variables", "set"),
    ("variables", "-x"): ("variables", "delete"),
    ("variables", "--delete"): ("variables", "delete"),
    ("variables", "-i"): ("variables", "import"),
    ("variables", "--import"): ("variables", "import"),
    ("variables", "-e"): ("variables", "export"),
    ("variables", "--export"): ("variables", "export"),
    ("connections", "-l"): ("connections", "list"),
    ("connections", "--list"): ("connections", "list"),
    ("pool",): ("pools",),
    ("pools", "-s"): ("pools", "set"),
    ("pools", "--set"): ("pools", "set"),
    ("pools", "-g"): ("pools", "get"),
    ("pools", "--get"): ("pools", "get"),
    ("pools", "-x"): ("pools", "delete"),
    ("pools", "--delete"): ("pools", "delete"),
    ("pools", "-i"): ("pools", "import"),
    ("pools", "--import"): ("pools", "import"),
    ("pools", "-e"): ("pools", "export"),
    ("pools", "--export"): ("pools", "export"),
}

QUIET = frozenset({("webserver",), ("db", "init"), ("db", "upgrade")})
"""Words that scripts and images still use everywhere: rewritten without a remark."""

ADVICE: dict[tuple[str, ...], str] = {
    ("dags", "backfill"): (
        "`dags backfill` is gone, as in Airflow 3: use "
        "`backfill create --dag-id DAG_ID --from-date DATE --to-date DATE`."
    ),
    ("kubernetes",): "There is no KubernetesExecutor: use the LocalExecutor.",
    (
        "triggerer",
    ): "There is no triggerer: deferrable tasks are refused when their DAG is imported.",
    ("serve_logs",): "The API server serves the logs: start `api-server`.",
    ("internal-api",): "There is no internal API: the API server is all there is.",
    ("upgrade_check",): "`upgrade_check` was for Airflow 1.10. Try `config lint`.",
}
_NOT_YET = (
    *(("assets",), ("edge",), ("fab-db",), ("kerberos",), ("partitions",), ("plugins",)),
    *(("providers",), ("state-store",), ("teams",), ("db-manager",), ("dags", "show-dependencies")),
)
for _words in _NOT_YET:
    ADVICE[_words] = f"`{' '.join(_words)}` is a command of Airflow that Slipstream does not have."


def rewrite(argv: list[str]) -> tuple[list[str], str | None]:
    """Return today's words for ``argv``, and a remark for people if they should learn them."""
    for length in (2, 1):
        words = tuple(argv[:length])
        new = REWRITTEN.get(words)
        if new is not None:
            remark = f"`{' '.join(words)}` is now `{' '.join(new)}`."
            return rewrite([*new, *argv[length:]])[0], None if words in QUIET else remark
    return argv, None


def advice(argv: list[str]) -> str | None:
    """Return what to do instead of a command that has no equivalent; None for all others."""
    return ADVICE.get(tuple(argv[:2])) or ADVICE.get(tuple(argv[:1]))
