"""The lists' rules, on every database: filters, patterns, order, paging."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from tests.api.build import START, fill
from tests.databases import DATABASES

from slipstream.errors import UserError
from slipstream.store import Connection, Store, schema
from slipstream.store.listing import (
    BadCursor,
    Between,
    Filter,
    Like,
    NoneOf,
    OneOf,
    Prefix,
    UnknownField,
    Window,
    record,
    resource,
)
from slipstream.store.listing import (
    dag as dags,
)
from slipstream.store.listing import (
    page as pages,
)
from slipstream.store.listing import (
    run as runs,
)
from slipstream.store.listing import (
    task_instance as tis,
)
from slipstream.store.listing.dag import DagFilter


@pytest.fixture(params=DATABASES)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


NAMES = ["alpha", "Alpha_2", "alp%ha", "beta", "BETA", "gamma!x", "delta\\"]


@pytest.fixture
def many(store: Store) -> Store:
    """Runs of one DAG with odd names; some have neither logical date nor start."""

    def add(conn: Connection) -> None:
        rows: list[dict[str, Any]] = []
        for i, name in enumerate(NAMES):
            dated = i % 2 == 0
            rows.append(
                {
                    "dag_id": "d",
                    "run_id": name,
                    "run_type": "manual",
                    "state": ("success", "failed", "running")[i % 3],
                    "logical_date": START + timedelta(days=i) if dated else None,
                    "run_after": START + timedelta(hours=i),
                    "queued_at": START,
                    "start_date": START if dated else None,
                    "end_date": START + timedelta(seconds=i + 0.25) if dated else None,
                    "conf": '{"a_b": 1}' if i == 0 else None,
                    "clear_number": 0,
                    "updated_at": START,
                }
            )
        conn.execute(insert(schema.dag_run), rows)

    store.write(add)
    return store


def names(store: Store, *filters: Filter, **window: Any) -> list[str]:
    with store.read() as conn:
        page = runs.page(conn, Window(window.pop("limit", 100), **window), filters)
    return [row.run_id for row in page.rows]


class TestFilters:
    @pytest.mark.parametrize(
        ("pattern", "found"),
        [
            ("alp", ["alpha", "Alpha_2", "alp%ha"]),
            ("ALPHA", ["alpha", "Alpha_2"]),
            ("a%2", ["Alpha_2"]),
            ("bet_", ["beta", "BETA"]),
            ("pha|gam", ["alpha", "Alpha_2", "gamma!x"]),
            ("gamma!x", ["gamma!x"]),
            ("delta\\", ["delta\\"]),
            ("~", NAMES),
            ("%", NAMES),
            ("nothing", []),
            ("'; DROP TABLE dag_run; --", []),
        ],
    )
    def test_a_pattern_is_a_substring_in_any_case(
        self, many: Store, pattern: str, found: list[str]
    ) -> None:
        assert names(many, Like("run_id", pattern)) == found

    @pytest.mark.parametrize(
        ("prefix", "found"),
        [
            ("alp", ["alpha", "alp%ha"]),
            ("Alp", ["Alpha_2"]),
            ("alp%", ["alpha", "alp%ha"]),  # as Airflow: what is no letter at the end is cut
            ("alp%h", ["alp%ha"]),
            ("be|ga", ["beta", "gamma!x"]),
            ("~", NAMES),
            ("", NAMES),
            ("lpha", []),
        ],
    )
    def test_a_prefix_is_literal_and_minds_case(
        self, many: Store, prefix: str, found: list[str]
    ) -> None:
        assert names(many, Prefix("run_id", prefix)) == found

    def test_values_with_and_without_null(self, many: Store) -> None:
        assert names(many, OneOf("state", ("failed",))) == ["Alpha_2", "BETA"]
        assert names(many, OneOf("state", ("failed", "running"))) == [
            *("Alpha_2", "alp%ha", "BETA", "gamma!x"),
        ]
        assert names(many, OneOf("start_date", (None,))) == ["Alpha_2", "beta", "gamma!x"]
        assert names(many, OneOf("run_id", ("ALPHA", "alpha"))) == ["alpha"]
        assert names(many, NoneOf("state", ("failed", "success"))) == ["alp%ha", "gamma!x"]

    def test_bounds_with_and_without_their_ends(self, many: Store) -> None:
        hour = START + timedelta(hours=2)
        assert names(many, Between("run_after", lte=hour)) == NAMES[:3]
        assert names(many, Between("run_after", lt=hour)) == NAMES[:2]
        assert names(many, Between("run_after", gte=hour, lt=hour + timedelta(hours=1))) == [
            "alp%ha"
        ]

    def test_durations_are_seconds_with_their_fraction(self, many: Store) -> None:
        assert names(many, Between("duration", gt=2.2, lt=2.3)) == ["alp%ha"]
        assert names(many, Between("duration", gte=4.0)) == ["BETA", "delta\\"]

    def test_conf_is_searched_as_text(self, many: Store) -> None:
        with many.read() as conn:
            found = runs.page(conn, Window(9), conf_contains='"a_b"').rows
            assert [row.run_id for row in found] == ["alpha"]
            assert runs.page(conn, Window(9), conf_contains="axb").rows == []

    def test_unknown_fields_are_refused(self, many: Store) -> None:
        with pytest.raises(UnknownField):
            names(many, OneOf("nope", (1,)))
        with pytest.raises(UnknownField):
            names(many, order_by=("run_id; DROP TABLE dag_run",))


class TestOrderAndPages:
    def test_nulls_come_last_either_way(self, many: Store) -> None:
        dated = ["alpha", "alp%ha", "BETA", "delta\\"]
        undated = ["Alpha_2", "beta", "gamma!x"]
        assert names(many, order_by=("logical_date",)) == dated + undated
        assert names(many, order_by=("-logical_date",)) == dated[::-1] + undated[::-1]

    def test_a_list_has_few_orders(self, many: Store) -> None:
        assert names(many, order_by=("id",) * 10)
        with pytest.raises(UserError):
            names(many, order_by=("id",) * 11)

    def test_several_criteria(self, many: Store) -> None:
        found = names(many, order_by=("-state", "-run_after"))
        assert found == [
            *("delta\\", "beta", "alpha"),
            *("gamma!x", "alp%ha"),
            *("BETA", "Alpha_2"),
        ]

    def test_offsets_cut_the_list_and_the_total_stays(self, many: Store) -> None:
        with many.read() as conn:
            for offset in range(9):
                page = runs.page(conn, Window(2, offset, ("id",)))
                assert [r.run_id for r in page.rows] == NAMES[offset : offset + 2]
                assert page.total == len(NAMES)
            nothing = runs.page(conn, Window(0))
            assert (nothing.rows, nothing.total) == ([], len(NAMES))

    @pytest.mark.parametrize(
        "order_by",
        [("id",), ("-logical_date",), ("state", "-duration"), ("-start_date", "run_id"), ()],
    )
    @pytest.mark.parametrize("limit", [1, 2, 3, 50])
    def test_cursors_walk_the_whole_list_forth_and_back(
        self, many: Store, order_by: tuple[str, ...], limit: int
    ) -> None:
        everything = names(many, order_by=order_by)
        with many.read() as conn:
            seen, cursor, pages = [], "", []
            while cursor is not None:
                page = runs.page(conn, Window(limit, 0, order_by, cursor))
                assert page.total == len(NAMES)
                pages.append(page)
                seen += [r.run_id for r in page.rows]
                cursor = page.next_cursor
            assert seen == everything
            assert pages[0].previous_cursor is None
            for later, earlier in zip(pages[:0:-1], pages[-2::-1], strict=True):
                back = runs.page(conn, Window(limit, 0, order_by, later.previous_cursor))
                assert [r.run_id for r in back.rows] == [r.run_id for r in earlier.rows]
                assert back.next_cursor is not None
                assert (back.previous_cursor is None) == (earlier is pages[0])

    def test_a_cursor_belongs_to_its_order(self, many: Store) -> None:
        with many.read() as conn:
            first = runs.page(conn, Window(2, 0, ("id",), ""))
            for cursor in (first.next_cursor, "x", "é", "bnVsbA", "WyJuIl0", "e30", "W10"):
                with pytest.raises(BadCursor):
                    runs.page(conn, Window(2, 0, ("-run_after",), cursor))

    def test_forged_values_are_refused_before_the_database_sees_them(self, many: Store) -> None:
        import base64
        import json

        for values in (["x"], [None], [{"at": "2026-01-01"}], [[1]], [1, 2], [True, "x"], {}):
            token = json.dumps(["n", "id", values]).encode()
            cursor = base64.urlsafe_b64encode(token).decode().rstrip("=")
            with many.read() as conn, pytest.raises(BadCursor):
                runs.page(conn, Window(2, 0, ("id",), cursor))


def dag_ids(store: Store, belongings: DagFilter, *filters: Filter, **window: Any) -> list[str]:
    with store.read() as conn:
        page = dags.page(conn, Window(100, **window), filters, belongings)
    assert page.total == len(page.rows)
    return [row.dag_id for row in page.rows]


class TestDags:
    @pytest.fixture(autouse=True)
    def _filled(self, store: Store) -> None:
        fill(store)

    @pytest.mark.parametrize(
        ("belongings", "found"),
        [
            (DagFilter(), ["quiet", "sales"]),
            (DagFilter(tags=("etl", "none")), ["sales"]),
            (DagFilter(tags=("etl", "none"), all_tags=True), []),
            (DagFilter(tags=("etl", "shop"), all_tags=True), ["sales"]),
            (DagFilter(owners=("bob",)), ["sales"]),
            (DagFilter(last_run_state="queued"), ["sales"]),
            (DagFilter(last_run_state="success"), []),
            (DagFilter(run_states=("success",)), ["sales"]),
            (DagFilter(run_dates=(Between("start_date", gte=START),)), ["sales"]),
            (DagFilter(run_dates=(Between("start_date", gt=START),)), []),
        ],
    )
    def test_what_belongs_to_a_dag_filters_it(
        self, store: Store, belongings: DagFilter, found: list[str]
    ) -> None:
        assert dag_ids(store, belongings) == found

    @pytest.mark.parametrize(
        "order_by",
        [
            *("dag_id", "dag_display_name", "next_dagrun", "state", "start_date"),
            *("last_run_state", "last_run_start_date"),
        ],
    )
    def test_every_order_works(self, store: Store, order_by: str) -> None:
        for sign in ("", "-"):
            found = dag_ids(store, DagFilter(), order_by=(sign + order_by,))
            assert sorted(found) == ["quiet", "sales"]

    def test_tags_counts_and_names(self, store: Store) -> None:
        with store.read() as conn:
            assert dags.tags(conn, ["sales", "quiet"]) == {"sales": ["etl", "shop"]}
            assert dags.all_tags(conn, Window(1, 1, ("name",))).rows == ["shop"]
            assert dags.run_counts(conn, None) == {"sales": {"success": 1, "queued": 1}}
            assert dags.display_names(conn, ["sales"]) == {"sales": "Sales of the day"}
            assert dags.exists(conn, "sales")
            assert not dags.exists(conn, "SALES")


class TestOthers:
    @pytest.fixture(autouse=True)
    def _filled(self, store: Store) -> None:
        fill(store)

    def test_task_instances_filter_by_what_they_join(self, store: Store) -> None:
        def found(*filters: Filter) -> list[tuple[str, int]]:
            with store.read() as conn:
                page = tis.page(conn, Window(100, order_by=("id",)), filters)
                assert page.total == len(page.rows)
                return [(row.task_id, row.map_index) for row in page.rows]

        done = OneOf("run_id", ("done",))
        assert ("load", 1) in found(done)
        assert found(done, OneOf("map_index", (1,))) == [("load", 1)]
        assert len(found(done, OneOf("version_number", (1,)))) == len(found(done))
        assert found(done, OneOf("version_number", (2,))) == []
        assert found(done, OneOf("executor", ("x",))) == []
        loads = [("load", 0), ("load", 1)]
        assert found(done, Like("task_display_name", "OAD IT")) == loads
        assert found(done, Prefix("task_display_name", "Load")) == loads
        assert found(done, Prefix("task_display_name", "load")) == [], "it has another name"
        assert found(done, Like("task_display_name", "extr|load it")) == [("extract", -1), *loads]
        assert len(found(Between("run_after", gt=START))) == len(found()) - len(found(done))
        assert ("extract", -1) in found(done, Between("duration", gt=6.4, lt=6.6))

    def test_every_order_of_task_instances_works(self, store: Store) -> None:
        with store.read() as conn:
            everything = tis.page(conn, Window(100)).total
            for name in tis._LISTING.sortable:
                for sign in ("", "-"):
                    seen: list[Any] = []
                    cursor: str | None = ""
                    while cursor is not None:
                        window = Window(2, 0, (sign + name,), cursor)
                        page = tis.page(conn, window)
                        seen += [row[:3] for row in page.rows]
                        cursor = page.next_cursor
                    assert len(seen) == len(set(seen)) == everything, name

    @pytest.mark.parametrize("filters", [(), (OneOf("run_id", ("done",)),)])
    def test_pages_by_map_index_are_the_same_however_they_are_found(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, filters: tuple[Filter, ...]
    ) -> None:
        def keys(limit: int, offset: int) -> list[Any]:
            window = Window(limit, offset, ("map_index",))
            with store.read() as conn:
                return [tuple(row[:3]) for row in tis.page(conn, window, filters).rows]

        everything = keys(100, 0)  # so few rows are sorted
        assert len({index for _, _, index in everything}) == 3
        assert everything == sorted(everything, key=lambda key: (key[2], key[0], key[1]))
        monkeypatch.setattr(pages, "_WORTH_A_TRY", 0)
        for limit in (1, 2, 3):
            for offset in range(len(everything)):
                assert keys(limit, offset) == everything[offset : offset + limit]

    def test_a_try_speaks_for_all_its_attempts(self, store: Store) -> None:
        with store.read() as conn:
            row = tis.get(conn, "sales", "done", "extract", -1)
            assert row is not None
            tries = tis.tries(conn, row.dag_run_id, "extract", -1)
        assert [(t.try_number, t.ti_state) for t in tries] == [(1, "failed"), (2, "success")]

    def test_pools_know_their_use(self, store: Store) -> None:
        def occupy(conn: Connection) -> None:
            rows: Sequence[dict[str, Any]] = [
                {
                    "dag_run_id": 1_000_000 + i,
                    "task_id": "t",
                    "map_index": -1,
                    "state": state,
                    "pool": "default_pool",
                    "pool_slots": 2,
                    "queue": "q",
                    "try_number": 1,
                    "max_tries": 0,
                    "reschedule_count": 0,
                    "priority_weight": 1,
                    "updated_at": START,
                }
                for i, state in enumerate(["running", "queued", "scheduled", "success"])
            ]
            run = {"dag_id": "p", "run_type": "manual", "state": "running", "run_after": START}
            run |= {"queued_at": START, "clear_number": 0, "updated_at": START}
            conn.execute(
                insert(schema.dag_run),
                [{**run, "id": r["dag_run_id"], "run_id": str(r["dag_run_id"])} for r in rows],
            )
            conn.execute(insert(schema.task_instance), rows)

        store.write(occupy)
        with store.read() as conn:
            use = resource.pool_use(conn, ["default_pool"])["default_pool"]
        assert (use.running, use.queued, use.scheduled, use.deferred) == (2, 2, 2, 0)

    def test_records_are_listed(self, store: Store) -> None:
        with store.read() as conn:
            for name in record._AUDIT.sortable:
                assert record.audit(conn, Window(9, order_by=(f"-{name}",))).total == 1
            errors = record.import_errors(conn, Window(9), [Like("filename", "BROKEN")])
            assert [e.stacktrace for e in errors.rows] == ["ImportError: <b>no</b>"]
            assert (
                record.jobs(conn, Window(9), [OneOf("job_type", ("DagProcessorJob",))]).total == 1
            )
            assert record.warnings(conn, Window(9)).total == 0
