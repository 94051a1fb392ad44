/**
 * What pages read, by name. Keys begin with what they are about, which is how `api/stream.ts` finds the
 * answers that a change makes stale: `["run", dag, run, …]`, `["runs", dag, …]`, `["dag", dag, …]`, `["dags", …]`.
 */
import { keepPreviousData, QueryClient, queryOptions, type QueryKey } from "@tanstack/react-query";

import { ApiError, client, data } from "./api/client";
import type { components, paths } from "./api/schema";

type Schemas = components["schemas"];
export type Dag = Schemas["DAGResponse"];
export type DagDetails = Schemas["DAGDetailsResponse"];
export type DagRun = Schemas["DAGRunResponse"];
export type TaskInstance = Schemas["TaskInstanceResponse"];
export type Task = Schemas["TaskResponse"];
export type Grid = Schemas["GridResponse"];
export type GridNode = Grid["nodes"][number];
export type GridRun = Grid["runs"][number];
export type Graph = Schemas["GraphResponse"];
export type Overview = Schemas["OverviewResponse"];
export type Explanation = Schemas["TaskInstanceExplanation"];
export type Health = Schemas["HealthInfoResponse"];

/** The query parameters of a GET, by its path. */
export type Params<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Q } } } ? Q : never;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The stream says what is stale; a slow look now and then is the safety net.
      staleTime: 60_000,
      refetchOnWindowFocus: false,
      retry: (n, error) => n < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

/** Answers that a change of a DAG's runs, or of their task instances, makes stale. */
export const keysOfRuns = (dag_id: string): QueryKey[] => [["run", dag_id], ["runs", dag_id], ["grid", dag_id], ["runs", "~"], ["recent"], ["overview"]];

export const dagsQuery = (query: Params<"/api/v2/dags">) =>
  queryOptions({
    queryKey: ["dags", query],
    queryFn: () => data(client.GET("/api/v2/dags", { params: { query } })),
    placeholderData: keepPreviousData,
  });

/** The caller's favorites: as many as one answer holds. */
export const favoritesQuery = queryOptions({
  queryKey: ["dags", "favorites"],
  queryFn: () => data(client.GET("/api/v2/dags", { params: { query: { is_favorite: true, exclude_stale: true, limit: 100, order_by: ["dag_display_name"] } } })),
});

export const dagQuery = (dag_id: string) =>
  queryOptions({
    queryKey: ["dag", dag_id, "details"],
    queryFn: () => data(client.GET("/api/v2/dags/{dag_id}/details", { params: { path: { dag_id } } })),
  });

export const recentRunsQuery = (dag_ids: string[], limit = 14) =>
  queryOptions({
    queryKey: ["recent", dag_ids, limit],
    queryFn: () => data(client.GET("/api/v2/dags/~/recentRuns", { params: { query: { dag_ids, limit } } })),
    enabled: dag_ids.length > 0,
    placeholderData: keepPreviousData,
  });

export const overviewQuery = (hours = 24) =>
  queryOptions({
    queryKey: ["overview", hours],
    queryFn: () => data(client.GET("/api/v2/overview", { params: { query: { hours } } })),
    placeholderData: keepPreviousData,
  });

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: () => data(client.GET("/api/v2/monitor/health")),
  refetchInterval: 15_000, // heartbeats stop without a change that a stream could tell
});

export const gridQuery = (dag_id: string, query: Params<"/api/v2/dags/{dag_id}/grid">) =>
  queryOptions({
    queryKey: ["grid", dag_id, query],
    queryFn: () => data(client.GET("/api/v2/dags/{dag_id}/grid", { params: { path: { dag_id }, query } })),
    placeholderData: keepPreviousData,
  });

export const graphQuery = (dag_id: string, version_number?: number) =>
  queryOptions({
    queryKey: ["dag", dag_id, "graph", version_number ?? null],
    queryFn: () =>
      data(client.GET("/api/v2/dags/{dag_id}/graph", { params: { path: { dag_id }, query: { version_number } } })),
  });

export const runQuery = (dag_id: string, dag_run_id: string) =>
  queryOptions({
    queryKey: ["run", dag_id, dag_run_id, "run"],
    queryFn: () =>
      data(client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", { params: { path: { dag_id, dag_run_id } } })),
  });

export const runsQuery = (dag_id: string, query: Params<"/api/v2/dags/{dag_id}/dagRuns">) =>
  queryOptions({
    queryKey: ["runs", dag_id, query],
    queryFn: () => data(client.GET("/api/v2/dags/{dag_id}/dagRuns", { params: { path: { dag_id }, query } })),
    placeholderData: keepPreviousData,
  });

export const taskInstanceQuery = (dag_id: string, dag_run_id: string, task_id: string) =>
  queryOptions({
    queryKey: ["run", dag_id, dag_run_id, "task", task_id],
    queryFn: () =>
      data(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", {
          params: { path: { dag_id, dag_run_id, task_id } },
        }),
      ),
  });
