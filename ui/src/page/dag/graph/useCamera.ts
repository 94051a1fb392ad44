/** Where the graph is looked at from: all of it if that can be read, else where its interest is. */
import { useReactFlow, useStore, useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";

import type { FlowNode } from "./nodes";

const READABLE = 0.36;

export function useCamera(nodes: FlowNode[] | undefined, selected: string | undefined, found: ReadonlySet<string> | null): void {
  const { fitView, setCenter, getZoom, getNode } = useReactFlow<FlowNode>();
  const ready = useStore((store) => store.width > 0 && !!store.panZoom);
  const { width, height } = useStore(({ width, height }) => ({ width, height }), (a, b) => a.width === b.width && a.height === b.height);
  const shown = useRef<FlowNode[]>(undefined);

  useEffect(() => {
    if (!ready || !nodes?.length || shown.current === nodes) return;
    const before = shown.current;
    shown.current = nodes;
    const right = Math.max(...nodes.map((node) => node.position.x + (node.width ?? 0)));
    const bottom = Math.max(...nodes.map((node) => node.position.y + (node.height ?? 0)));
    const zoom = Math.min((width - 48) / right, (height - 48) / bottom);
    const interest = nodes.find((node) => node.id === selected);
    if (zoom >= READABLE || (!interest && before)) void fitView({ padding: 0.06, maxZoom: 1, minZoom: READABLE });
    else {
      const at = interest ?? nodes.find((node) => node.type === "task") ?? nodes[0]!;
      // The beginning of the graph stands at the left, whoever is selected in the middle.
      const middle = at.position.x + (at.width ?? 0) / 2 + (interest ? 0 : (width / 2 - 130) / 0.7);
      void setCenter(middle, at.position.y + (at.height ?? 0) / 2, { zoom: 0.7 });
    }
  }, [fitView, height, nodes, ready, selected, setCenter, width]);

  useEffect(() => {
    if (!found?.size) return;
    void fitView({ nodes: [...found].map((id) => ({ id })), maxZoom: 1, minZoom: 0.15, padding: 0.25, duration: 250 });
  }, [fitView, found]);

  // Who walks through the tasks sees where they are.
  const store = useStoreApi();
  useEffect(() => {
    const node = selected === undefined ? undefined : getNode(selected);
    if (!node) return;
    const [x, y, zoom] = store.getState().transform;
    const left = node.position.x * zoom + x;
    const top = node.position.y * zoom + y;
    if (left >= 0 && top >= 0 && left < width - 60 && top < height - 40) return;
    void setCenter(node.position.x + (node.width ?? 0) / 2, node.position.y + (node.height ?? 0) / 2, { zoom: Math.max(getZoom(), READABLE), duration: 250 });
  }, [getNode, getZoom, height, selected, setCenter, store, width]);
}
