/** What tasks and groups look like in the graph. Many are drawn at once, so they are plain. */
import { IconChevronDown, IconChevronUp, IconStack2, IconTransitionBottom, IconTransitionTop } from "@tabler/icons-react";
import { Handle, Position, useStore, type Node, type NodeProps, type NodeTypes } from "@xyflow/react";
import { memo, use, type CSSProperties } from "react";
import { useTranslation } from "react-i18next";

import { lookOf } from "../../../state";
import { pictureOf } from "../grid/Sprite";
import type { GraphNode } from "../query";
import { LookupContext } from "./context";
import classes from "./graph.module.css";

export type FlowNode = Node<{ node: GraphNode; flat: boolean }, "task" | "frame">;

/** From there on names are too small to be read. */
const FAR = 0.32;

const Ends = ({ flat }: { flat: boolean }) => (
  <>
    <Handle type="target" position={flat ? Position.Left : Position.Top} isConnectable={false} />
    <Handle type="source" position={flat ? Position.Right : Position.Bottom} isConnectable={false} />
  </>
);

const colour = (state: string | null | undefined): CSSProperties =>
  ({ "--state": state === undefined ? "light-dark(#ced4da, #45525e)" : lookOf(state).color }) as CSSProperties;

/** A state without a tooltip: a thousand of those take their time. */
function Mark({ state }: { state: string | null }) {
  const { t } = useTranslation();
  return <span role="img" aria-label={t(`state.${state ?? "none"}`)} className={classes.mark} style={{ backgroundImage: pictureOf(state) }} />;
}

/** A task, or a folded group. */
const TaskNode = memo(function TaskNode({ data: { node, flat } }: NodeProps<FlowNode>) {
  const { t } = useTranslation();
  const { stateOf, countOf, found, selected, toggle } = use(LookupContext);
  const far = useStore((store) => store.transform[2] < FAR);
  const state = stateOf(node.id);
  const group = node.kind === "group";
  const mark = node.id === selected ? classes.selected : found === null ? "" : found.has(node.id) ? classes.found : classes.faded;
  if (far)
    return (
      <>
        <div className={`${classes.far} ${mark}`} style={colour(state)} title={node.label} />
        <Ends flat={flat} />
      </>
    );
  return (
    <>
      <div className={`${classes.node} ${group ? classes.folded : ""} ${mark}`} style={colour(state)} title={node.tooltip ?? node.id}>
        {state !== undefined && <Mark state={state} />}
        <div className={classes.words}>
          <div className={classes.name}>{node.label}</div>
          <div className={classes.kind}>{group ? t("dag.graph.tasks", { count: countOf(node.id) }) : node.operator}</div>
        </div>
        {node.setup_or_teardown === "setup" && <IconTransitionTop size={15} role="img" aria-label={t("dag.setup")} />}
        {node.setup_or_teardown === "teardown" && <IconTransitionBottom size={15} role="img" aria-label={t("dag.teardown")} />}
        {node.is_mapped && <IconStack2 size={15} role="img" aria-label={t("dag.mapped")} />}
        {group && (
          <span role="button" tabIndex={-1} className="nodrag" aria-label={t("dag.graph.unfold")} onClick={(event) => { event.stopPropagation(); toggle(node.id); }}>
            <IconChevronDown size={16} />
          </span>
        )}
      </div>
      <Ends flat={flat} />
    </>
  );
});

/** An open group: a frame behind what is in it. */
const GroupNode = memo(function GroupNode({ data: { node, flat } }: NodeProps<FlowNode>) {
  const { t } = useTranslation();
  const { stateOf, selected, toggle } = use(LookupContext);
  const state = stateOf(node.id);
  return (
    <>
      <div className={`${classes.group} ${node.id === selected ? classes.selected : ""}`} title={node.tooltip ?? node.id}>
        <div className={classes.title}>
          {state !== undefined && <Mark state={state} />}
          <span className={classes.name}>{node.label}</span>
          <span role="button" tabIndex={-1} aria-label={t("dag.graph.fold")} onClick={(event) => { event.stopPropagation(); toggle(node.id); }}>
            <IconChevronUp size={15} />
          </span>
        </div>
      </div>
      <Ends flat={flat} />
    </>
  );
});

export const nodeTypes: NodeTypes = { task: TaskNode, frame: GroupNode };
