/** All runs of the DAG, and what can be done to several at once. */
import { Anchor, Group, Select, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconActivity, IconNote, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef, RowSelectionState } from "@tanstack/react-table";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useCan } from "../../api/session";
import { DataTable, usePaging, useParam } from "../../part/DataTable";
import { Empty } from "../../part/Problem";
import { StateBadge } from "../../part/StateBadge";
import { Duration, Time } from "../../part/time";
import { runsQuery, type DagRun } from "../../query";
import { RUN_STATES } from "../../state";
import { runAt, useDagId } from "./address";
import { BulkBar } from "./BulkBar";
import classes from "./table.module.css";
import { RUN_TYPES, RunTypeIcon } from "./runType";

/** The length of a day; the calendar links to hours, too: `2026-01-31T09`. */
const DAY = "YYYY-MM-DD".length;

export function Component() {
  const { t } = useTranslation();
  const can = useCan();
  const dagId = useDagId();
  const paging = usePaging("-run_after");
  const [state, setState] = useParam("state");
  const [type, setType] = useParam("type");
  const [day, setDay] = useParam("day");
  const [id, setId] = useParam("run");
  const [typed, setTyped] = useState(id ?? "");
  const search = useDebouncedCallback(setId, 250);
  const [selected, select] = useState<RowSelectionState>({});
  const { data, error, refetch } = useQuery(
    runsQuery(dagId, {
      ...paging,
      state: state ? [state] : undefined,
      run_type: type ? [type] : undefined,
      run_id_pattern: id ?? undefined,
      calendar_date_gte: day ? `${day}${"T00:00:00Z".slice(day.length - DAY)}` : undefined,
      calendar_date_lte: day ? `${day}${"T23:59:59.999999Z".slice(day.length - DAY)}` : undefined,
    }),
  );
  const columns = useMemo<ColumnDef<DagRun, unknown>[]>(
    () => [
      { id: "state", header: t("dag.runs.state"), meta: { order: "state" }, cell: ({ row: { original: run } }) => <div className={classes.tight}><StateBadge state={run.state} size="sm" /></div> },
      {
        id: "run",
        header: t("dag.runs.run"),
        meta: { order: "run_after" },
        cell: ({ row: { original: run } }) => (
          <div className={classes.named}>
            <Group gap={6} wrap="nowrap">
              <Anchor component={Link} size="sm" fw={500} to={runAt(run.dag_id, run.dag_run_id)}><Time value={run.run_after} /></Anchor>
              {run.note && <IconNote size={14} role="img" aria-label={t("dag.noted")} />}
            </Group>
            <Text size="xs" c="dimmed" truncate title={run.dag_run_id}>{run.dag_run_id}</Text>
          </div>
        ),
      },
      { id: "duration", header: t("dag.runs.duration"), meta: { order: "duration", align: "right" }, cell: ({ row: { original: run } }) => <Duration start={run.start_date} end={run.end_date} /> },
      {
        id: "type",
        header: t("dag.runs.type"),
        meta: { order: "run_type", wideOnly: true },
        cell: ({ row: { original: run } }) => <Group gap={5} wrap="nowrap"><RunTypeIcon type={run.run_type} />{t(`runType.${run.run_type}`)}</Group>,
      },
      { id: "versions", header: t("dag.runs.versions"), meta: { roomyOnly: true }, cell: ({ row: { original: run } }) => run.dag_versions.map((version) => `v${version.version_number}`).join(", ") },
      { id: "user", header: t("dag.runs.user"), meta: { wideOnly: true }, cell: ({ row: { original: run } }) => run.triggering_user_name ?? "" },
    ],
    [t],
  );
  const filtered = !!(state ?? type ?? id ?? day);
  const chosen = Object.keys(selected).filter((run) => selected[run]);
  return (
    <>
      <Group p="sm" gap="xs">
        <TextInput
          size="xs"
          flex={1}
          miw={120}
          leftSection={<IconSearch size={14} />}
          placeholder={t("dag.runs.search")}
          aria-label={t("dag.runs.search")}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            search(event.currentTarget.value || null);
          }}
        />
        {day && <Anchor component="button" size="xs" onClick={() => setDay(null)}>{day.replace("T", " ") + (day.length > DAY ? ":00" : "")} ×</Anchor>}
        <Select size="xs" w={130} clearable placeholder={t("dag.runs.anyState")} aria-label={t("dag.runs.state")} value={state} onChange={setState} data={RUN_STATES.map((value) => ({ value, label: t(`state.${value}`) }))} />
        <Select size="xs" w={130} clearable placeholder={t("dag.runs.anyType")} aria-label={t("dag.runs.type")} value={type} onChange={setType} data={Object.keys(RUN_TYPES).map((value) => ({ value, label: t(`runType.${value}`) }))} />
      </Group>
      {chosen.length > 0 && <BulkBar dagId={dagId} runs={chosen} done={() => select({})} />}
      <DataTable
        columns={columns}
        rows={data?.dag_runs}
        total={data?.total_entries ?? undefined}
        paging={paging}
        rowId={(run) => run.dag_run_id}
        label={t("dag.runs.label", { dagId })}
        error={data ? undefined : error}
        retry={() => void refetch()}
        selection={can("can_edit", "DAG Runs", dagId) || can("can_delete", "DAG Runs", dagId) ? [selected, select] : undefined}
        empty={<Empty icon={IconActivity} title={t(filtered ? "dag.runs.noneFit" : "dag.runs.none")}>{t(filtered ? "dag.runs.noneFitText" : "dag.runs.noneText")}</Empty>}
      />
    </>
  );
}
