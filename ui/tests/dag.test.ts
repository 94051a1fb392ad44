import { describe, expect, it } from "vitest";

import { monthOf, monthsOf, ranIn, yearOf } from "../src/page/dag/calendar/days";
import { lanesOf, segmentsOf, spanOf, ticksOf } from "../src/page/dag/gantt/lanes";
import { barHeight, moved, nameWidth, runOfColumn } from "../src/page/dag/grid/geometry";
import { medianOf } from "../src/page/dag/overview/DurationChart";
import { paneOf, withPane } from "../src/page/dag/pane";
import { historyOf, lastOf } from "../src/page/dag/taskHistory";
import type { GanttBar } from "../src/page/dag/query";
import type { Grid } from "../src/query";

const at = (s: number) => new Date(1_000_000_000_000 + s * 1000).toISOString();
const ms = (s: number) => 1_000_000_000_000 + s * 1000;
const bar = (task_id: string, times: (number | null)[], try_number = 1, map_index = -1): GanttBar => {
  const [scheduled_at, queued_at, start_date, end_date] = times.map((time) => (time === null ? null : at(time)));
  return { task_id, map_index, try_number, state: "success", scheduled_at: scheduled_at ?? null, queued_at: queued_at ?? null, start_date: start_date ?? null, end_date: end_date ?? null };
};

describe("a Gantt chart", () => {
  const kinds = (times: (number | null)[]) => segmentsOf(bar("a", times), ms(9)).map(({ kind, from, to }) => [kind, (from - ms(0)) / 1000, (to - ms(0)) / 1000]);
  it("tells waiting from running", () => expect(kinds([0, 1, 3, 7])).toEqual([["scheduled", 0, 1], ["queued", 1, 3], ["ran", 3, 7]]));
  it("lets what has not ended go on until now", () => {
    expect(kinds([0, 1, 3, null])).toEqual([["scheduled", 0, 1], ["queued", 1, 3], ["ran", 3, 9]]);
    expect(kinds([0, 1, null, null])).toEqual([["scheduled", 0, 1], ["queued", 1, 9]]);
  });
  it("does without times that are unknown", () => {
    expect(kinds([null, null, 3, 7])).toEqual([["ran", 3, 7]]);
    expect(kinds([null, null, null, null])).toEqual([]);
  });
  it("has the tasks in their order, with the tries of each", () => {
    const order = new Map([["b", 0], ["a", 1]]);
    const lanes = lanesOf([bar("a", [0, 0, 1, 2], 2), bar("x", [0, 0, 1, 2]), bar("a", [0, 0, 0, 1], 1), bar("b", [0, 0, 1, 2], 1, 1), bar("b", [0, 0, 1, 2], 1, 0), bar("never", [null, null, null, null])], order, ms(9));
    expect(lanes.map((lane) => [lane.taskId, lane.mapIndex, lane.tries.map((each) => each.bar.try_number)])).toEqual([["b", 0, [1]], ["b", 1, [1]], ["a", -1, [1, 2]], ["x", -1, [1]]]);
    expect(spanOf(lanes, at(-1), null)).toEqual({ from: ms(-1), to: ms(2) });
    expect(spanOf([], null, null)).toEqual({ from: 0, to: 1000 });
  });
  it.each([[7, 8, 1], [100, 6, 30], [4000, 5, 900], [0.4, 4, 0.1]])("marks %d seconds with at most %d steps of %d", (seconds, most, step) => {
    const ticks = ticksOf(seconds, most);
    expect(ticks[1]).toBe(step);
    expect(ticks.length).toBeLessThanOrEqual(most + 1);
  });
});

describe("a month of hours", () => {
  it("has each hour of each day with what ran in it", () => {
    const hours = monthOf("2024-02", [{ date: "2024-02-29T23:00:00Z", state: "success", count: 2 }, { date: "2024-02-29T23:00:00Z", state: "planned", count: 3 }]);
    expect(hours).toHaveLength(29 * 24);
    expect(hours[0]).toMatchObject({ at: "2024-02-01T00", day: 1, hour: 0, total: 0 });
    expect(hours.at(-1)).toMatchObject({ at: "2024-02-29T23", day: 29, hour: 23, total: 5 });
    expect(ranIn(hours.at(-1)!, "total")).toBe(2);
  });
});

