import { Anchor, Text } from "@mantine/core";
import { Link } from "react-router";

import classes from "./links.module.css";

const e = encodeURIComponent;

export const dagPath = (dagId: string) => `/dags/${e(dagId)}`;
export const runPath = (dagId: string, runId: string) => `${dagPath(dagId)}/runs/${e(runId)}`;
export const taskPath = (dagId: string, runId: string, taskId: string, mapIndex = -1) =>
  `${runPath(dagId, runId)}/tasks/${e(taskId)}${mapIndex >= 0 ? `?map_index=${mapIndex}` : ""}`;

/** A link within a table's cell: cut to its column, whole in its tooltip. */
export function CellLink({ to, children }: { to: string; children: string }) {
  return (
    <Anchor component={Link} to={to} size="sm" className={classes.cut} title={children}>
      {children}
    </Anchor>
  );
}

export function Plain({ children }: { children: string | number | null | undefined }) {
  return (
    <Text size="sm" className={`${classes.cut} ${classes.long}`} title={children == null ? undefined : String(children)}>
      {children ?? "–"}
    </Text>
  );
}
