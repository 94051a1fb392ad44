/** What a grid tells of single tasks. Pure. */
import type { Grid, GridRun } from "../../query";

export interface Seen {
  run: GridRun;
  state: string | null;
}

/** By task, its newest instance. */
export function lastOf(grid: Grid): Map<string, Seen> {
  const found = new Map<string, Seen>();
  let place = 0;
  for (const node of grid.nodes) {
    if (node.kind !== "task") continue;
    const row = grid.cells.findIndex((line) => (line[place] ?? -1) >= 0);
    const run = grid.runs[row];
    if (run) found.set(node.id, { run, state: grid.states[grid.cells[row]?.[place] ?? -1] ?? null });
    place++;
  }
  return found;
}

/** A task's instances, oldest first. */
export function historyOf(grid: Grid, taskId: string): Seen[] {
  const place = grid.nodes.filter((node) => node.kind === "task").findIndex((node) => node.id === taskId);
  if (place < 0) return [];
  return grid.runs
    .flatMap((run, row) => {
      const number = grid.cells[row]?.[place] ?? -1;
      return number < 0 ? [] : [{ run, state: grid.states[number] ?? null }];
    })
    .reverse();
}
