/** Clearing and marking as requests, and what their dry runs say, put together. No React. */
import { client, data } from "../../api/client";
import type { components } from "../../api/schema";
import type { TaskInstance } from "../../query";

export interface TaskRef {
  task_id: string;
  /** Absent: all instances of the task. */
  map_index?: number;
}

/** What a dialog is about: task instances of one run, or whole runs of one DAG. */
export type Target =
  | { kind: "tasks"; dagId: string; runId: string; tasks: TaskRef[] }
  | { kind: "runs"; dagId: string; runIds: string[] };

export interface Scope {
  include_past: boolean;
  include_future: boolean;
  include_upstream: boolean;
  include_downstream: boolean;
}

export interface ClearOptions extends Scope {
  only_failed: boolean;
  run_on_latest_version: boolean;
  note: string;
}

export type MarkState = "success" | "failed";
type Affected = Pick<TaskInstance, "task_id" | "dag_run_id" | "map_index" | "state" | "task_display_name">;

export const NO_SCOPE: Scope = { include_past: false, include_future: false, include_upstream: false, include_downstream: false };

export const keyOf = (row: Affected): string => `${row.dag_run_id}\n${row.task_id}\n${row.map_index}`;

/** Several dry runs as one list: each instance once, by run, in the order of the first that names it. */
export function merged<T extends Affected>(lists: readonly (readonly T[])[]): T[] {
  const seen = new Map<string, T>();
  for (const row of lists.flat()) if (!seen.has(keyOf(row))) seen.set(keyOf(row), row);
  const runs = new Map<string, T[]>();
  for (const row of seen.values()) runs.set(row.dag_run_id, [...(runs.get(row.dag_run_id) ?? []), row]);
  return [...runs.values()].flat();
}

/** How many instances are in which state, the most frequent first. */
export function byState(rows: readonly Affected[]): [string | null, number][] {
  const counts = new Map<string | null, number>();
  for (const row of rows) counts.set(row.state, (counts.get(row.state) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

type TaskIds = NonNullable<components["schemas"]["ClearTaskInstancesBody"]["task_ids"]>;
const idsOf = (tasks: TaskRef[]): TaskIds =>
  tasks.map<TaskIds[number]>(({ task_id, map_index }) => (map_index === undefined || map_index < 0 ? task_id : [task_id, map_index]));

interface Instances {
  task_instances: TaskInstance[];
}
const instancesOf = (answer: unknown): TaskInstance[] => (answer as Partial<Instances> | null)?.task_instances ?? [];

/** Clear, or with `dry_run` only say what would be cleared. */
export async function clear(target: Target, options: ClearOptions, dry_run: boolean): Promise<TaskInstance[]> {
  const { note, run_on_latest_version, only_failed, ...scope } = options;
  const common = { dry_run, only_failed, note: note || null, run_on_latest_version: run_on_latest_version || null };
  const path = { dag_id: target.dagId };
  if (target.kind === "tasks")
    return instancesOf(
      await data(
        client.POST("/api/v2/dags/{dag_id}/clearTaskInstances", {
          params: { path },
          body: {
            ...common,
            ...scope,
            dag_run_id: target.runId,
            task_ids: idsOf(target.tasks),
            reset_dag_runs: true,
            only_running: false,
            prevent_running_task: false,
          },
        }),
      ),
    );
  const [only] = target.runIds;
  if (target.runIds.length === 1 && only !== undefined)
    return instancesOf(
      await data(
        client.POST("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/clear", {
          params: { path: { ...path, dag_run_id: only } },
          body: { ...common, only_new: false },
        }),
      ),
    );
  return instancesOf(
    await data(
      client.POST("/api/v2/dags/{dag_id}/clearDagRuns", {
        params: { path },
        body: { ...common, only_new: false, dag_runs: target.runIds.map((dag_run_id) => ({ dag_run_id })) },
      }),
    ),
  );
}

const UNFINISHED = ["none", "scheduled", "queued", "running", "restarting", "deferred", "up_for_retry", "up_for_reschedule"];

/** What marking would change. Of whole runs: what they have not finished. */
export async function previewMark(target: Target, state: MarkState, scope: Scope): Promise<TaskInstance[]> {
  if (target.kind === "runs") {
    const lists = await Promise.all(
      target.runIds.map((dag_run_id) =>
        data(
          client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
            params: { path: { dag_id: target.dagId, dag_run_id }, query: { state: UNFINISHED, limit: 1000 } },
          }),
        ),
      ),
    );
    return merged(lists.map(instancesOf));
  }
  const lists = await Promise.all(
    target.tasks.map(({ task_id, map_index }) =>
      data(
        client.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dry_run", {
          params: { path: { dag_id: target.dagId, dag_run_id: target.runId, task_id }, query: { map_index } },
          body: { ...scope, new_state: state },
        }),
      ),
    ),
  );
  // A dry run that would change nothing names the instance itself: that is no change.
  return merged(lists.map(instancesOf)).filter((row) => row.state !== state);
}

/** Entries of a bulk change that the server refused, as sentences. */
export class PartlyRefused extends Error {
  constructor(errors: readonly Record<string, unknown>[]) {
    super(errors.map((e) => (typeof e.error === "string" ? e.error : JSON.stringify(e))).join("; "));
    this.name = "PartlyRefused";
  }
}

function checked(answer: components["schemas"]["BulkResponse"]): void {
  const errors = answer.update?.errors ?? [];
  if (errors.length) throw new PartlyRefused(errors);
}

export async function mark(target: Target, state: MarkState, scope: Scope, note: string): Promise<void> {
  const given = note ? { note } : {};
  const path = { dag_id: target.dagId };
  if (target.kind === "runs") {
    const [only] = target.runIds;
    if (target.runIds.length === 1 && only !== undefined)
      await data(client.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", { params: { path: { ...path, dag_run_id: only } }, body: { state, ...given } }));
    else
      checked(
        await data(
          client.PATCH("/api/v2/dags/{dag_id}/dagRuns", {
            params: { path },
            body: { actions: [{ action: "update", action_on_non_existence: "skip", entities: target.runIds.map((dag_run_id) => ({ dag_run_id, state, ...given })) }] },
          }),
        ),
      );
    return;
  }
  const [only] = target.tasks;
  if (target.tasks.length === 1 && only)
    await data(
      client.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", {
        params: { path: { ...path, dag_run_id: target.runId, task_id: only.task_id }, query: { map_index: only.map_index } },
        body: { ...scope, new_state: state, ...given },
      }),
    );
  else
    checked(
      await data(
        client.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
          params: { path: { ...path, dag_run_id: target.runId } },
          body: {
            actions: [{ action: "update", action_on_non_existence: "skip", entities: target.tasks.map((task) => ({ ...task, ...scope, new_state: state, ...given })) }],
          },
        }),
      ),
    );
}
