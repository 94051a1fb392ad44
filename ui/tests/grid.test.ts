import { describe, expect, it } from "vitest";

import type { RunChange } from "../src/api/stream";
import { applyChanges, withRun } from "../src/page/dag/grid/live";
import { cellOf, countsOf, rowsOf, treeOf } from "../src/page/dag/grid/rows";
import type { DagRun, Grid, GridNode } from "../src/query";

const node = (id: string, parent: string | null = null, kind: "task" | "group" = "task", is_mapped = false): GridNode => ({
  id,
  label: id.split(".").at(-1)!,
  parent,
  kind,
  operator: null,
  is_mapped,
  tooltip: null,
});

const run = (run_id: string, state = "running") => ({
  run_id,
  run_type: "manual",
  state,
  run_after: "2026-01-01T00:00:00Z",
  logical_date: null,
  queued_at: "2026-01-01T00:00:00Z",
  start_date: null,
  end_date: null,
  duration: null,
  has_note: false,
  version_number: 1,
  triggering_user_name: null,
});

const NODES = [node("start"), node("g", null, "group"), node("g.a", "g"), node("g.h", "g", "group"), node("g.h.b", "g.h", "task", true), node("end")];

const grid = (): Grid => ({
  dag_id: "d",
  version_number: 1,
  nodes: NODES,
  runs: [run("r2"), run("r1", "success")],
  total_runs: 2,
  states: ["success", "failed", null],
  cells: [
    [0, 2, -1, -1],
    [0, 0, 0, 0],
  ],
  notes: [[], []],
});

const change = (tasks: RunChange["tasks"], run_id = "r2", state = "running", dag_id = "d"): RunChange => ({ dag_id, run_id, state, tasks });

describe("the rows of a grid", () => {
  const tree = treeOf(NODES);
  const ids = (folded: string[], search = "") => rowsOf(tree, new Set(folded), search).map((row) => row.node.id);

  it("are the nodes in their order, as deep as their groups", () => {
    expect(ids([])).toEqual(["start", "g", "g.a", "g.h", "g.h.b", "end"]);
    expect(rowsOf(tree, new Set()).map((row) => row.depth)).toEqual([0, 0, 1, 1, 2, 0]);
  });
  it("leave out what is in a folded group", () => {
    expect(ids(["g"])).toEqual(["start", "g", "end"]);
    expect(ids(["g.h"])).toEqual(["start", "g", "g.a", "g.h", "end"]);
  });
  it("show a folded group's tasks to whoever searches for them", () => {
    expect(ids(["g", "g.h"], "B")).toEqual(["g", "g.h", "g.h.b"]);
    expect(ids([], "g.h")).toEqual(["g", "g.h", "g.h.b"]);
    expect(ids([], "nothing")).toEqual([]);
  });
  it("count a task whose group is unknown among the roots", () => {
    expect(rowsOf(treeOf([node("x", "gone")]), new Set()).map((row) => [row.node.id, row.depth])).toEqual([["x", 0]]);
  });
  it("show for a group what matters most in it", () => {
    const group = rowsOf(tree, new Set())[1]!;
    expect(group.tasks).toEqual([1, 2]);
    const states = ["success", "failed", null, "running"];
    expect(cellOf(group, [0, 0, 1, 0], states)).toBe("failed");
    expect(cellOf(group, [0, 3, 2, 0], states)).toBe("running");
    expect(cellOf(group, [0, 0, 2, 0], states)).toBe(null);
    expect(cellOf(group, [0, -1, -1, 0], states)).toBe(undefined);
    expect(countsOf(group, [0, 0, 1, 0], states)).toEqual([["failed", 1], ["success", 1]]);
  });
});

describe("changes of the stream", () => {
  it("set the state of a task, and leave other runs untouched", () => {
    const before = grid();
    const { grid: after, stale, runs } = applyChanges(before, [change([["g.a", -1, "running"], ["end", -1, "queued"]])]);
    expect(stale).toBe(false);
    expect(runs).toEqual([]);
    expect(after.cells[0]!.map((i) => after.states[i])).toEqual(["success", "running", undefined, "queued"]);
    expect(after.cells[1]).toBe(before.cells[1]);
    expect(after.runs).toBe(before.runs);
    expect(before).toEqual(grid());
  });
  it("set the state of a run, whose times have then to be asked for", () => {
    const { grid: after, runs } = applyChanges(grid(), [change([], "r2", "failed")]);
    expect(after.runs[0]!.state).toBe("failed");
    expect(runs).toEqual(["r2"]);
    const told = { dag_run_id: "r2", state: "failed", start_date: "a", end_date: "b", duration: 3, note: "n", queued_at: "q" } as unknown as DagRun;
    expect(withRun(after, told).runs[0]).toMatchObject({ end_date: "b", duration: 3, has_note: true });
    expect(withRun(after, { ...told, dag_run_id: "other" })).toBe(after);
  });
  it("leave the grid as it is if they tell nothing new, or of another DAG", () => {
    const before = grid();
    expect(applyChanges(before, [change([["start", -1, "success"]]), change([["start", -1, "failed"]], "r2", "running", "other")])).toEqual({ grid: before, stale: false, runs: [] });
    expect(applyChanges(before, [change([["start", -1, "success"]])]).grid).toBe(before);
  });
  it.each([
    ["of a run that is not in it", change([["start", -1, "failed"]], "r3")],
    ["of a task that is not in it", change([["new", -1, "failed"]])],
    ["too many to list", change(null)],
  ])("ask for it anew if they are %s", (_, told) => expect(applyChanges(grid(), [told]).stale).toBe(true));
  it("count for a mapped task if they matter more than what its cell shows", () => {
    const running = applyChanges(grid(), [change([["g.h.b", 0, "running"]])]).grid;
    const failed = applyChanges(running, [change([["g.h.b", 1, "failed"]])]);
    expect(failed.stale).toBe(false);
    expect(failed.grid.states[failed.grid.cells[0]![2]!]).toBe("failed");
    const less = applyChanges(failed.grid, [change([["g.h.b", 2, "success"]])]);
    expect(less).toEqual({ grid: failed.grid, stale: true, runs: [] });
  });
});
