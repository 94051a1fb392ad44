/** What the DAG's pages read beside what every page does. Keys as the header of `../../query.ts` says. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { client, data } from "../../api/client";
import type { components } from "../../api/schema";
import type { Params } from "../../query";

type Schemas = components["schemas"];
export type GraphNode = Schemas["GraphNode"];
export type GraphEdge = Schemas["GraphEdge"];
export type GanttBar = Schemas["GanttBar"];
export type CalendarDay = Schemas["CalendarEntry"];
export type Backfill = Schemas["BackfillResponse"];
export type BackfillBody = Schemas["BackfillPostBody"];
export type EventLog = Schemas["EventLogResponse"];
export type DagVersion = Schemas["DagVersionResponse"];

export const tasksQuery = (dag_id: string) =>
  queryOptions({
    queryKey: ["dag", dag_id, "tasks"],
    queryFn: () => data(client.GET("/api/v2/dags/{dag_id}/tasks", { params: { path: { dag_id } } })),
  });

export const versionsQuery = (dag_id: string) =>
  queryOptions({
    queryKey: ["dag", dag_id, "versions"],
    queryFn: () =>
      data(
        client.GET("/api/v2/dags/{dag_id}/dagVersions", {
          params: { path: { dag_id }, query: { limit: 100, order_by: ["-version_number"] } },
        }),
      ),
  });

export const sourceQuery = (dag_id: string, version_number?: number) =>
  queryOptions({
    queryKey: ["dag", dag_id, "source", version_number ?? null],
    queryFn: () =>
      data(
        client.GET("/api/v2/dagSources/{dag_id}", {
          params: { path: { dag_id }, query: { version_number } },
          headers: { Accept: "application/json" },
        }),
      ) as Promise<Schemas["DAGSourceResponse"]>,
  });

export const warningsQuery = (dag_id: string) =>
  queryOptions({
    queryKey: ["dag", dag_id, "warnings"],
    queryFn: () => data(client.GET("/api/v2/dagWarnings", { params: { query: { dag_id, limit: 20 } } })),
  });

export const importErrorsQuery = () =>
  queryOptions({
    queryKey: ["import_errors", "dag"],
    queryFn: () => data(client.GET("/api/v2/importErrors", { params: { query: { limit: 100 } } })),
  });

export const ganttQuery = (dag_id: string, dag_run_id: string) =>
  queryOptions({
    queryKey: ["run", dag_id, dag_run_id, "gantt"],
    queryFn: () =>
      data(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/gantt", {
          params: { path: { dag_id, dag_run_id }, query: { limit: 5000 } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const calendarQuery = (dag_id: string, query: Params<"/api/v2/dags/{dag_id}/calendar">) =>
  queryOptions({
    queryKey: ["runs", dag_id, "calendar", query],
    queryFn: () => data(client.GET("/api/v2/dags/{dag_id}/calendar", { params: { path: { dag_id }, query } })),
    placeholderData: keepPreviousData,
  });

export const backfillsQuery = (dag_id: string, query: Omit<Params<"/api/v2/backfills">, "dag_id">) =>
  queryOptions({
    queryKey: ["backfills", dag_id, query],
    queryFn: () => data(client.GET("/api/v2/backfills", { params: { query: { ...query, dag_id } } })),
    placeholderData: keepPreviousData,
  });

export const eventsQuery = (query: Params<"/api/v2/eventLogs">) =>
  queryOptions({
    queryKey: ["dag", query?.dag_id ?? "~", "events", query],
    queryFn: () => data(client.GET("/api/v2/eventLogs", { params: { query } })),
    placeholderData: keepPreviousData,
    staleTime: 5_000, // no change of the stream tells of new entries
  });

/** The instances of a DAG's tasks in all its runs. */
export const instancesQuery = (
  dag_id: string,
  query: Params<"/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances">,
) =>
  queryOptions({
    queryKey: ["runs", dag_id, "instances", query],
    queryFn: () =>
      data(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
          params: { path: { dag_id, dag_run_id: "~" }, query },
        }),
      ),
    placeholderData: keepPreviousData,
  });
