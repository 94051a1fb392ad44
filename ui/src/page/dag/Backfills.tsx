/** Runs for dates in the past: what was asked for, how far it is, and a way to ask. */
import { ActionIcon, Badge, Button, Group, Modal, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconHistory, IconPlayerPause, IconPlayerPlay, IconPlus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { client } from "../../api/client";
import { useCan } from "../../api/session";
import { DataTable, usePaging } from "../../part/DataTable";
import { Empty } from "../../part/Problem";
import { Duration, Time } from "../../part/time";
import { dagQuery } from "../../query";
import { useDagId } from "./address";
import { BackfillDialog } from "./backfill/BackfillDialog";
import { useAct } from "./mutation";
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
      { id: "act", header: "", cell: ({ row: { original: each } }) => <Actions of={each} /> },
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

function Actions({ of }: { of: Backfill }) {
  const { t } = useTranslation();
  const can = useCan();
  const [asking, ask] = useDisclosure();
  const params = { path: { backfill_id: of.id } };
  const stale = [["backfills"], ["runs", of.dag_id]];
  const pause = useAct((paused: boolean) => (paused ? client.PUT("/api/v2/backfills/{backfill_id}/pause", { params }) : client.PUT("/api/v2/backfills/{backfill_id}/unpause", { params })), stale);
  const cancel = useAct(() => client.PUT("/api/v2/backfills/{backfill_id}/cancel", { params }), stale);
  if (of.completed_at || !can("can_edit", "DAG Runs", of.dag_id)) return null;
  const words = t(of.is_paused ? "dag.backfill.unpause" : "dag.backfill.pause");
  return (
    <Group gap={2} wrap="nowrap" justify="flex-end">
      <Tooltip label={words}>
        <ActionIcon variant="subtle" color="gray" aria-label={words} loading={pause.isPending} onClick={() => pause.mutate(!of.is_paused)}>
          {of.is_paused ? <IconPlayerPlay size={16} /> : <IconPlayerPause size={16} />}
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t("dag.backfill.cancel")}>
        <ActionIcon variant="subtle" color="red" aria-label={t("dag.backfill.cancel")} onClick={ask.open}><IconX size={16} /></ActionIcon>
      </Tooltip>
      <Modal opened={asking} onClose={ask.close} title={t("dag.backfill.cancelTitle")}>
        <Text size="sm">{t("dag.backfill.cancelText")}</Text>
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={ask.close}>{t("action.close")}</Button>
          <Button color="red" loading={cancel.isPending} onClick={() => cancel.mutate(undefined, { onSettled: ask.close })}>{t("dag.backfill.cancel")}</Button>
        </Group>
      </Modal>
    </Group>
  );
}
