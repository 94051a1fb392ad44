import { ActionIcon, Alert, Anchor, Badge, Box, Button, Group, Paper, SegmentedControl, SimpleGrid, Stack, Text, Tooltip } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconAlertTriangle, IconLayoutGrid, IconList, IconPlayerPlay, IconRoute } from "@tabler/icons-react";
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
import { StateIcon } from "../part/StateBadge";
import { Time, useNow } from "../part/time";
import { dagsQuery, recentRunsQuery, type Dag } from "../query";
import { DagFilters, useDagFilters } from "./dags/filters";
import { PauseSwitch } from "./dags/PauseSwitch";
import { RecentRuns } from "./dags/RecentRuns";
import { TriggerDialog } from "./run/TriggerDialog";

type Runs = Parameters<typeof RecentRuns>[0]["runs"];

export function Component() {
  const { t } = useTranslation();
  const paging = usePaging("dag_display_name");
  const filters = useDagFilters();
  const [view, setView] = useLocalStorage({ key: "slipstream.dags.view", defaultValue: "table" });
  const [triggered, setTriggered] = useState<string | null>(null);
  const dags = useQuery(dagsQuery({ ...filters, ...paging }));
  const ids = useMemo(() => dags.data?.dags.map((dag) => dag.dag_id) ?? [], [dags.data]);
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
      <DagFilters />
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
    { id: "pause", header: () => <span aria-label={t("home.dags.active")} />, cell: ({ row }) => <PauseSwitch dagId={row.original.dag_id} isPaused={row.original.is_paused} /> },
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

function Name({ dag }: { dag: Dag }) {
  const [, setSearch] = useSearchParams();
  return (
    <Stack gap={2}>
      <Anchor component={Link} to={`/dags/${encodeURIComponent(dag.dag_id)}`} fw={600} size="sm" style={{ overflowWrap: "anywhere" }}>
        {dag.dag_display_name}
      </Anchor>
      <Group gap={4}>
        {dag.tags.slice(0, 4).map(({ name }) => (
          <Badge key={name} component="button" size="xs" variant="light" tt="none" radius="sm" style={{ cursor: "pointer" }} onClick={() => setSearch({ tag: name })}>
            {name}
          </Badge>
        ))}
        <Text size="xs" c="dimmed">{dag.owners.join(", ")}</Text>
      </Group>
    </Stack>
  );
}

function Schedule({ dag }: { dag: Dag }) {
  if (!dag.timetable_summary) return <Text size="sm" c="dimmed">–</Text>;
  return (
    <Tooltip label={dag.timetable_description} disabled={!dag.timetable_description}>
      <Text size="sm" ff="monospace" style={{ whiteSpace: "nowrap" }}>{dag.timetable_summary}</Text>
    </Tooltip>
  );
}

function Latest({ runs, dagId }: { runs: Runs; dagId: string }) {
  const { t } = useTranslation();
  const run = runs?.[0];
  if (!run) return <Text size="sm" c="dimmed">{runs ? t("home.dags.never") : ""}</Text>;
  return (
    <Anchor component={Link} to={`/dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(run.run_id)}`} c="inherit" underline="hover">
      <Group gap={6} wrap="nowrap">
        <StateIcon state={run.state} />
        <Text size="sm" component="span"><Time value={run.start_date ?? run.run_after} relative /></Text>
      </Group>
    </Anchor>
  );
}

function Trigger({ dag, trigger }: { dag: Dag; trigger: (id: string) => void }) {
  const { t } = useTranslation();
  const can = useCan();
  const label = t("home.dags.trigger", { name: dag.dag_display_name });
  if (!can("can_create", "DAG Runs")) return null;
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" aria-label={label} onClick={() => trigger(dag.dag_id)}>
        <IconPlayerPlay size={17} />
      </ActionIcon>
    </Tooltip>
  );
}

function DagCard({ dag, runs, now, trigger }: { dag: Dag; runs: Runs; now: number; trigger: (id: string) => void }) {
  return (
    <Paper p="sm">
      <Group justify="space-between" wrap="nowrap" align="start">
        <Name dag={dag} />
        <Group gap={6} wrap="nowrap">
          <Trigger dag={dag} trigger={trigger} />
          <PauseSwitch dagId={dag.dag_id} isPaused={dag.is_paused} />
        </Group>
      </Group>
      {dag.description && <Text size="sm" c="dimmed" mt={6} lineClamp={2}>{dag.description}</Text>}
      <Group justify="space-between" mt="sm" align="end">
        <Stack gap={2}>
          <Schedule dag={dag} />
          <Latest runs={runs} dagId={dag.dag_id} />
        </Stack>
        <RecentRuns dagId={dag.dag_id} runs={runs} now={now} />
      </Group>
    </Paper>
  );
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
