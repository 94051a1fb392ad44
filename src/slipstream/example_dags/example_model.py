"""### A small model: train several, keep the best

Fits a straight line to noisy points by gradient descent, with one task per learning rate, side by
side. `pick` compares them on points that no training saw, and `good_enough` stops the run before
`publish` when even the best one is poor. The standard library is all it needs.

Parameters: how many points, and the error up to which a model may be published.
"""

from __future__ import annotations

import json
import random
import tempfile
from datetime import datetime
from pathlib import Path

from airflow.sdk import Param, dag, task

LEARNING_RATES = {"slow": 0.001, "steady": 0.05, "bold": 0.4}
SLOPE, OFFSET = 2.5, -1.0
Point = tuple[float, float]


def error_of(model: dict, points: list[Point]) -> float:
    """Return the mean squared error of a model."""
    return sum((model["slope"] * x + model["offset"] - y) ** 2 for x, y in points) / len(points)


@dag(
    schedule="@weekly",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    params={
        "n_points": Param(200, type="integer", minimum=20, maximum=5000),
        "max_error": Param(0.5, type="number", minimum=0),
    },
    doc_md=__doc__,
    tags=["example", "machine learning"],
)
def example_model():
    @task(multiple_outputs=True)
    def prepare(params: dict, run_id: str) -> dict[str, list[Point]]:
        """Make noisy points on a line, and set a fifth aside for the comparison."""
        noise = random.Random(run_id)
        points = []
        for _ in range(params["n_points"]):
            x = noise.uniform(-2, 2)
            points.append((x, SLOPE * x + OFFSET + noise.gauss(0, 0.5)))
        n_test = len(points) // 5
        return {"train": points[n_test:], "test": points[:n_test]}

    @task
    def train(points: list[Point], learning_rate: float) -> dict:
        """Fit a line by a hundred steps of gradient descent."""
        slope = offset = 0.0
        for _ in range(100):
            errors = [(x, slope * x + offset - y) for x, y in points]
            slope -= learning_rate * 2 * sum(e * x for x, e in errors) / len(points)
            offset -= learning_rate * 2 * sum(e for _, e in errors) / len(points)
        return {"learning_rate": learning_rate, "slope": slope, "offset": offset}

    @task
    def pick(models: list[dict], points: list[Point]) -> dict:
        for model in models:
            model["error"] = error_of(model, points)
            print(json.dumps(model))
        return min(models, key=lambda model: model["error"])

    @task.short_circuit
    def good_enough(model: dict, params: dict) -> bool:
        return model["error"] <= params["max_error"]

    @task
    def publish(model: dict) -> str:
        path = Path(tempfile.gettempdir()) / "slipstream_example_model.json"
        path.write_text(json.dumps(model, indent=2))
        return str(path)

    data = prepare()
    models = [
        train.override(task_id=f"train_{name}")(data["train"], rate)
        for name, rate in LEARNING_RATES.items()
    ]
    best = pick(models, data["test"])
    good_enough(best) >> publish(best)


example_model()
