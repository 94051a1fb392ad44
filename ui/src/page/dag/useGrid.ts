/** The grid's data: read once, then kept up to date by the stream's changes. */
import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";
import { useMatches, useSearchParams } from "react-router";

import { Staleness } from "../../api/stale";
import { useChanges, type Changes } from "../../api/stream";
import { gridQuery, runQuery, type DagRun, type Grid } from "../../query";
import { applyChanges, withRun } from "./grid/live";
import { queryOf, type Pane } from "./pane";

/** What can't be told from changes is read anew at most so often. */
const ANEW_MS = 1000;

interface Applied {
  /** Something changed that the grids on screen do not show yet. */
  stale: boolean;
  runs: Set<string>;
}

function apply(queries: QueryClient, dagId: string, changes: Changes): Applied {
  const queryKey = ["grid", dagId];
  // An answer on its way may be older than these changes, and would undo them.
  let stale = queries.isFetching({ queryKey }) > 0;
  const runs = new Set<string>();
  for (const [key, grid] of queries.getQueriesData<Grid>({ queryKey })) {
    if (!grid) continue;
    const applied = applyChanges(grid, changes.runs);
    if (applied.grid !== grid) queries.setQueryData(key, applied.grid);
    for (const run of applied.runs) runs.add(run);
    stale ||= applied.stale;
  }
  return { stale, runs };
}

/** Read a run now: what is asked already may be answered with what it was before. */
async function readAnew(queries: QueryClient, dagId: string, runId: string): Promise<DagRun> {
  const query = runQuery(dagId, runId);
  await queries.cancelQueries({ queryKey: query.queryKey, exact: true });
  return queries.fetchQuery({ ...query, staleTime: 0 });
}

function useLive(dagId: string): void {
  const queries = useQueryClient();
  const anew = useMemo(() => new Staleness(queries, ANEW_MS), [queries]);
  const listener = useCallback(
    (changes: Changes) => {
      if (!changes.runs.some((run) => run.dag_id === dagId)) return;
      const { stale, runs } = apply(queries, dagId, changes);
      if (stale) anew.add(["grid", dagId]);
      for (const run of runs)
        void readAnew(queries, dagId, run).then(
          (told) =>
            queries.setQueriesData<Grid>({ queryKey: ["grid", dagId] }, (grid) => grid && withRun(grid, told)),
          () => undefined, // gone meanwhile; the grid hears of it too
        );
    },
    [dagId, queries, anew],
  );
  useEffect(() => () => anew.stop(), [anew]);
  useChanges(listener);
}

export function useGrid(dagId: string, pane: Pane) {
  useLive(dagId);
  return useQuery(gridQuery(dagId, queryOf(pane)));
}

export interface Selection {
  runId: string | undefined;
  taskId: string | undefined;
  groupId: string | undefined;
}

/** The run and the task or group that the address names. */
export function useSelection(): Selection {
  const { runId, taskId } = useMatches().at(-1)?.params ?? {};
  const [search] = useSearchParams();
  const groupId = search.get("group") ?? undefined;
  return useMemo(() => ({ runId, taskId, groupId }), [runId, taskId, groupId]);
}

/** The selected run's states by task, else the latest's, wherever in the DAG's history it is. */
export function useRunStates(dagId: string, grid: Grid | undefined, runId: string | undefined) {
  const row = grid ? (runId === undefined ? 0 : grid.runs.findIndex((run) => run.run_id === runId)) : -1;
  const far = runId !== undefined && grid !== undefined && row < 0;
  const run = useQuery({ ...runQuery(dagId, runId ?? ""), enabled: far });
  const at = run.data?.run_after;
  const other = useQuery({ ...gridQuery(dagId, { limit: 10, run_after_gte: at, run_after_lte: at }), enabled: far && !!at });
  const from = far ? other.data : grid;
  return useMemo(() => {
    const index = far ? (from?.runs.findIndex((each) => each.run_id === runId) ?? -1) : row;
    const states = new Map<string, string | null>();
    const found = from?.runs[index];
    if (!from || !found) return { run: undefined, states };
    let place = 0;
    for (const node of from.nodes) {
      if (node.kind !== "task") continue;
      const number = from.cells[index]?.[place++] ?? -1;
      if (number >= 0) states.set(node.id, from.states[number] ?? null);
    }
    return { run: found, states };
  }, [far, from, row, runId]);
}
