/** What the pages of runs and task instances read. Keys begin with `["run", dag, run]`, see `query.ts` above. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { client, data } from "../../api/client";
import type { components } from "../../api/schema";
import type { Params } from "../../query";

type Schemas = components["schemas"];
export type Story = Schemas["StoryResponse"];
export type StoryEvent = Story["events"][number];
export type Try = Schemas["TaskInstanceHistoryResponse"];
export type XCom = Schemas["XComResponse"];
export type EventLog = Schemas["EventLogResponse"];

/** A task instance; `mapIndex` is -1 where the task is not mapped. */
export interface Place {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
}

const taskPath = ({ dagId, runId, taskId }: Place) => ({ dag_id: dagId, dag_run_id: runId, task_id: taskId });
const taskKey = ({ dagId, runId, taskId, mapIndex }: Place) => ["run", dagId, runId, "task", taskId, mapIndex] as const;
const PAGE = 100;

export const taskInstancesQuery = (dag_id: string, dag_run_id: string, query: Params<"/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances">) =>
  queryOptions({
    queryKey: ["run", dag_id, dag_run_id, "tasks", query],
    queryFn: () =>
      data(client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", { params: { path: { dag_id, dag_run_id }, query } })),
    placeholderData: keepPreviousData,
  });

export const placedQuery = (place: Place) =>
  queryOptions({
    queryKey: [...taskKey(place), "instance"],
    queryFn: () =>
      data(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}", {
          params: { path: { ...taskPath(place), map_index: place.mapIndex } },
        }),
      ),
  });

export const triesQuery = (place: Place) =>
  queryOptions({
    queryKey: [...taskKey(place), "tries"],
    queryFn: () =>
      data(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries", {
          params: { path: { ...taskPath(place), map_index: place.mapIndex } },
        }),
      ),
  });

export const explainQuery = (place: Place) =>
  queryOptions({
    queryKey: [...taskKey(place), "explain"],
    queryFn: () =>
      data(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/explain", {
          params: { path: taskPath(place), query: { map_index: place.mapIndex } },
        }),
      ),
  });

export const linksQuery = (place: Place, try_number: number) =>
  queryOptions({
    queryKey: [...taskKey(place), "links", try_number],
    queryFn: () =>
      data(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/links", {
          params: { path: taskPath(place), query: { map_index: place.mapIndex, try_number } },
        }),
      ),
  });

export const taskQuery = (dag_id: string, task_id: string) =>
  queryOptions({
    queryKey: ["dag", dag_id, "task", task_id],
    queryFn: () => data(client.GET("/api/v2/dags/{dag_id}/tasks/{task_id}", { params: { path: { dag_id, task_id } } })),
  });

export const xcomsQuery = (place: Place, query: { limit: number; offset: number }) =>
  queryOptions({
    queryKey: [...taskKey(place), "xcoms", query],
    queryFn: () =>
      data(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries", {
          params: { path: taskPath(place), query: { ...query, map_index: place.mapIndex, order_by: ["key"] } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const xcomQuery = (place: Place, xcom_key: string) =>
  queryOptions({
    queryKey: [...taskKey(place), "xcom", xcom_key],
    queryFn: () =>
      data(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}", {
          params: { path: { ...taskPath(place), xcom_key }, query: { map_index: place.mapIndex, stringify: false } },
        }),
      ),
  });

/** The story of a task instance, or of a run with all its tasks, newest first, a page at a time. */
export const storyQuery = (dag_id: string, dag_run_id: string, place: Place | null) =>
  infiniteQueryOptions({
    queryKey: ["run", dag_id, dag_run_id, "story", place?.taskId ?? null, place?.mapIndex ?? null],
    initialPageParam: 0,
    queryFn: async ({ pageParam: offset }) => {
      const query = { limit: PAGE, offset, order_by: "-id" as const };
      const answer: unknown = place
        ? await data(
            client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/story", {
              params: { path: taskPath(place), query: { ...query, map_index: place.mapIndex } },
            }),
          )
        : await data(client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/story", { params: { path: { dag_id, dag_run_id }, query } }));
      return answer as Story;
    },
    getNextPageParam: (last, pages) => {
      const seen = pages.reduce((n, page) => n + page.events.length, 0);
      return last.events.length && seen < last.total_entries ? seen : undefined;
    },
  });

export const auditQuery = (dag_id: string, run_id: string, query: Params<"/api/v2/eventLogs">) =>
  queryOptions({
    queryKey: ["run", dag_id, run_id, "audit", query],
    queryFn: () => data(client.GET("/api/v2/eventLogs", { params: { query: { dag_id, run_id, ...query } } })),
    placeholderData: keepPreviousData,
  });

export const dagVersionsQuery = (dag_id: string) =>
  queryOptions({
    queryKey: ["dag", dag_id, "versions"],
    queryFn: () =>
      data(client.GET("/api/v2/dags/{dag_id}/dagVersions", { params: { path: { dag_id }, query: { limit: 1, order_by: ["-version_number"] } } })),
  });