describe("a year of days", () => {
  it("has each day once, weeks from Monday on", () => {
    const days = yearOf(2024, [{ date: "2024-02-29T00:00:00Z", state: "success", count: 2 }, { date: "2024-02-29T00:00:00Z", state: "failed", count: 1 }]);
    expect(days).toHaveLength(366);
    expect(days[0]).toMatchObject({ date: "2024-01-01", week: 0, weekday: 0, total: 0 });
    expect(days.find((day) => day.date === "2024-02-29")).toMatchObject({ week: 8, weekday: 3, total: 3, counts: { success: 2, failed: 1 } });
    expect(yearOf(2026, [])[0]).toMatchObject({ week: 0, weekday: 3 });
    expect(Math.max(...yearOf(2028, []).map((day) => day.week))).toBe(52);
    expect(monthsOf(2024).slice(0, 3)).toEqual([{ month: 0, week: 0 }, { month: 1, week: 4 }, { month: 2, week: 8 }]);
  });
});

describe("the grid's geometry", () => {
  it("has the newest run at the right", () => expect([0, 2].map((column) => runOfColumn(column, 3))).toEqual([2, 0]));
  it("gives names what is left, within bounds", () => {
    expect(nameWidth(800, 30)).toBe(252);
    expect(nameWidth(800, 10)).toBe(320);
    expect(nameWidth(600, 100)).toBe(168);
    expect(nameWidth(300, 100)).toBe(150);
  });
  it("shows the shortest run too", () => {
    expect(barHeight(0, 100)).toBe(4);
    expect(barHeight(100, 100)).toBe(56);
    expect(barHeight(0, 0)).toBe(4);
  });
  it("moves by keys, and not beyond its edges", () => {
    expect(moved({ row: 0, column: 0 }, "ArrowUp", 5, 5)).toEqual({ row: -1, column: 0 });
    expect(moved({ row: -1, column: 4 }, "ArrowRight", 5, 5)).toEqual({ row: -1, column: 4 });
    expect(moved({ row: 4, column: -1 }, "PageDown", 5, 5)).toEqual({ row: 4, column: -1 });
    expect(moved({ row: 1, column: 2 }, "End", 5, 5)).toEqual({ row: 1, column: 4 });
    expect(moved({ row: 1, column: 2 }, "x", 5, 5)).toBe(null);
  });
});

describe("what the left pane shows", () => {
  it("comes from the address and goes there", () => {
    const search = withPane(new URLSearchParams("page=2"), { view: "graph", limit: 50, state: ["failed", "running"], offset: 50 });
    expect(search.toString()).toBe("page=2&view=graph&show=50&states=failed%2Crunning&skip=50");
    expect(paneOf(search)).toMatchObject({ view: "graph", limit: 50, offset: 50, state: ["failed", "running"], run_type: [], until: null });
  });
  it("begins with the newest runs again if other runs are wanted", () => {
    const search = new URLSearchParams("skip=50&states=failed");
    expect(withPane(search, { state: [] }).toString()).toBe("");
    expect(withPane(search, { limit: 10 }).get("skip")).toBe(null);
    expect(withPane(search, { until: null }).get("skip")).toBe(null);
    expect(withPane(search, { view: "grid" }).get("skip")).toBe("50");
  });
  it("bears nonsense", () => expect(paneOf(new URLSearchParams("view=x&show=-3&skip=x"))).toMatchObject({ view: "grid", limit: 25, offset: 0 }));
});

it("finds a task's last instance and its history in a grid", () => {
  const node = (id: string) => ({ id, label: id, parent: null, kind: "task" as const, operator: null, is_mapped: false, tooltip: null });
  const grid = { nodes: [{ ...node("g"), kind: "group" as const }, node("a"), node("b")], runs: [{ run_id: "new" }, { run_id: "old" }], states: ["success", null], cells: [[-1, 1], [0, 0]] } as unknown as Grid;
  expect([...lastOf(grid)].map(([id, seen]) => [id, seen.run.run_id, seen.state])).toEqual([["a", "old", "success"], ["b", "new", null]]);
  expect(historyOf(grid, "b").map((seen) => seen.run.run_id)).toEqual(["old", "new"]);
  expect(historyOf(grid, "gone")).toEqual([]);
});

it.each([[[3, 1, 2], 2], [[1, 2, 3, 10], 2.5], [[], 0]])("takes the median of %j", (values, median) => expect(medianOf(values)).toBe(median));
