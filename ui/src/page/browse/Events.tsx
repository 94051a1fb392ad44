import { Button, Code, Group, Paper, Popover, ScrollArea } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { client, data } from "../../api/client";
import type { components } from "../../api/schema";
import { DataTable, usePaging } from "../../part/DataTable";
import { TextFilter } from "../../part/filters";
import { CellLink, dagPath, Plain, runPath } from "../../part/links";
import { Page } from "../../part/Page";
import { Empty } from "../../part/Problem";
import { readable } from "../../part/readable";
import { Time } from "../../part/time";

type Event = components["schemas"]["EventLogResponse"];

export function Component() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const paging = usePaging("-when");
  const get = (name: string) => search.get(name) ?? undefined;
  const query = { ...paging, event_pattern: get("event"), owner_pattern: get("user"), dag_id_pattern: get("dag"), run_id_pattern: get("run"), task_id_pattern: get("task") };
  const events = useQuery({
    queryKey: ["events", query],
    queryFn: () => data(client.GET("/api/v2/eventLogs", { params: { query } })),
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  });
  const columns: ColumnDef<Event, unknown>[] = [
    { id: "when", header: t("browse.when"), meta: { order: "when" }, cell: ({ row }) => <Time value={row.original.when} /> },
    { id: "event", header: t("browse.event"), meta: { order: "event" }, cell: ({ row }) => <Plain>{row.original.event}</Plain> },
    { id: "user", header: t("browse.user"), meta: { order: "owner" }, cell: ({ row }) => <Plain>{row.original.owner}</Plain> },
    { id: "dag", header: "DAG", meta: { order: "dag_id", wideOnly: true }, cell: ({ row: { original: e } }) => (e.dag_id ? <CellLink to={dagPath(e.dag_id)}>{e.dag_display_name ?? e.dag_id}</CellLink> : <Plain>{null}</Plain>) },
    { id: "run", header: t("browse.run"), meta: { order: "run_id", wideOnly: true }, cell: ({ row: { original: e } }) => (e.dag_id && e.run_id ? <CellLink to={runPath(e.dag_id, e.run_id)}>{e.run_id}</CellLink> : <Plain>{e.run_id}</Plain>) },
    { id: "task", header: t("browse.task"), meta: { order: "task_id", wideOnly: true }, cell: ({ row }) => <Plain>{row.original.task_display_name ?? row.original.task_id}</Plain> },
    { id: "extra", header: t("browse.detail"), meta: { pinned: true }, cell: ({ row }) => <Extra text={row.original.extra} /> },
  ];
  return (
    <Page title={t("nav.audit")}>
      <Group gap="xs" mb="sm">
        <TextFilter name="event" label={t("browse.event")} />
        <TextFilter name="user" label={t("browse.user")} />
        <TextFilter name="dag" label="DAG" />
        <TextFilter name="run" label={t("browse.run")} />
        <TextFilter name="task" label={t("browse.task")} />
      </Group>
      <Paper>
        <DataTable
          label={t("nav.audit")}
          columns={columns}
          rows={events.data?.event_logs}
          total={events.data?.total_entries}
          paging={paging}
          rowId={(e) => String(e.event_log_id)}
          error={events.error}
          retry={() => void events.refetch()}
          empty={<Empty icon={IconHistory} title={t("browse.noEvents")} />}
        />
      </Paper>
    </Page>
  );
}

function Extra({ text }: { text: string | null }) {
  const { t } = useTranslation();
  if (!text) return <Plain>{null}</Plain>;
  return (
    <Popover position="bottom-end" shadow="md" width="min(460px, calc(100vw - 40px))">
      <Popover.Target>
        <Button size="compact-xs" variant="light">{t("browse.show")}</Button>
      </Popover.Target>
      <Popover.Dropdown>
        <ScrollArea.Autosize mah={340}>
          <Code block>{readable(text)}</Code>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}
