"""Airflow's old import paths, and where their names are now (read by the legacy finder)."""

TABLE: dict[str, dict[str, str]] = {
    "airflow.operators.python": {"PythonOperator": "airflow.providers.standard.operators.python"},
    "airflow.operators.bash": {"BashOperator": "airflow.providers.standard.operators.bash"},
    "airflow.operators.empty": {"EmptyOperator": "airflow.providers.standard.operators.empty"},
    "airflow.decorators": {
        "task": "slipstream.sdk.decorator:task_decorator",
        "dag": "slipstream.sdk.dag",
    },
    "airflow.models": {"DAG": "slipstream.sdk.dag"},
}
