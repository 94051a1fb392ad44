import { Group, Paper } from "@mantine/core";
import { IconChecklist } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { client, data } from "../../api/client";
import { DataTable, usePaging } from "../../part/DataTable";
import { ChoiceFilter, TextFilter } from "../../part/filters";
import { CellLink, dagPath, Plain, runPath, taskPath } from "../../part/links";
import { Page } from "../../part/Page";
import { Empty } from "../../part/Problem";
import { StateBadge } from "../../part/StateBadge";
import { Duration, Time } from "../../part/time";
import type { TaskInstance } from "../../query";
import { TASK_STATES } from "../../state";

export function Component() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const paging = usePaging("-start_date");
  const get = (name: string) => search.get(name) ?? undefined;
  const one = (name: string) => (search.get(name) ? [search.get(name)!] : undefined);
  const query = {
    ...paging,
    state: one("state"),
    dag_id_pattern: get("dag"),
    run_id_pattern: get("run"),
    task_display_name_pattern: get("task"),
    operator_name_pattern: get("operator"),
    pool_name_pattern: get("pool"),
  };
  const tasks = useQuery({
    queryKey: ["runs", "~", "tasks", query],
    queryFn: () =>
      data(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
          params: { path: { dag_id: "~", dag_run_id: "~" }, query },
        }),
      ),
    placeholderData: keepPreviousData,
  });
  const columns: ColumnDef<TaskInstance, unknown>[] = [
    { id: "dag", header: "DAG", cell: ({ row: { original: ti } }) => <CellLink to={dagPath(ti.dag_id)}>{ti.dag_display_name}</CellLink> },
    { id: "run", header: t("browse.run"), meta: { wideOnly: true }, cell: ({ row: { original: ti } }) => <CellLink to={runPath(ti.dag_id, ti.dag_run_id)}>{ti.dag_run_id}</CellLink> },
    {
      id: "task",
      header: t("browse.task"),
      cell: ({ row: { original: ti } }) => (
        <CellLink to={taskPath(ti.dag_id, ti.dag_run_id, ti.task_id, ti.map_index)}>
          {ti.map_index >= 0 ? `${ti.task_display_name} [${ti.rendered_map_index ?? ti.map_index}]` : ti.task_display_name}
        </CellLink>
      ),
    },
    { id: "state", header: t("browse.state"), meta: { order: "state" }, cell: ({ row }) => <StateBadge state={row.original.state} /> },
    { id: "operator", header: t("browse.operator"), meta: { roomyOnly: true }, cell: ({ row }) => <Plain>{row.original.operator_name}</Plain> },
    { id: "start", header: t("browse.start"), meta: { order: "start_date", wideOnly: true }, cell: ({ row }) => <Time value={row.original.start_date} /> },
    { id: "duration", header: t("browse.duration"), meta: { order: "duration", align: "right", wideOnly: true }, cell: ({ row: { original: ti } }) => <Duration start={ti.start_date} end={ti.end_date} /> },
    { id: "try", header: t("browse.try"), meta: { align: "right", wideOnly: true }, cell: ({ row }) => <Plain>{row.original.try_number}</Plain> },
    { id: "pool", header: t("browse.pool"), meta: { roomyOnly: true }, cell: ({ row }) => <Plain>{row.original.pool}</Plain> },
  ];
  return (
    <Page title={t("nav.tasks")}>
      <Group gap="xs" mb="sm">
        <TextFilter name="dag" label="DAG" />
        <TextFilter name="run" label={t("browse.run")} />
        <TextFilter name="task" label={t("browse.task")} />
        <ChoiceFilter name="state" label={t("browse.state")} data={[...TASK_STATES, "none"].map((value) => ({ value, label: t(`state.${value}`) }))} />
        <TextFilter name="operator" label={t("browse.operator")} />
        <TextFilter name="pool" label={t("browse.pool")} />
      </Group>
      <Paper>
        <DataTable
          label={t("nav.tasks")}
          columns={columns}
          rows={tasks.data?.task_instances}
          total={tasks.data?.total_entries ?? undefined}
          paging={paging}
          rowId={(ti) => ti.id}
          error={tasks.error}
          retry={() => void tasks.refetch()}
          empty={<Empty icon={IconChecklist} title={t("browse.noTasks")}>{t("browse.noTasksText")}</Empty>}
        />
      </Paper>
    </Page>
  );
}
