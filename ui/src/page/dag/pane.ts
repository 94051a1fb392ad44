/**
 * What the left pane shows: grid or graph, how many runs and which. It lives in the address, and stays
 * there while one walks through the DAG's pages, whose links know nothing of it.
 */
import { useCallback, useEffect, useMemo } from "react";
import { useSearchParams } from "react-router";

export type View = "grid" | "graph";
export const SHOWN = [5, 10, 25, 50, 100] as const;

export interface Pane {
  view: View;
  limit: number;
  offset: number;
  run_type: string[];
  state: string[];
  /** Only runs until then. */
  until: string | null;
  user: string | null;
}

const KEYS = ["view", "show", "skip", "types", "states", "until", "by"] as const;
const VIEW = "slipstream.view";
const SHOW = "slipstream.show";

/** By DAG, what the address said last. */
const kept = new Map<string, string>();

function pick(search: URLSearchParams): URLSearchParams {
  const found = new URLSearchParams();
  for (const key of KEYS) {
    const value = search.get(key);
    if (value) found.set(key, value);
  }
  return found;
}

export function paneOf(search: URLSearchParams): Pane {
  const list = (key: string) => search.get(key)?.split(",").filter(Boolean) ?? [];
  const view = search.get("view") ?? localStorage.getItem(VIEW);
  const limit = Number(search.get("show") ?? localStorage.getItem(SHOW));
  return {
    view: view === "graph" ? "graph" : "grid",
    limit: limit > 0 ? Math.min(limit, 365) : 25,
    offset: Math.max(0, Number(search.get("skip")) || 0),
    run_type: list("types"),
    state: list("states"),
    until: search.get("until"),
    user: search.get("by"),
  };
}

/** The grid that a pane shows, as the server is asked for it. */
export const queryOf = (pane: Pane) => ({
  limit: pane.limit,
  offset: pane.offset || undefined,
  run_type: pane.run_type.length ? pane.run_type : undefined,
  state: pane.state.length ? pane.state : undefined,
  run_after_lte: pane.until ?? undefined,
  triggering_user_name_pattern: pane.user ?? undefined,
});

/** Put a change into parameters of an address; what is as if nobody chose is left out. */
export function withPane(before: URLSearchParams, change: Partial<Pane>): URLSearchParams {
  const next = new URLSearchParams(before);
  const put = (key: string, value: string | null | undefined) => (value ? next.set(key, value) : next.delete(key));
  if (change.view) put("view", change.view);
  if (change.limit) put("show", String(change.limit));
  if (change.run_type) put("types", change.run_type.join(","));
  if (change.state) put("states", change.state.join(","));
  if (change.until !== undefined) put("until", change.until);
  if (change.user !== undefined) put("by", change.user);
  if (change.offset !== undefined) put("skip", change.offset > 0 ? String(change.offset) : null);
  else if (Object.keys(change).some((key) => key !== "view")) next.delete("skip");
  return next;
}

export function usePane(dagId: string): [Pane, (change: Partial<Pane>) => void] {
  const [search, setSearch] = useSearchParams();
  const said = pick(search).toString();
  const applied = said || (kept.get(dagId) ?? "");
  useEffect(() => {
    if (said) kept.set(dagId, said);
    else if (applied)
      setSearch((before) => new URLSearchParams([...before, ...new URLSearchParams(applied)]), { replace: true });
  }, [applied, dagId, said, setSearch]);
  const pane = useMemo(() => paneOf(new URLSearchParams(applied)), [applied]);
  const change = useCallback(
    (wanted: Partial<Pane>) => {
      if (wanted.view) localStorage.setItem(VIEW, wanted.view);
      if (wanted.limit) localStorage.setItem(SHOW, String(wanted.limit));
      setSearch(
        (before) => {
          const next = withPane(before, wanted);
          kept.set(dagId, pick(next).toString());
          return next;
        },
        { replace: true },
      );
    },
    [dagId, setSearch],
  );
  return [pane, change];
}
