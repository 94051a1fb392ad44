/** The course of a run: when each of its tasks waited and ran. */
import { Box, Group, Select, Skeleton, Text } from "@mantine/core";
import { IconTimeline } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { useParam } from "../../part/DataTable";
import { Empty, Problem } from "../../part/Problem";
import { StateIcon } from "../../part/StateBadge";
import { formatTime, useNow, useZone } from "../../part/time";
import { graphQuery, runsQuery } from "../../query";
import { isUnfinished, lookOf } from "../../state";
import { useDagId } from "./address";
import { lanesOf } from "./gantt/lanes";
import { Timeline } from "./gantt/Timeline";
import { ganttQuery } from "./query";

export function Component() {
  const { t } = useTranslation();
  const zone = useZone();
  const dagId = useDagId();
  const [wanted, want] = useParam("run");
  const runs = useQuery(runsQuery(dagId, { limit: 50, order_by: ["-run_after"] }));
  const runId = wanted ?? runs.data?.dag_runs[0]?.dag_run_id;
  const { data, error, refetch } = useQuery({ ...ganttQuery(dagId, runId ?? ""), enabled: !!runId });
  const { data: graph } = useQuery(graphQuery(dagId));
  const order = useMemo(() => new Map(graph?.nodes.map((node, i) => [node.id, i])), [graph]);
  const labels = useMemo(() => new Map(graph?.nodes.map((node) => [node.id, node.label])), [graph]);
  const now = useNow(data && isUnfinished(data.run.state) ? 1000 : null);
  const lanes = useMemo(() => (data ? lanesOf(data.bars, order, now) : []), [data, now, order]);
  const options = runs.data?.dag_runs.map((run) => ({ value: run.dag_run_id, label: `${formatTime(run.run_after, zone)} · ${t(`state.${run.state}`)}` })) ?? [];
  if (wanted && !options.some(({ value }) => value === wanted)) options.unshift({ value: wanted, label: wanted });
  return (
    <Box style={{ display: "flex", flexDirection: "column", height: "100%" }}>
      <Group p="sm" gap="sm">
        <Select
          size="xs"
          w={270}
          aria-label={t("dag.gantt.run")}
          data={options}
          value={runId ?? null}
          onChange={want}
          allowDeselect={false}
          searchable
          leftSection={data && <StateIcon state={data.run.state} size={14} />}
        />
        <Group gap="md" visibleFrom="xs">
          <Key color="light-dark(#d8c6a5, #66573b)" words={t("dag.gantt.scheduled")} />
          <Key color="light-dark(#adb5bd, #59646e)" words={t("dag.gantt.queued")} />
          <Key color={lookOf("success").color} words={t("dag.gantt.ran")} />
        </Group>
      </Group>
      {error && !data ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : runs.data && !runId ? (
        <Empty icon={IconTimeline} title={t("dag.gantt.none")}>{t("dag.gantt.noneText")}</Empty>
      ) : !data || !runId ? (
        <Box p="md">{Array.from({ length: 9 }, (_, i) => <Skeleton key={i} h={14} my={10} ml={`${i * 5}%`} w="40%" />)}</Box>
      ) : lanes.length === 0 ? (
        <Empty icon={IconTimeline} title={t("dag.gantt.none")}>{t("dag.gantt.noneText")}</Empty>
      ) : (
        <>
          <Box flex={1} mih={0}><Timeline dagId={dagId} run={data.run} lanes={lanes} labels={labels} /></Box>
          {data.total_entries > data.bars.length && <Text size="xs" c="dimmed" p="xs">{t("dag.gantt.more", { count: data.bars.length })}</Text>}
        </>
      )}
    </Box>
  );
}

function Key({ color, words }: { color: string; words: string }) {
  return (
    <Group gap={5}>
      <Box w={12} h={10} style={{ borderRadius: 3, background: color }} />
      <Text size="xs" c="dimmed">{words}</Text>
    </Group>
  );
}
