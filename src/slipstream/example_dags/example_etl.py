"""### Orders: extract, transform, load

One run a day works on that day's data interval. The tasks hand small results to one another as
XComs; the table itself goes to a SQLite file, by the run's date, so that a run may be repeated
without counting anything twice.

The "shop" is a random generator seeded with the date: every run of a date sees the same orders.
A run started by hand may have no logical date; it works on the day it was started.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from airflow.sdk import dag, task

DATABASE = Path(tempfile.gettempdir()) / "slipstream_example_orders.db"
CURRENCIES = {"EUR": 1.0, "USD": 0.92, "GBP": 1.17}


def day_of(dag_run) -> str:
    return f"{dag_run.logical_date or dag_run.run_after:%Y-%m-%d}"


@dag(
    schedule="@daily",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    doc_md=__doc__,
    tags=["example", "etl"],
)
def example_etl():
    @task
    def extract(dag_run=None) -> list[dict]:
        """Read the orders of the run's day from the shop."""
        day = day_of(dag_run)
        shop = random.Random(day)
        return [
            {
                "order_id": f"{day}-{number:03}",
                "amount": round(shop.uniform(5, 250), 2),
                "currency": shop.choice(list(CURRENCIES)),
            }
            for number in range(shop.randint(20, 60))
        ]

    @task
    def transform(orders: list[dict]) -> list[dict]:
        """Convert all amounts to euros, and leave out what is too small to matter."""
        converted = [
            {"order_id": o["order_id"], "eur": round(o["amount"] * CURRENCIES[o["currency"]], 2)}
            for o in orders
        ]
        return [order for order in converted if order["eur"] >= 10]

    @task
    def load(orders: list[dict], dag_run=None) -> int:
        """Replace the day's rows, so that running again changes nothing."""
        day = day_of(dag_run)
        with sqlite3.connect(DATABASE) as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS orders (order_id TEXT PRIMARY KEY, day TEXT, eur REAL)"
            )
            connection.execute("DELETE FROM orders WHERE day = ?", (day,))
            connection.executemany(
                "INSERT INTO orders VALUES (?, ?, ?)",
                [(order["order_id"], day, order["eur"]) for order in orders],
            )
        return len(orders)

    @task
    def report(n_orders: int, orders: list[dict], dag_run=None) -> None:
        total = sum(order["eur"] for order in orders)
        print(f"{day_of(dag_run)}: {n_orders} orders, {total:,.2f} EUR")

    orders = transform(extract())
    report(load(orders), orders)


example_etl()
