import { Group, Paper } from "@mantine/core";
import { IconActivity } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { DataTable, usePaging } from "../../part/DataTable";
import { ChoiceFilter, TextFilter } from "../../part/filters";
import { CellLink, dagPath, Plain, runPath } from "../../part/links";
import { Page } from "../../part/Page";
import { Empty } from "../../part/Problem";
import { StateBadge } from "../../part/StateBadge";
import { Duration, Time } from "../../part/time";
import { runsQuery, type DagRun } from "../../query";
import { RUN_STATES } from "../../state";

const TYPES = ["scheduled", "manual", "backfill", "asset_triggered"] as const;

export function Component() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const paging = usePaging("-run_after");
  const get = (name: string) => search.get(name) ?? undefined;
  const one = (name: string) => (search.get(name) ? [search.get(name)!] : undefined);
  const runs = useQuery(
    runsQuery("~", { ...paging, state: one("state"), run_type: one("type"), dag_id_pattern: get("dag"), run_id_pattern: get("run"), triggering_user_name_pattern: get("user") }),
  );
  const columns: ColumnDef<DagRun, unknown>[] = [
    { id: "dag", header: "DAG", meta: { order: "dag_id" }, cell: ({ row: { original: run } }) => <CellLink to={dagPath(run.dag_id)}>{run.dag_display_name}</CellLink> },
    { id: "run", header: t("browse.run"), meta: { order: "run_id" }, cell: ({ row: { original: run } }) => <CellLink to={runPath(run.dag_id, run.dag_run_id)}>{run.dag_run_id}</CellLink> },
    { id: "state", header: t("browse.state"), meta: { order: "state" }, cell: ({ row }) => <StateBadge state={row.original.state} /> },
    { id: "type", header: t("browse.type"), meta: { wideOnly: true }, cell: ({ row }) => <Plain>{t(`runType.${row.original.run_type}`)}</Plain> },
    { id: "after", header: t("browse.runAfter"), meta: { order: "run_after", wideOnly: true }, cell: ({ row }) => <Time value={row.original.run_after} /> },
    { id: "start", header: t("browse.start"), meta: { order: "start_date", roomyOnly: true }, cell: ({ row }) => <Time value={row.original.start_date} /> },
    { id: "duration", header: t("browse.duration"), meta: { order: "duration", align: "right", wideOnly: true }, cell: ({ row: { original: run } }) => <Duration start={run.start_date} end={run.end_date} /> },
    { id: "user", header: t("browse.user"), meta: { wideOnly: true }, cell: ({ row }) => <Plain>{row.original.triggering_user_name}</Plain> },
  ];
  return (
    <Page title={t("nav.runs")}>
      <Group gap="xs" mb="sm">
        <TextFilter name="dag" label="DAG" />
        <TextFilter name="run" label={t("browse.run")} />
        <ChoiceFilter name="state" label={t("browse.state")} data={RUN_STATES.map((value) => ({ value, label: t(`state.${value}`) }))} />
        <ChoiceFilter name="type" label={t("browse.type")} data={TYPES.map((value) => ({ value, label: t(`runType.${value}`) }))} />
        <TextFilter name="user" label={t("browse.user")} />
      </Group>
      <Paper>
        <DataTable
          label={t("nav.runs")}
          columns={columns}
          rows={runs.data?.dag_runs}
          total={runs.data?.total_entries ?? undefined}
          paging={paging}
          rowId={(run) => `${run.dag_id} ${run.dag_run_id}`}
          error={runs.error}
          retry={() => void runs.refetch()}
          empty={<Empty icon={IconActivity} title={t("browse.noRuns")}>{t("browse.noRunsText")}</Empty>}
        />
      </Paper>
    </Page>
  );
}
