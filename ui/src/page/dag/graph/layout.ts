/** Where nodes are drawn: by ELK in a worker; by our own layout where ELK would take too long. Remembered. */
import type { ElkNode } from "elkjs/lib/elk-api";

import { GAP, PAD, TASK, TITLE, type Direction, type Layout } from "./box";
import { layered } from "./layered";
import type { SeenGraph } from "./visible";

/** ELK's time grows with both; these take it about a third of a second. */
const MAX_NODES = 160;
const MAX_EDGES = 320;
const REMEMBERED = 24;
/** Who has waited so long for ELK, which is large to load, sees the plain layout. */
const PATIENCE_MS = 1200;

const known = new Map<string, Promise<Layout>>();
let elk: Promise<{ layout: (graph: ElkNode) => Promise<ElkNode> }> | null = null;

async function start() {
  const [{ default: ELK }, { default: Worker }] = await Promise.all([
    import("elkjs/lib/elk-api"),
    import("elkjs/lib/elk-worker.min.js?worker"),
  ]);
  return new ELK({ workerFactory: () => new Worker() });
}

/** Load ELK while a graph of so many nodes is still on its way, if it will be needed. */
export function warmUp(nNodes: number): void {
  if (nNodes > MAX_NODES) return;
  elk ??= start();
  elk.catch(() => undefined); // whoever needs it hears of it
}

function toElk({ nodes, edges }: SeenGraph, direction: Direction): ElkNode {
  const made = new Map<string, ElkNode>(
    nodes.map(({ node, open }) => [
      node.id,
      open
        ? { id: node.id, children: [], layoutOptions: { "elk.padding": `[top=${TITLE},left=${PAD},bottom=${PAD},right=${PAD}]` } }
        : { id: node.id, ...TASK },
    ]),
  );
  const roots: ElkNode[] = [];
  for (const { node, parent } of nodes) {
    const each = made.get(node.id);
    if (each) (parent === null ? roots : (made.get(parent)?.children ?? roots)).push(each);
  }
  return {
    id: "root",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": direction === "LR" ? "RIGHT" : "DOWN",
      "elk.hierarchyHandling": "INCLUDE_CHILDREN",
      "elk.layered.spacing.nodeNodeBetweenLayers": String(GAP.layer),
      "elk.spacing.nodeNode": String(GAP.node),
      "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
      "elk.layered.nodePlacement.bk.fixedAlignment": "BALANCED",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
      "elk.edgeRouting": "POLYLINE",
    },
    children: roots,
    edges: edges.map(({ id, source, target }) => ({ id, sources: [source], targets: [target] })),
  };
}

function fromElk(root: ElkNode): Layout {
  const layout: Layout = new Map();
  const put = (node: ElkNode, left: number, top: number) => {
    for (const child of node.children ?? []) {
      const x = left + (child.x ?? 0);
      const y = top + (child.y ?? 0);
      layout.set(child.id, { x, y, width: child.width ?? TASK.width, height: child.height ?? TASK.height });
      put(child, x, y);
    }
  };
  put(root, 0, 0);
  return layout;
}

async function compute(seen: SeenGraph, direction: Direction): Promise<Layout> {
  if (seen.nodes.length > MAX_NODES || seen.edges.length > MAX_EDGES) return layered(seen, direction);
  try {
    const work = (elk ??= start()).then((engine) => engine.layout(toElk(seen, direction))).then(fromElk);
    const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
    return (await Promise.race([work, late])) ?? layered(seen, direction);
  } catch (error) {
    console.warn("ELK failed; falling back to the plain layout.", error);
    return layered(seen, direction);
  }
}

/** `key` names the graph: its DAG, version and folded groups. */
export function layoutOf(key: string, seen: SeenGraph, direction: Direction): Promise<Layout> {
  const full = `${direction} ${key}`;
  let layout = known.get(full);
  if (!layout) {
    layout = compute(seen, direction);
    known.set(full, layout);
    const oldest = known.keys().next().value;
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
  }
  return layout;
}
