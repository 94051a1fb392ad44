import { ActionIcon, Group, Paper, Text, Tooltip } from "@mantine/core";
import { IconArrowsMaximize, IconCurrentLocation, IconMinus, IconPlus, IconSitemap, type Icon } from "@tabler/icons-react";
import { Panel, useReactFlow } from "@xyflow/react";
import { useTranslation } from "react-i18next";

import { StateBadge } from "../../../part/StateBadge";
import { Time } from "../../../part/time";
import type { GridRun } from "../../../query";
import type { Direction } from "./box";

interface Props {
  run: GridRun | undefined;
  direction: Direction;
  setDirection: (direction: Direction) => void;
  hasSelection: boolean;
  selected: string | undefined;
}

/** Whose states are shown, and the ways to move the view. */
export function Panels({ run, direction, setDirection, hasSelection, selected }: Props) {
  const { t } = useTranslation();
  const { fitView, zoomIn, zoomOut } = useReactFlow();
  const act = (label: string, Picture: Icon, onClick: () => void, turned = false) => (
    <Tooltip label={label} position="right">
      <ActionIcon variant="default" size={28} aria-label={label} onClick={onClick}>
        <Picture size={15} style={turned ? { transform: "rotate(-90deg)" } : undefined} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <>
      {run && (
        <Panel position="top-left">
          <Paper px={8} py={4} radius="md">
            <Group gap={8}>
              <StateBadge state={run.state} size="sm" />
              <Text size="xs" c="dimmed"><Time value={run.run_after} /></Text>
            </Group>
          </Paper>
        </Panel>
      )}
      <Panel position="bottom-left">
        <ActionIcon.Group orientation="vertical">
          {act(t("dag.graph.zoomIn"), IconPlus, () => void zoomIn())}
          {act(t("dag.graph.zoomOut"), IconMinus, () => void zoomOut())}
          {act(t("dag.graph.fit"), IconArrowsMaximize, () => void fitView({ padding: 0.06, duration: 250 }))}
          {act(t(direction === "LR" ? "dag.graph.down" : "dag.graph.right"), IconSitemap, () => setDirection(direction === "LR" ? "TB" : "LR"), direction === "TB")}
        </ActionIcon.Group>
        {hasSelection && selected !== undefined && (
          <div style={{ marginTop: 6 }}>
            {act(t("dag.graph.focus"), IconCurrentLocation, () => void fitView({ nodes: [{ id: selected }], maxZoom: 1, duration: 250 }))}
          </div>
        )}
      </Panel>
    </>
  );
}
