import { describe, expect, it } from "vitest";

import { GAP, TASK, type Box, type Direction } from "../src/page/dag/graph/box";
import { apart, layered } from "../src/page/dag/graph/layered";
import { membersOf, seenOf } from "../src/page/dag/graph/visible";
import type { GraphEdge, GraphNode } from "../src/page/dag/query";

const node = (id: string, parent: string | null = null, kind: "task" | "group" = "task"): GraphNode => ({
  id,
  label: id,
  parent,
  kind,
  operator: null,
  is_mapped: false,
  tooltip: null,
  trigger_rule: "all_success",
  doc_md: null,
  ui_color: "#fff",
  setup_or_teardown: null,
  queue: null,
  pool: null,
  retries: null,
});
const edge = (source: string, target: string, label: string | null = null): GraphEdge => ({ source, target, label });

const NODES = [node("a"), node("g", null, "group"), node("h", "g", "group"), node("h.x", "h"), node("h.y", "h"), node("g.z", "g"), node("end")];
const EDGES = [edge("a", "h.x", "one"), edge("a", "h.y", "two"), edge("h.x", "g.z"), edge("h.y", "g.z"), edge("g.z", "end")];

const pairs = (folded: string[]) => seenOf(NODES, EDGES, new Set(folded)).edges.map(({ source, target, label }) => [source, target, label]);

describe("a graph with folded groups", () => {
  it("shows all if none is folded", () => {
    const seen = seenOf(NODES, EDGES, new Set());
    expect(seen.nodes.map(({ node: each, parent, open }) => [each.id, parent, open])).toEqual([
      ["a", null, false],
      ["g", null, true],
      ["h", "g", true],
      ["h.x", "h", false],
      ["h.y", "h", false],
      ["g.z", "g", false],
      ["end", null, false],
    ]);
    expect(seen.edges).toHaveLength(5);
  });
  it("joins the edges of a folded group, and their labels", () => {
    expect(pairs(["h"])).toEqual([["a", "h", "one, two"], ["h", "g.z", null], ["g.z", "end", null]]);
    expect(pairs(["g"])).toEqual([["a", "g", "one, two"], ["g", "end", null]]);
    expect(pairs(["g", "h"])).toEqual(pairs(["g"]));
  });
  it("leaves out edges to what is not there", () => expect(seenOf([node("a")], [edge("a", "gone")], new Set()).edges).toEqual([]));
  it("knows the tasks in a group at whatever depth", () =>
    expect(Object.fromEntries(membersOf(NODES))).toEqual({ g: ["h.x", "h.y", "g.z"], h: ["h.x", "h.y"] }));
});

const overlap = (a: Box, b: Box) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe.each<Direction>(["LR", "TB"])("the plain layout, %s", (direction) => {
  const along = (box: Box) => (direction === "LR" ? box.x : box.y);
  it("puts each task after what it waits for, and groups around what is in them", () => {
    const layout = layered(seenOf(NODES, EDGES, new Set()), direction);
    const at = (id: string) => layout.get(id)!;
    for (const { source, target } of EDGES) expect(along(at(source))).toBeLessThan(along(at(target)));
    for (const [group, child] of [["g", "h"], ["h", "h.x"], ["h", "h.y"], ["g", "g.z"]] as const) {
      expect(at(child).x).toBeGreaterThan(at(group).x);
      expect(at(child).y).toBeGreaterThan(at(group).y);
      expect(at(child).x + at(child).width).toBeLessThan(at(group).x + at(group).width);
      expect(at(child).y + at(child).height).toBeLessThan(at(group).y + at(group).height);
    }
  });
  it("lets nothing overlap, and is done in time, with a thousand tasks", () => {
    const many = Array.from({ length: 1000 }, (_, i) => node(`t${i}`));
    const ties = many.slice(1).flatMap((_, i) => [edge(`t${Math.floor(i / 2)}`, `t${i + 1}`), edge(`t${Math.max(0, i - 30)}`, `t${i + 1}`)]);
    const start = performance.now();
    const boxes = [...layered(seenOf(many, ties, new Set()), direction).values()];
    expect(performance.now() - start).toBeLessThan(500);
    expect(boxes).toHaveLength(1000);
    const byX = boxes.toSorted((a, b) => a.x - b.x);
    byX.forEach((box, i) => {
      for (let j = i + 1; j < byX.length && byX[j]!.x < box.x + box.width; j++) expect(overlap(box, byX[j]!)).toBe(false);
    });
    expect(Math.min(...boxes.map((box) => Math.min(box.x, box.y)))).toBeGreaterThanOrEqual(0);
  });
  it("ends even if groups wait for each other", () => {
    const circle = [node("p", null, "group"), node("q", null, "group"), node("p.1", "p"), node("p.2", "p"), node("q.1", "q")];
    expect(layered(seenOf(circle, [edge("p.1", "q.1"), edge("q.1", "p.2")], new Set()), direction).size).toBe(5);
  });
  it("puts what nothing ties into a block", () => {
    const boxes = [...layered(seenOf(Array.from({ length: 90 }, (_, i) => node(`t${i}`)), [], new Set()), direction).values()];
    expect(Math.max(...boxes.map(along))).toBeLessThan(20 * (TASK.width + GAP.node));
    expect(new Set(boxes.map((box) => `${box.x} ${box.y}`)).size).toBe(90);
  });
});

describe("keeping apart", () => {
  it("moves nothing that has room", () => expect(apart([0, 100, 200], [10, 10, 10], 5)).toEqual([0, 100, 200]));
  it("shares the way if there is none", () => expect(apart([0, 0], [10, 10], 0)).toEqual([-5, 5]));
});
