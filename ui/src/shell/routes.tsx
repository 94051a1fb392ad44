/** Every page's address. Pages are loaded when somebody goes there. */
import { createBrowserRouter, type RouteObject } from "react-router";

import { prefix } from "../api/client";
import { Loading } from "../part/Problem";
import { Crash, NotFound } from "./Crash";
import { Shell } from "./Shell";

/** A page from a module that exports it as `Component`. */
const page = (path: string, load: () => Promise<{ Component: React.ComponentType }>): RouteObject => ({ path, lazy: load });

const dag: RouteObject = {
  path: "dags/:dagId",
  lazy: () => import("../page/dag/Dag"),
  children: [
    { index: true, lazy: () => import("../page/dag/Overview") },
    page("runs", () => import("../page/dag/Runs")),
    page("tasks", () => import("../page/dag/Tasks")),
    page("gantt", () => import("../page/dag/Gantt")),
    page("calendar", () => import("../page/dag/Calendar")),
    page("backfills", () => import("../page/dag/Backfills")),
    page("events", () => import("../page/dag/Events")),
    page("code", () => import("../page/dag/Code")),
    page("details", () => import("../page/dag/Details")),
    page("runs/:runId", () => import("../page/run/Run")),
    page("runs/:runId/:tab", () => import("../page/run/Run")),
    page("runs/:runId/tasks/:taskId", () => import("../page/task/TaskInstance")),
    page("runs/:runId/tasks/:taskId/:tab", () => import("../page/task/TaskInstance")),
    page("tasks/:taskId", () => import("../page/dag/Task")),
  ],
};

export const routes: RouteObject[] = [
  { ...page("login", () => import("../page/Login")), hydrateFallbackElement: <Loading /> },
  {
    path: "/",
    element: <Shell />,
    errorElement: <Crash />,
    hydrateFallbackElement: <Loading />,
    children: [
      {
        errorElement: <Crash />,
        children: [
          { index: true, lazy: () => import("../page/Home") },
          page("dags", () => import("../page/Dags")),
          dag,
          page("dag_runs", () => import("../page/browse/Runs")),
          page("task_instances", () => import("../page/browse/TaskInstances")),
          page("xcoms", () => import("../page/browse/XComs")),
          page("jobs", () => import("../page/browse/Jobs")),
          page("events", () => import("../page/browse/Events")),
          page("import_errors", () => import("../page/browse/ImportErrors")),
          page("connections", () => import("../page/admin/Connections")),
          page("variables", () => import("../page/admin/Variables")),
          page("pools", () => import("../page/admin/Pools")),
          page("plugins", () => import("../page/admin/Plugins")),
          page("configs", () => import("../page/admin/Config")),
          page("users", () => import("../page/admin/Users")),
          { path: "*", element: <NotFound /> },
        ],
      },
    ],
  },
];

export const router = createBrowserRouter(routes, { basename: prefix || "/" });
