/** Who did what to this DAG. */
import { Anchor, Code, Group, Modal, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconHistory, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { DataTable, usePaging, useParam } from "../../part/DataTable";
import { CellLink } from "../../part/links";
import { Empty } from "../../part/Problem";
import { readable } from "../../part/readable";
import { Time } from "../../part/time";
import { instanceAt, runAt, taskAt, useDagId } from "./address";
import { eventsQuery, type EventLog } from "./query";

export function Component() {
  const { t } = useTranslation();
  const dagId = useDagId();
  const paging = usePaging("-when");
  const [event, setEvent] = useParam("event");
  const [owner, setOwner] = useParam("user");
  const [typed, setTyped] = useState(event ?? "");
  const [typedOwner, setTypedOwner] = useState(owner ?? "");
  const searchEvent = useDebouncedCallback(setEvent, 250);
  const searchOwner = useDebouncedCallback(setOwner, 250);
  const [shown, show] = useState<EventLog | null>(null);
  const { data, error, refetch } = useQuery(eventsQuery({ ...paging, dag_id: dagId, event_pattern: event ?? undefined, owner_pattern: owner ?? undefined }));
  const columns = useMemo<ColumnDef<EventLog, unknown>[]>(
    () => [
      { id: "when", header: t("dag.events.when"), meta: { order: "when" }, cell: ({ row: { original: each } }) => <Time value={each.when} /> },
      { id: "event", header: t("dag.events.event"), meta: { order: "event" }, cell: ({ row: { original: each } }) => <Text size="sm" fw={500}>{each.event}</Text> },
      { id: "owner", header: t("dag.events.user"), meta: { order: "owner" }, cell: ({ row: { original: each } }) => each.owner },
      { id: "what", header: t("dag.events.what"), meta: { wideOnly: true }, cell: ({ row: { original: each } }) => <Target of={each} dagId={dagId} /> },
      {
        id: "extra",
        header: t("dag.events.extra"),
        meta: { wideOnly: true },
        cell: ({ row: { original: each } }) =>
          each.extra && (
            <UnstyledButton onClick={() => show(each)} maw={110}>
              <Code block={false} style={{ display: "block", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{each.extra}</Code>
            </UnstyledButton>
          ),
      },
    ],
    [dagId, t],
  );
  return (
    <>
      <Group p="sm" gap="xs" grow>
        <TextInput size="xs" leftSection={<IconSearch size={14} />} placeholder={t("dag.events.search")} aria-label={t("dag.events.search")} value={typed} onChange={({ currentTarget: { value } }) => { setTyped(value); searchEvent(value || null); }} />
        <TextInput size="xs" leftSection={<IconSearch size={14} />} placeholder={t("dag.events.user")} aria-label={t("dag.events.user")} value={typedOwner} onChange={({ currentTarget: { value } }) => { setTypedOwner(value); searchOwner(value || null); }} />
      </Group>
      <DataTable
        columns={columns}
        rows={data?.event_logs}
        total={data?.total_entries ?? undefined}
        paging={paging}
        rowId={(each) => String(each.event_log_id)}
        label={t("dag.events.label", { dagId })}
        error={data ? undefined : error}
        retry={() => void refetch()}
        empty={<Empty icon={IconHistory} title={t("dag.events.none")}>{t("dag.events.noneText")}</Empty>}
      />
      <Modal opened={!!shown} onClose={() => show(null)} title={shown?.event} size="lg">
        <Code block>{readable(shown?.extra ?? "")}</Code>
      </Modal>
    </>
  );
}

function Target({ of, dagId }: { of: EventLog; dagId: string }) {
  const { run_id: run, task_id: task } = of;
  if (run && task) return <Anchor component={Link} size="sm" to={instanceAt(dagId, run, task)}>{task}</Anchor>;
  if (run) return <CellLink to={runAt(dagId, run)}>{run}</CellLink>;
  if (task) return <Anchor component={Link} size="sm" to={taskAt(dagId, task)}>{task}</Anchor>;
  return null;
}
