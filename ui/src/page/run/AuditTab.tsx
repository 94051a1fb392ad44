/** Who did what to a run or a task instance. */
import { Anchor, Text } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { DataTable, usePaging } from "../../part/DataTable";
import { Empty } from "../../part/Problem";
import { Time } from "../../part/time";
import { Json } from "./Json";
import { auditQuery, type EventLog } from "./query";

interface Props {
  dagId: string;
  runId: string;
  taskId?: string;
  mapIndex?: number;
}

export function AuditTab({ dagId, runId, taskId, mapIndex = -1 }: Props) {
  const { t } = useTranslation();
  const paging = usePaging("-when");
  const filter = taskId ? { task_id: taskId, ...(mapIndex >= 0 ? { map_index: mapIndex } : {}) } : {};
  const answer = useQuery(auditQuery(dagId, runId, { ...paging, ...filter }));
  const columns = useMemo<ColumnDef<EventLog, unknown>[]>(
    () => [
      { id: "when", header: t("run.audit.when"), meta: { order: "when" }, cell: ({ row }) => <Time value={row.original.when} /> },
      { id: "owner", header: t("run.audit.who"), meta: { order: "owner" }, cell: ({ row }) => row.original.owner ?? "–" },
      { id: "event", header: t("run.audit.what"), meta: { order: "event" }, cell: ({ row }) => <Text size="sm" ff="monospace">{row.original.event}</Text> },
      ...(taskId ? [] : [{ id: "task", header: t("run.audit.task"), cell: ({ row }: { row: { original: EventLog } }) => row.original.task_id ?? "–" }]),
      { id: "extra", header: t("run.audit.extra"), meta: { wideOnly: true }, cell: ({ row }) => <Extra value={row.original.extra} /> },
    ],
    [t, taskId],
  );
  return (
    <DataTable
      label={t("run.tab.audit")}
      columns={columns}
      rows={answer.data?.event_logs}
      total={answer.data?.total_entries}
      paging={paging}
      rowId={(row) => String(row.event_log_id)}
      error={answer.error}
      retry={() => void answer.refetch()}
      empty={<Empty icon={IconHistory} title={t("run.audit.empty")}>{t("run.audit.emptyText")}</Empty>}
    />
  );
}

function Extra({ value }: { value: string | null }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  if (!value || value === "{}" || value === "null") return null;
  if (!open)
    return (
      <Anchor component="button" type="button" size="xs" ff="monospace" c="dimmed" ta="left" onClick={() => setOpen(true)} style={{ overflowWrap: "anywhere" }}>
        {value.length > 90 ? `${value.slice(0, 90)}…` : value}
      </Anchor>
    );
  let parsed: unknown = value;
  try {
    parsed = JSON.parse(value);
  } catch {
    // Text that is no JSON is shown as it is.
  }
  return <Json value={parsed} name={t("run.audit.extra")} />;
}
