/** What is under the pointer, in words. Told what to show without drawing the grid anew. */
import { Group, Portal, Text } from "@mantine/core";
import { useImperativeHandle, useState, type Ref } from "react";
import { useTranslation } from "react-i18next";

import { StateBadge } from "../../../part/StateBadge";
import { formatDuration, formatTime, useZone } from "../../../part/time";
import type { GridRun } from "../../../query";
import { RunTypeIcon } from "../runType";
import { secondsOf } from "./GridHead";
import classes from "./grid.module.css";
import type { Cell } from "./rows";

export interface Tip {
  at: DOMRect;
  run: GridRun;
  /** A task or group; without one it is about the run. */
  task?: { label: string; state: Cell; counts: [string | null, number][]; noted: boolean };
}

export interface TipHandle {
  show: (tip: Tip | null) => void;
}

export function GridTip({ ref }: { ref: Ref<TipHandle> }) {
  const [tip, show] = useState<Tip | null>(null);
  useImperativeHandle(ref, () => ({ show }), []);
  if (!tip) return null;
  const { at } = tip;
  const below = at.bottom + 170 < innerHeight;
  return (
    <Portal>
      <div
        role="tooltip"
        className={classes.tip}
        style={{
          left: Math.max(8, Math.min(at.left + at.width / 2 - 110, innerWidth - 340)),
          ...(below ? { top: at.bottom + 8 } : { bottom: innerHeight - at.top + 8 }),
        }}
      >
        <Words tip={tip} />
      </div>
    </Portal>
  );
}

function Words({ tip: { run, task } }: { tip: Tip }) {
  const { t } = useTranslation();
  const zone = useZone();
  const [now] = useState(Date.now);
  const state = task ? task.state : run.state;
  return (
    <>
      <Group gap={6} wrap="nowrap" mb={4}>
        {state !== undefined && <StateBadge state={state} size="sm" />}
        <Text size="xs" fw={600} truncate>{task?.label ?? run.run_id}</Text>
      </Group>
      {task && task.state === undefined && <div>{t("dag.grid.noInstance")}</div>}
      {task && task.counts.length > 0 && (
        <div>{task.counts.map(([each, n]) => `${n} ${t(`state.${each ?? "none"}`)}`).join(" · ")}</div>
      )}
      <Group gap={5}>
        <RunTypeIcon type={run.run_type} size={13} />
        {t(`runType.${run.run_type}`, run.run_type)} · {formatTime(run.run_after, zone)}
      </Group>
      {!task && run.start_date && <div>{t("dag.took", { duration: formatDuration(secondsOf(run, now)) })}</div>}
      {run.version_number !== null && !task && <div>{t("dag.version")} v{run.version_number}</div>}
      {run.triggering_user_name && !task && <div>{t("dag.by", { user: run.triggering_user_name })}</div>}
      {(task ? task.noted : run.has_note) && <div>{t("dag.noted")}</div>}
    </>
  );
}
