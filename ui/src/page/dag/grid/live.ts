/** What the stream tells, put into a grid that is on screen, so that nothing has to be read anew. Pure. */
import type { RunChange } from "../../../api/stream";
import type { DagRun, Grid, GridRun } from "../../../query";
import { rankOf } from "./rows";

export interface Applied {
  /** The same object if nothing on it changed. */
  grid: Grid;
  /** Something changed that this grid can't tell by itself: read it anew. */
  stale: boolean;
  /** Runs whose state changed, whose times have therefore changed too. */
  runs: string[];
}

/** Task id to its place in `cells` and whether it is mapped; by the nodes, which live as long as a version. */
const known = new WeakMap<Grid["nodes"], Map<string, { place: number; mapped: boolean }>>();

function placesOf(nodes: Grid["nodes"]): Map<string, { place: number; mapped: boolean }> {
  let places = known.get(nodes);
  if (!places) {
    places = new Map();
    for (const node of nodes)
      if (node.kind === "task") places.set(node.id, { place: places.size, mapped: node.is_mapped });
    known.set(nodes, places);
  }
  return places;
}

export function applyChanges(grid: Grid, changes: RunChange[]): Applied {
  const places = placesOf(grid.nodes);
  const rows = new Map(grid.runs.map((run, i) => [run.run_id, i]));
  let { runs, cells, states } = grid;
  let stale = false;
  const changed: string[] = [];
  const numberOf = (state: string | null): number => {
    const number = states.indexOf(state);
    if (number >= 0) return number;
    states = [...states, state];
    return states.length - 1;
  };
  for (const change of changes) {
    if (change.dag_id !== grid.dag_id) continue;
    const row = rows.get(change.run_id);
    const run = row === undefined ? undefined : runs[row];
    if (row === undefined || !run) {
      stale = true;
      continue;
    }
    if (run.state !== change.state) {
      runs = runs.with(row, { ...run, state: change.state });
      changed.push(change.run_id);
    }
    if (change.tasks === null) {
      stale = true;
      continue;
    }
    let line = cells[row] ?? [];
    const before = line;
    for (const [taskId, mapIndex, state] of change.tasks) {
      const task = places.get(taskId);
      if (!task) {
        stale = true;
        continue;
      }
      const shown = line[task.place] ?? -1;
      const number = numberOf(state);
      if (shown === number) continue;
      // A mapped task's cell stands for all its instances: one that matters less may have been the one that mattered.
      if ((task.mapped || mapIndex >= 0) && shown >= 0 && rankOf(state) > rankOf(states[shown] ?? null)) {
        stale = true;
        continue;
      }
      if (line === before) line = [...before];
      while (line.length <= task.place) line.push(-1);
      line[task.place] = number;
    }
    if (line !== before) cells = cells.with(row, line);
  }
  const same = runs === grid.runs && cells === grid.cells && states === grid.states;
  return { grid: same ? grid : { ...grid, runs, cells, states }, stale, runs: changed };
}

/** Put what is known of a run into the grid. */
export function withRun(grid: Grid, run: DagRun): Grid {
  const row = grid.runs.findIndex((each) => each.run_id === run.dag_run_id);
  const before = grid.runs[row];
  if (!before) return grid;
  const after: GridRun = {
    ...before,
    state: run.state,
    queued_at: run.queued_at ?? before.queued_at,
    start_date: run.start_date,
    end_date: run.end_date,
    duration: run.duration,
    has_note: !!run.note,
  };
  return { ...grid, runs: grid.runs.with(row, after) };
}
