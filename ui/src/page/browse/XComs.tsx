import { Code, Group, Paper, Popover, Button, ScrollArea, Skeleton } from "@mantine/core";
import { IconTransfer } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { client, data } from "../../api/client";
import type { components } from "../../api/schema";
import { DataTable, usePaging } from "../../part/DataTable";
import { TextFilter } from "../../part/filters";
import { CellLink, dagPath, Plain, runPath, taskPath } from "../../part/links";
import { Page } from "../../part/Page";
import { Empty } from "../../part/Problem";
import { Time } from "../../part/time";

type XCom = components["schemas"]["XComResponse"];

export function Component() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const paging = usePaging();
  const get = (name: string) => search.get(name) ?? undefined;
  const query = {
    limit: paging.limit,
    offset: paging.offset,
    order_by: paging.order_by,
    xcom_key_pattern: get("key"),
    dag_display_name_pattern: get("dag"),
    run_id_pattern: get("run"),
    task_id_pattern: get("task"),
  };
  const xcoms = useQuery({
    queryKey: ["runs", "~", "xcoms", query],
    queryFn: () =>
      data(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries", {
          params: { path: { dag_id: "~", dag_run_id: "~", task_id: "~" }, query },
        }),
      ),
    placeholderData: keepPreviousData,
  });
  const columns: ColumnDef<XCom, unknown>[] = [
    { id: "key", header: t("browse.key"), meta: { order: "key" }, cell: ({ row }) => <Plain>{row.original.key}</Plain> },
    { id: "dag", header: "DAG", meta: { order: "dag_id" }, cell: ({ row: { original: x } }) => <CellLink to={dagPath(x.dag_id)}>{x.dag_display_name}</CellLink> },
    { id: "run", header: t("browse.run"), meta: { order: "run_id", wideOnly: true }, cell: ({ row: { original: x } }) => <CellLink to={runPath(x.dag_id, x.run_id)}>{x.run_id}</CellLink> },
    { id: "task", header: t("browse.task"), meta: { order: "task_id" }, cell: ({ row: { original: x } }) => <CellLink to={taskPath(x.dag_id, x.run_id, x.task_id, x.map_index)}>{x.task_display_name}</CellLink> },
    { id: "index", header: t("browse.mapIndex"), meta: { align: "right", wideOnly: true }, cell: ({ row }) => <Plain>{row.original.map_index < 0 ? null : row.original.map_index}</Plain> },
    { id: "at", header: t("browse.when"), meta: { order: "timestamp", wideOnly: true }, cell: ({ row }) => <Time value={row.original.timestamp} /> },
    { id: "value", header: t("browse.value"), meta: { pinned: true }, cell: ({ row }) => <Value xcom={row.original} /> },
  ];
  return (
    <Page title={t("nav.xcoms")}>
      <Group gap="xs" mb="sm">
        <TextFilter name="key" label={t("browse.key")} />
        <TextFilter name="dag" label="DAG" />
        <TextFilter name="run" label={t("browse.run")} />
        <TextFilter name="task" label={t("browse.task")} />
      </Group>
      <Paper>
        <DataTable
          label={t("nav.xcoms")}
          columns={columns}
          rows={xcoms.data?.xcom_entries}
          total={xcoms.data?.total_entries}
          paging={paging}
          rowId={(x) => [x.dag_id, x.run_id, x.task_id, x.map_index, x.key].join(" ")}
          error={xcoms.error}
          retry={() => void xcoms.refetch()}
          empty={<Empty icon={IconTransfer} title={t("browse.noXComs")}>{t("browse.noXComsText")}</Empty>}
        />
      </Paper>
    </Page>
  );
}

/** A value is read when somebody asks for it: it may be large. */
function Value({ xcom }: { xcom: XCom }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const value = useQuery({
    queryKey: ["run", xcom.dag_id, xcom.run_id, "xcom", xcom.task_id, xcom.map_index, xcom.key],
    queryFn: () =>
      data(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}", {
          params: {
            path: { dag_id: xcom.dag_id, dag_run_id: xcom.run_id, task_id: xcom.task_id, xcom_key: xcom.key },
            query: { map_index: xcom.map_index },
          },
        }),
      ),
    enabled: opened,
  });
  const shown = value.data && "value" in value.data ? value.data.value : undefined;
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" shadow="md" width="min(420px, calc(100vw - 40px))">
      <Popover.Target>
        <Button size="compact-xs" variant="light" onClick={() => setOpened(!opened)}>{t("browse.show")}</Button>
      </Popover.Target>
      <Popover.Dropdown>
        {value.isPending ? (
          <Skeleton h={40} />
        ) : (
          <ScrollArea.Autosize mah={300}>
            <Code block>{value.error ? value.error.message : typeof shown === "string" ? shown : JSON.stringify(shown, null, 2)}</Code>
          </ScrollArea.Autosize>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
