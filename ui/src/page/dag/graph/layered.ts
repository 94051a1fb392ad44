/**
 * A layout in layers for graphs that are too large for ELK, which takes seconds for a thousand tasks;
 * this takes milliseconds, and is plainer. Groups are laid out from the inside out. Pure.
 */
import { GAP, PAD, TASK, TITLE, type Box, type Direction, type Layout } from "./box";
import type { SeenGraph } from "./visible";

interface Item {
  id: string;
  /** Along the layers, and across them. */
  long: number;
  across: number;
  rank: number;
  /** The middle, across. */
  at: number;
  before: Item[];
  after: Item[];
}

const SWEEPS = 6;
const mean = (items: Item[]) => items.reduce((sum, item) => sum + item.at, 0) / items.length;

/** The longest way to each; where groups wait for each other in a circle, one has to come first. */
function rank(items: Item[]): void {
  const waiting = new Map(items.map((item) => [item, item.before.length]));
  const ready = items.filter((item) => item.before.length === 0);
  const left = new Set(items);
  while (left.size) {
    const item = ready.pop() ?? left.values().next().value;
    if (!item || !left.delete(item)) continue;
    for (const next of item.after) {
      if (!left.has(next)) continue;
      next.rank = Math.max(next.rank, item.rank + 1);
      const n = (waiting.get(next) ?? 1) - 1;
      waiting.set(next, n);
      if (n === 0) ready.push(next);
    }
  }
  // What waits for nothing stands right before what waits for it.
  for (const item of items)
    if (item.before.length === 0 && item.after.length) item.rank = Math.max(0, Math.min(...item.after.map((next) => next.rank)) - 1);
}

/** Move each towards where it wants to be, as little as keeps them apart and in their order. */
export function apart(wanted: number[], sizes: number[], gap: number): number[] {
  const offsets: number[] = [];
  let offset = 0;
  sizes.forEach((size, i) => {
    offset += i === 0 ? 0 : ((sizes[i - 1] ?? 0) + size) / 2 + gap;
    offsets.push(offset);
  });
  const blocks: { sum: number; n: number }[] = [];
  wanted.forEach((want, i) => {
    let block = { sum: want - (offsets[i] ?? 0), n: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.n > block.sum / block.n; last = blocks.at(-1)) {
      block = { sum: block.sum + last.sum, n: block.n + last.n };
      blocks.pop();
    }
    blocks.push(block);
  });
  return blocks.flatMap(({ sum, n }) => Array<number>(n).fill(sum / n)).map((at, i) => at + (offsets[i] ?? 0));
}

function place(layers: Item[][]): void {
  const settle = (layer: Item[], near: (item: Item) => Item[]) => {
    const wish = new Map(layer.map((item) => [item, near(item).length ? mean(near(item)) : item.at]));
    layer.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
    const at = apart(layer.map((item) => wish.get(item) ?? 0), layer.map((item) => item.across), GAP.node);
    layer.forEach((item, i) => (item.at = at[i] ?? 0));
  };
  for (const layer of layers) settle(layer, () => []);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const layer of layers) settle(layer, (item) => item.before);
    for (const layer of layers.toReversed()) settle(layer, (item) => item.after);
  }
  for (const layer of layers) settle(layer, (item) => [...item.before, ...item.after]);
}

/** Place items from 0, 0 on; return how large it became. */
function arrange(items: Item[], spots: Map<string, { long: number; across: number }>): { long: number; across: number } {
  const joined = items.filter((item) => item.before.length + item.after.length > 0);
  const alone = items.filter((item) => item.before.length + item.after.length === 0);
  rank(joined);
  const layers: Item[][] = [];
  for (const item of joined) (layers[item.rank] ??= []).push(item);
  const dense = layers.filter(Boolean);
  place(dense);
  const top = Math.min(0, ...joined.map((item) => item.at - item.across / 2));
  let long = 0;
  let across = 0;
  for (const layer of dense) {
    const widest = Math.max(...layer.map((item) => item.long));
    for (const item of layer) {
      spots.set(item.id, { long: long + (widest - item.long) / 2, across: item.at - item.across / 2 - top });
      across = Math.max(across, item.at + item.across / 2 - top);
    }
    long += widest + GAP.layer;
  }
  long = Math.max(0, long - GAP.layer);
  // Those that nothing ties stand in a block below.
  const wide = Math.max(1, Math.ceil(Math.sqrt(alone.length / 3)));
  let start = across ? across + GAP.node * 2 : 0;
  for (let i = 0; i < alone.length; i += wide) {
    const line = alone.slice(i, i + wide);
    let from = 0;
    for (const item of line) {
      spots.set(item.id, { long: from, across: start });
      from += item.long + GAP.node;
    }
    long = Math.max(long, from - GAP.node);
    start += Math.max(...line.map((item) => item.across)) + GAP.node;
  }
  return { long, across: alone.length ? start - GAP.node : across };
}

export function layered({ nodes, edges }: SeenGraph, direction: Direction): Layout {
  const flat = direction === "LR";
  const parents = new Map(nodes.map(({ node, parent }) => [node.id, parent]));
  const inside = new Map<string | null, string[]>();
  for (const { node, parent } of nodes) {
    const siblings = inside.get(parent);
    if (siblings) siblings.push(node.id);
    else inside.set(parent, [node.id]);
  }
  const open = new Set(nodes.filter((each) => each.open).map(({ node }) => node.id));
  const way = (id: string): string[] => {
    const found = [id];
    for (let parent = parents.get(id); parent; parent = parents.get(parent)) found.unshift(parent);
    return found;
  };
  // An edge counts where the ways to its ends part.
  const ties = new Map<string | null, Set<string>>();
  for (const { source, target } of edges) {
    const a = way(source);
    const b = way(target);
    let i = 0;
    while (i < a.length - 1 && i < b.length - 1 && a[i] === b[i]) i++;
    if (a[i] === b[i]) continue;
    const at = i === 0 ? null : (a[i - 1] ?? null);
    const tied = ties.get(at) ?? new Set();
    ties.set(at, tied.add(`${a[i]}\n${b[i]}`));
  }
  const sizes = new Map<string, { width: number; height: number }>();
  const spots = new Map<string, { long: number; across: number }>();
  const lay = (container: string | null): { width: number; height: number } => {
    const items = new Map<string, Item>();
    for (const id of inside.get(container) ?? []) {
      const inner = open.has(id) ? lay(id) : null;
      const size = inner ? { width: inner.width + 2 * PAD, height: inner.height + TITLE + PAD } : TASK;
      sizes.set(id, size);
      items.set(id, { id, long: flat ? size.width : size.height, across: flat ? size.height : size.width, rank: 0, at: 0, before: [], after: [] });
    }
    for (const tie of ties.get(container) ?? []) {
      const [a, b] = tie.split("\n").map((id) => items.get(id));
      if (!a || !b) continue;
      a.after.push(b);
      b.before.push(a);
    }
    const { long, across } = arrange([...items.values()], spots);
    return flat ? { width: long, height: across } : { width: across, height: long };
  };
  lay(null);
  const layout: Layout = new Map();
  const put = (container: string | null, left: number, top: number) => {
    for (const id of inside.get(container) ?? []) {
      const spot = spots.get(id) ?? { long: 0, across: 0 };
      const box: Box = { x: left + (flat ? spot.long : spot.across), y: top + (flat ? spot.across : spot.long), ...(sizes.get(id) ?? TASK) };
      layout.set(id, box);
      if (open.has(id)) put(id, box.x + PAD, box.y + TITLE);
    }
  };
  put(null, 0, 0);
  return layout;
}
