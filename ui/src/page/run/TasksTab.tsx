/** The task instances of a run: filtered, ordered and paged by the server; several are changed at once. */
import { Anchor, Box, Button, Group, MultiSelect, Pill, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconCheck, IconChecklist, IconFilterOff, IconRefresh, IconSearch, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef, RowSelectionState } from "@tanstack/react-table";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useCan } from "../../api/session";
import { DataTable, useParam, usePaging } from "../../part/DataTable";
import { Empty } from "../../part/Problem";
import { StateBadge } from "../../part/StateBadge";
import { Duration, Time } from "../../part/time";
import type { DagRun, TaskInstance } from "../../query";
import { TASK_STATES } from "../../state";
import type { MarkState, TaskRef } from "./change";
import { ClearDialog } from "./ClearDialog";
import { taskLink } from "./link";
import { MarkDialog } from "./MarkDialog";
import { taskInstancesQuery } from "./query";

const rowId = (row: TaskInstance): string => `${row.task_id}\n${row.map_index}`;
const refOf = (id: string): TaskRef => {
  const [task_id = "", map_index] = id.split("\n");
  return { task_id, map_index: Number(map_index) };
};

export function TasksTab({ run }: { run: DagRun }) {
  const { t } = useTranslation();
  const can = useCan();
  const { dag_id: dagId, dag_run_id: runId } = run;
  const paging = usePaging("start_date", 50);
  const [state, setState] = useParam("state");
  const [name, setName] = useParam("q");
  const [group, setGroup] = useParam("group");
  const states = state?.split(",").filter(Boolean) ?? [];
  const answer = useQuery(
    taskInstancesQuery(dagId, runId, {
      ...paging,
      state: states.length ? states : undefined,
      task_group_id: group ?? undefined,
      task_display_name_pattern: name ? `%${name}%` : undefined,
    }),
  );
  const [selection, setSelection] = useState<RowSelectionState>({});
  const [opened, setOpened] = useState<"clear" | MarkState | null>(null);
  const selected = Object.keys(selection).filter((id) => selection[id]);
  const canEdit = can("can_edit", "Task Instances", dagId);
  const type = useDebouncedCallback((value: string) => setName(value || null), 200);
  const columns = useMemo<ColumnDef<TaskInstance, unknown>[]>(
    () => [
      {
        id: "task",
        header: t("run.fact.task"),
        cell: ({ row: { original: ti } }) => (
          <Anchor component={Link} to={taskLink(dagId, runId, ti.task_id, ti.map_index)} size="sm" fw={500} display="block" miw={130} style={{ overflowWrap: "anywhere" }}>
            {ti.task_display_name}
            {ti.map_index >= 0 && <Text span c="dimmed" size="sm"> [{ti.rendered_map_index ?? ti.map_index}]</Text>}
          </Anchor>
        ),
      },
      { id: "state", header: t("run.fact.state"), meta: { order: "state" }, cell: ({ row }) => <Box w="max-content"><StateBadge state={row.original.state} size="sm" /></Box> },
      { id: "start", header: t("run.fact.start"), meta: { order: "start_date", wideOnly: true }, cell: ({ row }) => <Time value={row.original.start_date} /> },
      { id: "duration", header: t("run.fact.duration"), meta: { order: "duration", align: "right" }, cell: ({ row }) => <Duration start={row.original.start_date} end={row.original.end_date} /> },
      { id: "try", header: t("run.fact.tries"), meta: { align: "right", wideOnly: true }, cell: ({ row }) => row.original.try_number || "–" },
      { id: "operator", header: t("run.fact.operator"), meta: { roomyOnly: true }, cell: ({ row }) => <Text size="sm" c="dimmed">{row.original.operator_name ?? row.original.operator}</Text> },
    ],
    [t, dagId, runId],
  );
  const target = { kind: "tasks" as const, dagId, runId, tasks: selected.map(refOf) };
  const dialog = { target, onClose: () => setOpened(null), onDone: () => setSelection({}) };
  return (
    <>
      <Group gap="xs" p="xs" wrap="wrap">
        <TextInput
          size="xs"
          flex="1 1 160px"
          maw={260}
          type="search"
          leftSection={<IconSearch size={14} />}
          aria-label={t("run.tasks.search")}
          placeholder={t("run.tasks.search")}
          defaultValue={name ?? ""}
          onChange={(event) => type(event.currentTarget.value)}
        />
        <MultiSelect
          size="xs"
          flex="1 1 180px"
          maw={420}
          clearable
          aria-label={t("run.tasks.states")}
          placeholder={states.length ? undefined : t("run.tasks.states")}
          data={[...TASK_STATES, "none"].map((value) => ({ value, label: t(`state.${value}`) }))}
          value={states}
          onChange={(next) => setState(next.join(",") || null)}
        />
        {group && (
          <Pill withRemoveButton size="md" onRemove={() => setGroup(null)} removeButtonProps={{ "aria-label": t("run.tasks.leaveGroup", { group }) }}>
            {t("run.tasks.group", { group })}
          </Pill>
        )}
        {selected.length > 0 && (
          <Group gap={6} ml="auto" role="group" aria-label={t("run.tasks.selected", { count: selected.length })}>
            <Text size="xs" c="dimmed">{t("run.tasks.selected", { count: selected.length })}</Text>
            <Button size="compact-sm" variant="light" leftSection={<IconRefresh size={14} />} onClick={() => setOpened("clear")}>{t("run.clear.short")}</Button>
            <Button size="compact-sm" variant="light" color="green" leftSection={<IconCheck size={14} />} onClick={() => setOpened("success")}>{t("state.success")}</Button>
            <Button size="compact-sm" variant="light" color="red" leftSection={<IconX size={14} />} onClick={() => setOpened("failed")}>{t("state.failed")}</Button>
          </Group>
        )}
      </Group>
      <DataTable
        label={t("run.tab.tasks")}
        columns={columns}
        rows={answer.data?.task_instances}
        total={answer.data?.total_entries ?? undefined}
        paging={paging}
        rowId={rowId}
        error={answer.error}
        retry={() => void answer.refetch()}
        selection={canEdit ? [selection, setSelection] : undefined}
        empty={
          states.length || name || group ? (
            <Empty icon={IconFilterOff} title={t("run.tasks.none")}>{t("run.tasks.noneText")}</Empty>
          ) : (
            <Empty icon={IconChecklist} title={t("run.tasks.empty")}>{t("run.tasks.emptyText")}</Empty>
          )
        }
      />
      {target.tasks.length > 0 && (
        <>
          <ClearDialog {...dialog} opened={opened === "clear"} />
          <MarkDialog {...dialog} state={opened === "failed" ? "failed" : "success"} opened={opened === "success" || opened === "failed"} />
        </>
      )}
    </>
  );
}
