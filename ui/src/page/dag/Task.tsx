/** One task through all the DAG's runs. */
import { Anchor, Box, Group, Paper, SimpleGrid, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconChecklist } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";

import { DataTable, usePaging } from "../../part/DataTable";
import { Empty } from "../../part/Problem";
import { StateBadge, StateIcon } from "../../part/StateBadge";
import { useTitle } from "../../part/title";
import { Duration, formatDuration, Time } from "../../part/time";
import { gridQuery, type Task, type TaskInstance } from "../../query";
import { instanceAt, taskAt, useDagId } from "./address";
import { Markdown } from "./DocDialog";
import { StateBar } from "./overview/StateBar";
import { instancesQuery, tasksQuery } from "./query";
import classes from "./table.module.css";
import { historyOf } from "./taskHistory";

export function Component() {
  const { t } = useTranslation();
  const dagId = useDagId();
  const { taskId = "" } = useParams();
  const tasks = useQuery(tasksQuery(dagId));
  const task = tasks.data?.tasks.find((each) => each.task_id === taskId);
  const upstream = tasks.data?.tasks.filter((each) => each.downstream_task_ids?.includes(taskId)).map((each) => each.task_id ?? "") ?? [];
  useTitle(task?.task_display_name ?? taskId, dagId);
  const { data: grid } = useQuery(gridQuery(dagId, { limit: 50 }));
  const history = useMemo(() => (grid ? historyOf(grid, taskId) : []), [grid, taskId]);
  return (
    <Stack p="md" gap="md">
      <Title order={2} style={{ overflowWrap: "anywhere" }}>{task?.task_display_name ?? taskId}</Title>
      {task && <Facts dagId={dagId} task={task} upstream={upstream} />}
      {history.length > 0 && (
        <Paper p="md">
          <Title order={3} fz="sm" mb="sm">{t("dag.tasks.runs", { count: history.length })}</Title>
          <Group gap={3}>
            {history.map(({ run, state }) => (
              <Link key={run.run_id} to={instanceAt(dagId, run.run_id, taskId)} aria-label={`${t(`state.${state ?? "none"}`)}, ${run.run_id}`} style={{ display: "grid" }}>
                <StateIcon state={state} size={18} />
              </Link>
            ))}
          </Group>
          <StateBar states={history.map(({ state }) => state)} />
        </Paper>
      )}
      {task?.doc_md && <Paper p="md"><Markdown text={task.doc_md} /></Paper>}
      <Paper><Instances dagId={dagId} taskId={taskId} /></Paper>
    </Stack>
  );
}

function Facts({ dagId, task, upstream }: { dagId: string; task: Task; upstream: string[] }) {
  const { t } = useTranslation();
  const timeout = task.execution_timeout;
  const links = (ids: string[]): ReactNode =>
    ids.length === 0 ? "–" : ids.slice(0, 12).map((id, i) => <span key={id}>{i > 0 && ", "}<Anchor component={Link} inherit to={taskAt(dagId, id)}>{id}</Anchor></span>);
  const facts: [string, ReactNode][] = [
    ["operator", task.operator_name],
    ["rule", task.trigger_rule],
    ["retries", task.retries],
    ["pool", `${task.pool ?? ""}${(task.pool_slots ?? 1) > 1 ? ` × ${task.pool_slots}` : ""}`],
    ["queue", task.queue],
    ["weight", task.priority_weight],
    ["owner", task.owner],
    ["timeout", timeout ? formatDuration(timeout.days * 86_400 + timeout.seconds) : "–"],
    ["upstream", links(upstream)],
    ["downstream", links(task.downstream_task_ids ?? [])],
  ];
  return (
    <SimpleGrid component="dl" m={0} cols={{ base: 2, xs: 3 }} spacing="sm" verticalSpacing="xs">
      {facts.map(([key, value]) => (
        <Box key={key} miw={0}>
          <Text component="dt" size="xs" c="dimmed">{t(`dag.tasks.${key}`)}</Text>
          <Text component="dd" m={0} size="sm" style={{ overflowWrap: "anywhere" }}>{value ?? "–"}</Text>
        </Box>
      ))}
    </SimpleGrid>
  );
}

function Instances({ dagId, taskId }: { dagId: string; taskId: string }) {
  const { t } = useTranslation();
  const paging = usePaging("-run_after", 25);
  const { data, error, refetch } = useQuery(instancesQuery(dagId, { ...paging, task_id: taskId }));
  const columns = useMemo<ColumnDef<TaskInstance, unknown>[]>(
    () => [
      { id: "state", header: t("dag.runs.state"), meta: { order: "state" }, cell: ({ row: { original: each } }) => <div className={classes.tight}><StateBadge state={each.state} size="sm" /></div> },
      {
        id: "run",
        header: t("dag.tasks.run"),
        cell: ({ row: { original: each } }) => (
          <Tooltip label={each.dag_run_id}>
            <Anchor component={Link} size="sm" to={instanceAt(dagId, each.dag_run_id, taskId) + (each.map_index >= 0 ? `?map_index=${each.map_index}` : "")}>
              <Time value={each.run_after} />{each.map_index >= 0 && ` [${each.map_index}]`}
            </Anchor>
          </Tooltip>
        ),
      },
      { id: "start", header: t("dag.runs.start"), meta: { order: "start_date", wideOnly: true }, cell: ({ row: { original: each } }) => <Time value={each.start_date} /> },
      { id: "duration", header: t("dag.runs.duration"), meta: { order: "duration", align: "right" }, cell: ({ row: { original: each } }) => <Duration start={each.start_date} end={each.end_date} /> },
      { id: "try", header: t("dag.tasks.tries"), meta: { align: "right", wideOnly: true }, cell: ({ row: { original: each } }) => each.try_number },
    ],
    [dagId, t, taskId],
  );
  return (
    <DataTable
      columns={columns}
      rows={data?.task_instances}
      total={data?.total_entries ?? undefined}
      paging={paging}
      rowId={(each) => each.id}
      label={t("dag.tasks.instances", { taskId })}
      error={data ? undefined : error}
      retry={() => void refetch()}
      empty={<Empty icon={IconChecklist} title={t("dag.tasks.noInstances")}>{t("dag.tasks.noInstancesText")}</Empty>}
    />
  );
}
