/** The grid's rows: which tasks and groups are seen, and the state that each shows in a run. */
import type { Grid, GridNode } from "../../../query";

/** undefined: there is no instance. */
export type Cell = string | null | undefined;

export interface Row {
  node: GridNode;
  depth: number;
  /** Places of its tasks in `cells`: one for a task, all that it holds for a group. */
  tasks: number[];
  open: boolean;
}

export interface Tree {
  nodes: GridNode[];
  children: Map<string | null, GridNode[]>;
  /** A task's place in `cells`. */
  places: Map<string, number>;
  /** The places of the tasks in a node, at whatever depth. */
  within: Map<string, number[]>;
}

export function treeOf(nodes: GridNode[]): Tree {
  const ids = new Set(nodes.map((node) => node.id));
  const children = new Map<string | null, GridNode[]>();
  const places = new Map<string, number>();
  for (const node of nodes) {
    const parent = node.parent !== null && ids.has(node.parent) ? node.parent : null;
    const siblings = children.get(parent);
    if (siblings) siblings.push(node);
    else children.set(parent, [node]);
    if (node.kind === "task") places.set(node.id, places.size);
  }
  const within = new Map<string, number[]>();
  const gather = (node: GridNode): number[] => {
    const place = places.get(node.id);
    const found = node.kind === "task" ? (place === undefined ? [] : [place]) : (children.get(node.id) ?? []).flatMap(gather);
    within.set(node.id, found);
    return found;
  };
  for (const root of children.get(null) ?? []) gather(root);
  return { nodes, children, places, within };
}

/** Return the rows that are seen. Who searches sees what matches and the groups it is in, folded or not. */
export function rowsOf(tree: Tree, folded: ReadonlySet<string>, search = ""): Row[] {
  const wanted = search.trim().toLowerCase();
  const rows: Row[] = [];
  const walk = (node: GridNode, depth: number, all: boolean): boolean => {
    const matches = all || node.id.toLowerCase().includes(wanted) || node.label.toLowerCase().includes(wanted);
    const open = wanted ? true : !folded.has(node.id);
    const at = rows.length;
    rows.push({ node, depth, tasks: tree.within.get(node.id) ?? [], open });
    let any = false;
    if (node.kind === "group" && open)
      for (const child of tree.children.get(node.id) ?? []) any = walk(child, depth + 1, matches) || any;
    if (matches || any) return true;
    rows.length = at;
    return false;
  };
  for (const root of tree.children.get(null) ?? []) walk(root, 0, wanted === "");
  return rows;
}

/** What people should hear of first comes first; as in Airflow's grid, what has not begun outweighs success. */
const ORDER: (string | null)[] = [
  "failed",
  "upstream_failed",
  "up_for_retry",
  "up_for_reschedule",
  "running",
  "restarting",
  "deferred",
  "awaiting_input",
  "queued",
  "scheduled",
  null,
  "success",
  "skipped",
  "removed",
];
const RANK = new Map(ORDER.map((state, i) => [state, i]));

export const rankOf = (state: string | null): number => RANK.get(state) ?? 0;

/** The state that a row shows in a run. */
export function cellOf(row: Row, cells: number[], states: Grid["states"]): Cell {
  let best: Cell;
  let rank = Infinity;
  for (const place of row.tasks) {
    const index = cells[place];
    if (index === undefined || index < 0) continue;
    const state = states[index] ?? null;
    const r = rankOf(state);
    if (r < rank) {
      best = state;
      rank = r;
      if (r === 0) break;
    }
  }
  return best;
}

/** How many tasks of a row are in which state, what matters most first. */
export function countsOf(row: Row, cells: number[], states: Grid["states"]): [string | null, number][] {
  const counts = new Map<string | null, number>();
  for (const place of row.tasks) {
    const index = cells[place];
    if (index === undefined || index < 0) continue;
    const state = states[index] ?? null;
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => rankOf(a) - rankOf(b));
}

/** Return the ids of all groups. */
export const groupsOf = (nodes: { id: string; kind: string }[]): string[] =>
  nodes.filter((node) => node.kind === "group").map((node) => node.id);
