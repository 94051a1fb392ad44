/** How the DAG does: how long its runs take, what failed lately. */
import { Anchor, Box, Group, Paper, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconChartBar } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { Empty, Problem } from "../../part/Problem";
import { StateIcon } from "../../part/StateBadge";
import { Duration, Time } from "../../part/time";
import { dagQuery, runsQuery } from "../../query";
import { dagAt, instanceAt, useDagId } from "./address";
import { Markdown } from "./DocDialog";
import { DurationChart } from "./overview/DurationChart";
import { StateBar } from "./overview/StateBar";
import { instancesQuery } from "./query";

const RUNS = 40;
const DAY_MS = 86_400_000;

export function Component() {
  const { t } = useTranslation();
  const dagId = useDagId();
  const [since] = useState(() => new Date(Date.now() - DAY_MS).toISOString());
  const runs = useQuery(runsQuery(dagId, { limit: RUNS, order_by: ["-run_after"] }));
  const failedRuns = useQuery(runsQuery(dagId, { limit: 1, state: ["failed"], end_date_gte: since }));
  const failedTasks = useQuery(instancesQuery(dagId, { limit: 8, state: ["failed"], order_by: ["-start_date"] }));
  const failedToday = useQuery(instancesQuery(dagId, { limit: 1, state: ["failed"], end_date_gte: since }));
  const running = useQuery(runsQuery(dagId, { limit: 1, state: ["running"] }));
  const { data: dag } = useQuery(dagQuery(dagId));
  if (runs.error && !runs.data) return <Problem error={runs.error} retry={() => void runs.refetch()} />;
  if (runs.data?.dag_runs.length === 0)
    return (
      <>
        <Empty icon={IconChartBar} title={t("dag.overview.none")}>{t("dag.overview.noneText")}</Empty>
        {dag?.doc_md && <Box px="md" pb="md"><Markdown text={dag.doc_md} /></Box>}
      </>
    );
  return (
    <Stack p="md" gap="md">
      <SimpleGrid cols={3} spacing="sm">
        <Figure words={t("dag.overview.running")} n={running.data?.total_entries} to={`${dagAt(dagId, "runs")}?state=running`} />
        <Figure words={t("dag.overview.failedRuns")} below={t("dag.overview.within")} bad n={failedRuns.data?.total_entries} to={`${dagAt(dagId, "runs")}?state=failed`} />
        <Figure
          words={t("dag.overview.failedTasks")}
          below={t("dag.overview.within")}
          bad
          n={failedToday.data?.total_entries}
          to={`/task_instances?dag_id=${encodeURIComponent(dagId)}&state=failed`}
        />
      </SimpleGrid>
      <Paper p="md">
        <Group justify="space-between" mb="sm">
          <Title order={2} fz="sm">{t("dag.overview.lastRuns", { count: runs.data?.dag_runs.length ?? RUNS })}</Title>
          <Anchor size="sm" component={Link} to={dagAt(dagId, "runs")}>{t("dag.overview.seeAll")}</Anchor>
        </Group>
        {runs.data ? (
          <>
            <DurationChart dagId={dagId} runs={runs.data.dag_runs} />
            <StateBar states={runs.data.dag_runs.map((run) => run.state)} />
          </>
        ) : (
          <Skeleton h={220} />
        )}
      </Paper>
      <Paper p="md">
        <Title order={2} fz="sm" mb="xs">{t("dag.overview.recentFailures")}</Title>
        {failedTasks.data?.task_instances.length === 0 && <Text size="sm" c="dimmed">{t("dag.overview.noFailures")}</Text>}
        <Stack gap={6}>
          {failedTasks.data?.task_instances.map((each) => (
            <Group key={each.id} gap={8} wrap="nowrap" fz="sm">
              <StateIcon state={each.state} />
              <Anchor
                inherit
                truncate
                flex={1}
                component={Link}
                to={instanceAt(dagId, each.dag_run_id, each.task_id) + (each.map_index >= 0 ? `?map_index=${each.map_index}` : "")}
              >
                {each.task_display_name}{each.map_index >= 0 && ` [${each.map_index}]`}
              </Anchor>
              <Text size="xs" c="dimmed" visibleFrom="xs"><Time value={each.run_after} /></Text>
              <Text size="xs" w={64} ta="right"><Duration start={each.start_date} end={each.end_date} /></Text>
            </Group>
          ))}
        </Stack>
      </Paper>
      {dag?.doc_md && (
        <Paper p="md"><Markdown text={dag.doc_md} /></Paper>
      )}
    </Stack>
  );
}

function Figure({ words, below, n, to, bad = false }: { words: string; below?: string; n: number | null | undefined; to: string; bad?: boolean }) {
  return (
    <Paper p="sm" component={Link} to={to} style={{ textDecoration: "none", color: "inherit" }}>
      <Text size="xs" c="dimmed">{words}</Text>
      {n === undefined || n === null ? <Skeleton h={26} w={40} my={4} /> : <Text fz={24} fw={650} lh={1.4} c={bad && n > 0 ? "var(--mantine-color-error)" : undefined}>{n}</Text>}
      <Text size="xs" c="dimmed" mih={18}>{below}</Text>
    </Paper>
  );
}
