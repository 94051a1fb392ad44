/**
 * What changed on the server, as it happens.
 *
 * One EventSource for the whole page. Each change makes the cached answers stale that it concerns, so
 * that what is on screen is read anew; who can apply a change by itself (the grid) subscribes to it.
 */
import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";

import { prefix } from "./client";
import { Staleness } from "./stale";

export type TaskChange = [taskId: string, mapIndex: number, state: string | null];

export interface RunChange {
  dag_id: string;
  run_id: string;
  state: string;
  /** null: too many to list. */
  tasks: TaskChange[] | null;
}

export interface Changes {
  runs: RunChange[];
  dags: string[];
  import_errors: boolean;
  pools: boolean;
  variables: boolean;
  connections: boolean;
  jobs: boolean;
  backfills: boolean;
  users: boolean;
}

type Listener = (changes: Changes) => void;
export type Connection = "connecting" | "live" | "lost";

const listeners = new Set<Listener>();
const watchers = new Set<() => void>();
let connection: Connection = "connecting";

function become(next: Connection): void {
  if (next === connection) return;
  connection = next;
  watchers.forEach((watcher) => watcher());
}

/** Answers are read anew at most so often, however fast changes come. */
const EVERY_MS = 400;

/** Keys of the cache begin with what they are about; see `query.ts`. */
function keysOf(changes: Changes): QueryKey[] {
  const keys: QueryKey[] = [];
  for (const run of changes.runs) {
    keys.push(["run", run.dag_id, run.run_id], ["runs", run.dag_id], ["runs", "~"]);
    if (run.tasks === null) keys.push(["grid", run.dag_id]);
  }
  if (changes.runs.length) keys.push(["overview"], ["recent"], ["pools"]);
  for (const dag of changes.dags) keys.push(["dag", dag], ["grid", dag]);
  if (changes.dags.length) keys.push(["dags"], ["overview"]);
  for (const topic of ["import_errors", "pools", "variables", "connections", "jobs", "backfills", "users"] as const)
    if (changes[topic]) keys.push([topic]);
  if (changes.import_errors) keys.push(["overview"]);
  return keys;
}

/** A stream that was refused (a proxy's 502, say) is asked for anew so much later; browsers do not. */
const AGAIN_MS = 3000;

/** Listen until the returned function is called. */
export function connect(queries: QueryClient): () => void {
  const stale = new Staleness(queries, EVERY_MS);
  let wasLost = false;
  let source: EventSource;
  let again: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    source = new EventSource(`${prefix}/api/v2/stream`);
    source.addEventListener("hello", () => {
      become("live");
      if (wasLost) void queries.invalidateQueries();
      wasLost = false;
    });
    source.addEventListener("reset", () => void queries.invalidateQueries());
    source.addEventListener("changes", (event: MessageEvent<string>) => {
      become("live");
      const changes = JSON.parse(event.data) as Changes;
      listeners.forEach((listener) => listener(changes));
      keysOf(changes).forEach((key) => stale.add(key));
    });
    source.onerror = () => {
      wasLost = true;
      become("lost");
      if (source.readyState !== EventSource.CLOSED) return;
      // Refused: whether the login has ended is found out by asking for it.
      void queries.invalidateQueries({ queryKey: ["session"] });
      again = setTimeout(open, AGAIN_MS);
    };
  };
  open();
  return () => {
    clearTimeout(again);
    stale.stop();
    source.close();
  };
}

/** Hear of every change while mounted. `listener` must keep its identity. */
export function useChanges(listener: Listener): void {
  useEffect(() => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, [listener]);
}

export function useConnection(): Connection {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => connection,
  );
}
