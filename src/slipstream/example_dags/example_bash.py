"""### Shell commands

Commands are Jinja templates: `{{ run_id }}` is the run's id, `{{ ti.xcom_pull(...) }}` what another
task printed last. A command that ends with exit code 99 is skipped, any other but 0 fails.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, chain

with DAG(
    dag_id="example_bash",
    schedule="*/30 * * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    dagrun_timeout=timedelta(minutes=10),
    default_args={"execution_timeout": timedelta(minutes=2)},
    doc_md=__doc__,
    tags=["example", "bash"],
):
    look = BashOperator(
        task_id="look",
        bash_command="df --output=pcent / | tail -1 | tr -dc 0-9",
    )
    decide = BashOperator(
        task_id="decide",
        bash_command='[ "$USED" -ge "$LIMIT" ] || { echo "$USED % is fine"; exit 99; }',
        env={"USED": "{{ ti.xcom_pull(task_ids='look') }}", "LIMIT": "80"},
        append_env=True,
    )
    warn = BashOperator(
        task_id="warn",
        bash_command="echo 'In {{ run_id }} the disk is over its limit.'",
    )
    tidy_up = BashOperator(
        task_id="tidy_up",
        bash_command="echo 'Nothing to tidy up after run {{ run_id }}.'",
        trigger_rule="all_done",
    )

    chain(look, decide, warn, tidy_up)
