/** Which nodes and edges of a graph are seen when groups are folded. Pure. */
import type { GraphEdge, GraphNode } from "../query";

export interface Seen {
  node: GraphNode;
  /** The open group that it is in. */
  parent: string | null;
  /** An open group, with others in it. */
  open: boolean;
}

export interface SeenEdge {
  id: string;
  source: string;
  target: string;
  label: string | null;
}

export interface SeenGraph {
  nodes: Seen[];
  edges: SeenEdge[];
}

export function seenOf(nodes: GraphNode[], edges: GraphEdge[], folded: ReadonlySet<string>): SeenGraph {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const above = new Map<string, string[]>();
  /** The groups around a node, outermost first. */
  const groups = (id: string): string[] => {
    const known = above.get(id);
    if (known) return known;
    const parent = byId.get(id)?.parent ?? null;
    const found = parent !== null && byId.has(parent) ? [...groups(parent), parent] : [];
    above.set(id, found);
    return found;
  };
  /** What stands for a node: itself, or the outermost folded group that it is in. */
  const standsFor = (id: string): string => groups(id).find((group) => folded.has(group)) ?? id;
  const full = new Set(nodes.map((node) => node.parent));
  const seen = nodes
    .filter((node) => standsFor(node.id) === node.id)
    .map((node) => ({
      node,
      parent: groups(node.id).at(-1) ?? null,
      open: node.kind === "group" && !folded.has(node.id) && full.has(node.id),
    }));
  const lifted = new Map<string, SeenEdge>();
  for (const edge of edges) {
    if (!byId.has(edge.source) || !byId.has(edge.target)) continue;
    const source = standsFor(edge.source);
    const target = standsFor(edge.target);
    if (source === target) continue;
    const id = `${source}→${target}`;
    const known = lifted.get(id);
    if (!known) lifted.set(id, { id, source, target, label: edge.label });
    else if (edge.label && !known.label?.split(", ").includes(edge.label))
      known.label = known.label ? `${known.label}, ${edge.label}` : edge.label;
  }
  return { nodes: seen, edges: [...lifted.values()] };
}

/** The tasks in each group, at whatever depth. */
export function membersOf(nodes: GraphNode[]): Map<string, string[]> {
  const parents = new Map(nodes.map((node) => [node.id, node.parent]));
  const members = new Map<string, string[]>();
  for (const node of nodes) {
    if (node.kind !== "task") continue;
    for (let group = node.parent; group !== null && group !== undefined; group = parents.get(group) ?? null) {
      const found = members.get(group);
      if (found) found.push(node.id);
      else members.set(group, [node.id]);
    }
  }
  return members;
}
