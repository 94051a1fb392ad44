/** The DAG's tasks as a graph, with the states of the run that is selected, or of the latest. */
import "@xyflow/react/dist/style.css";

import { useComputedColorScheme } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconSitemapOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Background, MiniMap, Position, ReactFlow, ReactFlowProvider, type Edge } from "@xyflow/react";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { Empty, Loading, Problem } from "../../../part/Problem";
import { graphQuery, type Grid } from "../../../query";
import { lookOf } from "../../../state";
import { groupAt, instanceAt, taskAt } from "../address";
import { rankOf } from "../grid/rows";
import { Sprite } from "../grid/Sprite";
import type { Folding } from "../useFolded";
import { useRunStates, type Selection } from "../useGrid";
import type { Direction, Layout } from "./box";
import { LookupContext, type Lookup } from "./context";
import classes from "./graph.module.css";
import { layoutOf, warmUp } from "./layout";
import { nodeTypes, type FlowNode } from "./nodes";
import { Panels } from "./Panels";
import { membersOf, seenOf, type SeenGraph } from "./visible";
import { useCamera } from "./useCamera";

interface Props {
  dagId: string;
  grid: Grid | undefined;
  selection: Selection;
  folding: Folding;
  search: string;
}

export default function GraphView(props: Props) {
  return (
    <ReactFlowProvider>
      <Graph {...props} />
    </ReactFlowProvider>
  );
}

interface Drawn {
  nodes: FlowNode[];
  edges: Edge[];
}

/** Where edges end: in the middle of the sides that look along the layout. */
function handlesOf({ width, height }: { width: number; height: number }, flat: boolean): NonNullable<FlowNode["handles"]> {
  const dot = { id: null, width: 1, height: 1 };
  return flat
    ? [{ ...dot, type: "target", position: Position.Left, x: 0, y: height / 2 }, { ...dot, type: "source", position: Position.Right, x: width - 1, y: height / 2 }]
    : [{ ...dot, type: "target", position: Position.Top, x: width / 2, y: 0 }, { ...dot, type: "source", position: Position.Bottom, x: width / 2, y: height - 1 }];
}

/** What React Flow draws of a layout. Frames of groups come first, so that they are behind. */
function draw(seen: SeenGraph, layout: Layout, direction: Direction): Drawn {
  const flat = direction === "LR";
  const nodes = seen.nodes.map(({ node, open }): FlowNode => {
    const box = layout.get(node.id) ?? { x: 0, y: 0, width: 10, height: 10 };
    const size = { width: box.width, height: box.height };
    return {
      id: node.id,
      type: open ? "frame" : "task",
      position: { x: box.x, y: box.y },
      data: { node, flat },
      ...size,
      // Without these, React Flow draws each node once to measure it, seen or not.
      measured: size,
      handles: handlesOf(size, flat),
      zIndex: open ? -1 : 1,
    };
  });
  const edges = seen.edges.map(({ id, source, target, label }) => ({ id, source, target, label: label ?? undefined, focusable: false }));
  return { nodes, edges };
}

function Graph({ dagId, grid, selection, folding, search }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const scheme = useComputedColorScheme();
  const [direction, setDirection] = useLocalStorage<Direction>({ key: "slipstream.direction", defaultValue: "LR", getInitialValueInEffect: false });
  const { run, states } = useRunStates(dagId, grid, selection.runId);
  const version = run?.version_number != null && grid?.version_number != null && run.version_number !== grid.version_number ? run.version_number : undefined;
  const { data: graph, error, refetch } = useQuery(graphQuery(dagId, version));
  const { folded, toggle } = folding;
  const seen = useMemo(() => graph && seenOf(graph.nodes, graph.edges, folded), [graph, folded]);
  const [drawn, setDrawn] = useState<Drawn | null>(null);
  useEffect(() => {
    if (grid) warmUp(grid.nodes.length);
  }, [grid]);

  useEffect(() => {
    if (!graph || !seen) return;
    let wanted = true;
    const key = JSON.stringify([dagId, graph.version_number, [...folded].sort()]);
    void layoutOf(key, seen, direction).then((layout) => wanted && setDrawn(draw(seen, layout, direction)));
    return () => {
      wanted = false;
    };
  }, [dagId, direction, folded, graph, seen]);

  const members = useMemo(() => membersOf(graph?.nodes ?? []), [graph]);
  const selected = selection.taskId ?? selection.groupId;
  const found = useMemo(() => {
    const wanted = search.trim().toLowerCase();
    if (!wanted || !drawn) return null;
    return new Set(drawn.nodes.filter(({ data: { node } }) => node.id.toLowerCase().includes(wanted) || node.label.toLowerCase().includes(wanted)).map((node) => node.id));
  }, [drawn, search]);
  const lookup = useMemo<Lookup>(() => {
    const stateOf = (id: string) => {
      const inside = members.get(id);
      if (!inside) return states.get(id);
      let worst: string | null | undefined;
      for (const member of inside) {
        const state = states.get(member);
        if (state !== undefined && (worst === undefined || rankOf(state) < rankOf(worst))) worst = state;
      }
      return worst;
    };
    return { stateOf, countOf: (group) => members.get(group)?.length ?? 0, found, selected, toggle };
  }, [found, members, selected, states, toggle]);
  // The map has an element for each node; the graph is painted before it.
  const [mapped, map] = useState(false);
  useEffect(() => {
    if (!drawn) return;
    const timer = setTimeout(() => map(true), 60);
    return () => clearTimeout(timer);
  }, [drawn]);
  useCamera(drawn?.nodes, selected, found);

  if (error && !graph) return <Problem error={error} retry={() => void refetch()} />;
  if (graph?.nodes.length === 0) return <Empty icon={IconSitemapOff} title={t("dag.grid.noTasks")}>{t("dag.grid.noTasksText")}</Empty>;
  if (!drawn) return <Loading />;
  return (
    <div className={classes.flow}>
      <Sprite />
      <LookupContext value={lookup}>
        <ReactFlow
          nodes={drawn.nodes}
          edges={drawn.edges}
          nodeTypes={nodeTypes}
          colorMode={scheme}
          onlyRenderVisibleElements
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          minZoom={0.02}
          maxZoom={1.6}
          deleteKeyCode={null}
          proOptions={{ hideAttribution: true }}
          onNodeClick={(_, { data: { node } }) => {
            const to = node.kind === "task" ? (run ? instanceAt(dagId, run.run_id, node.id) : taskAt(dagId, node.id)) : run ? groupAt(dagId, run.run_id, node.id) : null;
            if (to) void navigate(to);
            else toggle(node.id);
          }}
          aria-label={t("dag.graph.label", { dagId })}
        >
          <Background gap={22} size={1} />
          {mapped && <MiniMap<FlowNode>
            pannable
            zoomable
            style={{ width: 150, height: 96 }}
            ariaLabel={t("dag.graph.map")}
            nodeStrokeWidth={0}
            nodeColor={(node) => {
              const state = node.type === "frame" ? undefined : lookup.stateOf(node.id);
              return state === undefined ? (node.type === "frame" ? "rgba(128,140,150,0.15)" : "#98a4ae") : lookOf(state).color;
            }}
          />}
          <Panels run={run} direction={direction} setDirection={setDirection} hasSelection={selected !== undefined} selected={selected} />
        </ReactFlow>
      </LookupContext>
    </div>
  );
}
