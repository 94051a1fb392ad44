"""### TaskFlow: functions that call one another

A decorated function is a task; calling it draws the edge, and its return value reaches the next
task as an XCom. `multiple_outputs` makes each key of a dictionary a result of its own, and a task
group folds tasks that belong together.
"""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag, task, task_group

TEXT = """
The quick brown fox jumps over the lazy dog. The dog sleeps on. Later the fox comes back, and
this time the dog is awake; they look at each other for a long time, and then both go home.
"""


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1),
    doc_md=__doc__,
    tags=["example", "taskflow"],
)
def example_taskflow():
    @task(multiple_outputs=True)
    def split(text: str) -> dict[str, list[str]]:
        words = text.lower().replace(".", " ").replace(",", " ").replace(";", " ").split()
        return {"words": words, "sentences": [s.strip() for s in text.split(".") if s.strip()]}

    @task
    def most_common(words: list[str]) -> str:
        return max(sorted(set(words)), key=words.count)

    @task
    def longest(words: list[str]) -> str:
        return max(words, key=len)

    @task
    def words_per_sentence(words: list[str], sentences: list[str]) -> float:
        return round(len(words) / len(sentences), 1)

    @task
    def summarize(common: str, longest: str, length: float) -> None:
        print(f"The most common word is {common!r}, the longest is {longest!r}.")
        print(f"A sentence has {length} words.")

    @task_group
    def count(words: list[str], sentences: list[str]):
        return {
            "common": most_common(words),
            "longest": longest(words),
            "length": words_per_sentence(words, sentences),
        }

    parts = split(TEXT)
    summarize(**count(parts["words"], parts["sentences"]))


example_taskflow()
