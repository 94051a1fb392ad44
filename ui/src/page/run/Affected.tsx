/** What a change will concern, instance by instance, before it is made. */
import { Alert, Badge, Center, Group, Loader, Stack, Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { useTranslation } from "react-i18next";

import { Problem } from "../../part/Problem";
import { StateBadge, StateIcon } from "../../part/StateBadge";
import type { TaskInstance } from "../../query";
import { byState, keyOf } from "./change";

interface Props {
  rows: TaskInstance[] | undefined;
  error: unknown;
  retry: () => void;
  /** What to say where nothing would change. */
  nothing: string;
}

const HEIGHT = 190;

export function Affected({ rows, error, retry, nothing }: Props) {
  const { t } = useTranslation();
  if (error) return <Problem error={error} retry={retry} />;
  if (!rows) return <Center h={HEIGHT + 34}><Loader type="dots" aria-label={t("loading")} /></Center>;
  if (!rows.length)
    return <Center h={HEIGHT + 34}><Alert color="gray" icon={<IconInfoCircle />} role="status">{nothing}</Alert></Center>;
  return (
    <Stack gap={6}>
      <Group gap={6} mih={28} role="status">
        <Text size="sm" fw={600}>{t("run.change.count", { count: rows.length })}</Text>
        {byState(rows).map(([state, n]) => (
          <Group key={String(state)} gap={3} wrap="nowrap"><StateBadge state={state} size="sm" /><Text size="xs" c="dimmed">× {n}</Text></Group>
        ))}
      </Group>
      <Rows rows={rows} />
    </Stack>
  );
}

function Rows({ rows }: { rows: TaskInstance[] }) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const manyRuns = new Set(rows.map((row) => row.dag_run_id)).size > 1;
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => 28, overscan: 8 });
  return (
    <div
      ref={scroller}
      role="list"
      aria-label={t("run.change.affected")}
      tabIndex={0}
      style={{ height: HEIGHT, overflow: "auto", border: "1px solid var(--mantine-color-default-border)", borderRadius: "var(--mantine-radius-md)" }}
    >
      <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]!;
          return (
            <Group
              key={keyOf(row)}
              role="listitem"
              aria-setsize={rows.length}
              aria-posinset={item.index + 1}
              gap="xs"
              px="sm"
              h={28}
              wrap="nowrap"
              style={{ position: "absolute", inset: "0 0 auto 0", transform: `translateY(${item.start}px)` }}
            >
              <StateIcon state={row.state} />
              <Text size="sm" truncate>{row.task_display_name}</Text>
              {row.map_index >= 0 && <Badge size="xs" variant="default">[{row.map_index}]</Badge>}
              {manyRuns && <Text size="xs" c="dimmed" ml="auto" truncate maw="50%">{row.dag_run_id}</Text>}
            </Group>
          );
        })}
      </div>
    </div>
  );
}
