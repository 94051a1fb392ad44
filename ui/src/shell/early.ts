/** Asks for what the first page shows before its script is there: one wait less, and a grid takes the server a while. */
import { matchPath } from "react-router";

import { prefix } from "../api/client";
import { sessionQuery } from "../api/session";
import { paneOf, queryOf } from "../page/dag/pane";
import { graphQuery, gridQuery, queries } from "../query";

export function askEarly({ pathname, search }: Pick<Location, "pathname" | "search">): void {
  const path = pathname.slice(prefix.length);
  if (path === "/login") return;
  void queries.prefetchQuery(sessionQuery);
  const dagId = matchPath("/dags/:dagId/*", path)?.params.dagId;
  if (!dagId) return;
  const pane = paneOf(new URLSearchParams(search));
  void queries.prefetchQuery(gridQuery(dagId, queryOf(pane)));
  if (pane.view === "graph") void queries.prefetchQuery(graphQuery(dagId));
}
