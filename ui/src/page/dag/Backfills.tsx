/** Runs for dates in the past: what was asked for, how far it is, and a way to ask. */
import { Badge, Button, Group, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconHistory, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { useCan } from "../../api/session";
import { DataTable, usePaging } from "../../part/DataTable";
import { Empty } from "../../part/Problem";
import { Duration, Time } from "../../part/time";
import { dagQuery } from "../../query";
import { useDagId } from "./address";
import { BackfillActions } from "./backfill/BackfillActions";
import { BackfillDialog } from "./backfill/BackfillDialog";
import { backfillsQuery, type Backfill } from "./query";

const BEHAVIOR: Record<string, string> = { none: "none", failed: "failed", completed: "completed2" };

export function Component() {
  const { t } = useTranslation();
  const can = useCan();
  const dagId = useDagId();
  const paging = usePaging("-id");
  const [creating, create] = useDisclosure();
  const { data: dag } = useQuery(dagQuery(dagId));
  const { data, error, refetch } = useQuery(backfillsQuery(dagId, paging));
  const columns = useMemo<ColumnDef<Backfill, unknown>[]>(
    () => [
      { id: "state", header: t("dag.backfill.state"), cell: ({ row: { original: each } }) => <Progress of={each} /> },
      { id: "range", header: t("dag.backfill.range"), meta: { order: "from_date" }, cell: ({ row: { original: each } }) => <><Time value={each.from_date} /> – <Time value={each.to_date} /></> },
      { id: "behavior", header: t("dag.backfill.behavior"), meta: { wideOnly: true }, cell: ({ row: { original: each } }) => t(`dag.backfill.${BEHAVIOR[each.reprocess_behavior] ?? "none"}`) },
      { id: "active", header: t("dag.backfill.active"), meta: { align: "right", wideOnly: true }, cell: ({ row: { original: each } }) => each.max_active_runs },
      { id: "created", header: t("dag.backfill.created"), meta: { order: "created_at", wideOnly: true }, cell: ({ row: { original: each } }) => <Time value={each.created_at} relative /> },
      { id: "duration", header: t("dag.runs.duration"), meta: { align: "right" }, cell: ({ row: { original: each } }) => <Duration start={each.created_at} end={each.completed_at} /> },
      { id: "act", header: "", cell: ({ row: { original: each } }) => <BackfillActions of={each} /> },
    ],
    [t],
  );
  const mayCreate = can("can_create", "DAG Runs", dagId);
  const button = mayCreate && (
    <Tooltip label={t("dag.backfill.notPossible")} disabled={dag?.is_backfillable !== false}>
      <Button size="xs" leftSection={<IconPlus size={14} />} disabled={dag?.is_backfillable === false} onClick={create.open}>{t("dag.backfill.create")}</Button>
    </Tooltip>
  );
  return (
    <>
      {data?.total_entries !== 0 && <Group p="sm" justify="flex-end">{button}</Group>}
      <DataTable
        columns={columns}
        rows={data?.backfills}
        total={data?.total_entries ?? undefined}
        paging={paging}
        rowId={(each) => String(each.id)}
        label={t("dag.tab.backfills")}
        error={data ? undefined : error}
        retry={() => void refetch()}
        empty={
          <Empty icon={IconHistory} title={t("dag.backfill.empty")}>
            {t("dag.backfill.emptyText")}
            <Group justify="center" mt="md">{button}</Group>
          </Empty>
        }
      />
      {creating && <BackfillDialog dagId={dagId} onClose={create.close} />}
    </>
  );
}

function Progress({ of }: { of: Backfill }) {
  const { t } = useTranslation();
  const [state, color] = of.completed_at ? (["completed", "teal"] as const) : of.is_paused ? (["paused", "gray"] as const) : (["running", "blue"] as const);
  return <Badge size="sm" radius="sm" tt="none" variant="light" color={color}>{t(`dag.backfill.${state}`)}</Badge>;
}
