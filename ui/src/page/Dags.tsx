import { Alert, Box, Button, Group, Paper, SegmentedControl, SimpleGrid, Text, VisuallyHidden } from "@mantine/core";
import { useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { IconAlertTriangle, IconLayoutGrid, IconList, IconRoute } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";

import { client, data } from "../api/client";
import { useCan } from "../api/session";
import { DataTable, usePaging } from "../part/DataTable";
import { Page } from "../part/Page";
import { Empty } from "../part/Problem";
import { Time, useNow } from "../part/time";
import { dagsQuery, recentRunsQuery, type Dag } from "../query";
import { DagCard, Latest, Name, Schedule, Trigger, type Runs } from "./dags/DagCard";
import { DagFilters, useDagFilters } from "./dags/filters";
import { PauseSwitch } from "./dags/PauseSwitch";
import { RecentRuns } from "./dags/RecentRuns";
import { TriggerDialog } from "./run/TriggerDialog";


export function Component() {
  const { t } = useTranslation();
  const paging = usePaging("dag_display_name");
  const filters = useDagFilters();
  const phone = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const [chosen, setView] = useLocalStorage<string | null>({ key: "slipstream.dags.view", defaultValue: null, getInitialValueInEffect: false });
  const view = chosen ?? (phone ? "cards" : "table");
  const [triggered, setTriggered] = useState<string | null>(null);
  const dags = useQuery(dagsQuery({ ...filters, ...paging }));
  const ids = useMemo(() => dags.data?.dags.map((dag) => dag.dag_id) ?? [], [dags.data]);
  const owners = useMemo(() => [...new Set(dags.data?.dags.flatMap((dag) => dag.owners))].sort(), [dags.data]);
  const recent = useQuery(recentRunsQuery(ids));
  const now = useNow(10_000);
  const runs = new Map(recent.data?.dags.map((dag) => [dag.dag_id, dag.runs]));
  const runsOf = (id: string): Runs => runs.get(id) ?? (recent.isPending ? undefined : []);
  const columns = useColumns(runsOf, now, setTriggered);
  return (
    <Page
      title={t("nav.dags")}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t("home.dags.view")}
          value={view}
          onChange={setView}
          data={[
            { value: "table", label: <IconList size={16} aria-label={t("home.dags.table")} /> },
            { value: "cards", label: <IconLayoutGrid size={16} aria-label={t("home.dags.cards")} /> },
          ]}
        />
      }
    >
      <ImportErrors />
      <DagFilters owners={owners} />
      <Paper>
        {view === "cards" && dags.data?.dags.length ? (
          <>
            <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }} p="sm" spacing="sm">
              {dags.data.dags.map((dag) => (
                <DagCard key={dag.dag_id} dag={dag} runs={runsOf(dag.dag_id)} now={now} trigger={setTriggered} />
              ))}
            </SimpleGrid>
          </>
        ) : (
          <DataTable
            label={t("nav.dags")}
            columns={columns}
            rows={dags.data?.dags}
            total={dags.data?.total_entries}
            paging={paging}
            rowId={(dag) => dag.dag_id}
            error={dags.error}
            retry={() => void dags.refetch()}
            empty={<NoDags />}
          />
        )}
      </Paper>
      {triggered && <TriggerDialog dagId={triggered} opened onClose={() => setTriggered(null)} />}
    </Page>
  );
}

function useColumns(runsOf: (id: string) => Runs, now: number, trigger: (id: string) => void): ColumnDef<Dag, unknown>[] {
  const { t } = useTranslation();
  return [
    { id: "pause", header: () => <VisuallyHidden>{t("home.dags.active")}</VisuallyHidden>, cell: ({ row }) => <PauseSwitch dagId={row.original.dag_id} isPaused={row.original.is_paused} /> },
    { id: "name", header: t("home.dags.name"), meta: { order: "dag_display_name" }, cell: ({ row }) => <Name dag={row.original} /> },
    { id: "schedule", header: t("home.dags.schedule"), meta: { wideOnly: true }, cell: ({ row }) => <Schedule dag={row.original} /> },
    { id: "next", header: t("home.dags.next"), meta: { order: "next_dagrun", wideOnly: true }, cell: ({ row }) => <Time value={row.original.is_paused ? null : row.original.next_dagrun_run_after} relative /> },
    {
      id: "last",
      header: t("home.dags.last"),
      meta: { order: "last_run_state" },
      cell: ({ row }) => <Latest runs={runsOf(row.original.dag_id)} dagId={row.original.dag_id} />,
    },
    { id: "recent", header: t("home.dags.recentRuns"), meta: { wideOnly: true, align: "right" }, cell: ({ row }) => <RecentRuns dagId={row.original.dag_id} runs={runsOf(row.original.dag_id)} now={now} /> },
    { id: "trigger", header: "", meta: { align: "right", pinned: true }, cell: ({ row }) => <Trigger dag={row.original} trigger={trigger} /> },
  ];
}

function ImportErrors() {
  const { t } = useTranslation();
  const can = useCan();
  const errors = useQuery({
    queryKey: ["import_errors", "count"],
    queryFn: () => data(client.GET("/api/v2/importErrors", { params: { query: { limit: 1 } } })),
    enabled: can("can_read", "ImportError"),
  });
  const count = errors.data?.total_entries ?? 0;
  if (!count) return null;
  return (
    <Alert color="red" icon={<IconAlertTriangle />} mb="sm" py="xs">
      <Group justify="space-between" gap="xs">
        <Text size="sm">{t("home.dags.importErrors", { count })}</Text>
        <Button component={Link} to="/import_errors" size="compact-sm" variant="light" color="red">{t("home.dags.showErrors")}</Button>
      </Group>
    </Alert>
  );
}

function NoDags() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  if (search.size)
    return (
      <Empty icon={IconRoute} title={t("home.dags.noMatch")}>
        <Button mt="sm" variant="light" onClick={() => setSearch({ show: "all" })}>{t("home.dags.showAll")}</Button>
      </Empty>
    );
  return (
    <Empty icon={IconRoute} title={t("home.dags.none")}>
      {t("home.dags.noneText")}
      <Box mt="sm"><Button variant="light" onClick={() => setSearch({ show: "all" })}>{t("home.dags.showAll")}</Button></Box>
    </Empty>
  );
}
