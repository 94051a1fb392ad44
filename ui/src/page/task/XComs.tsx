/** What a task instance left for others: read, and where one may, added, changed and deleted. */
import { ActionIcon, Button, Group, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconEdit, IconPlus, IconTransfer, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { client } from "../../api/client";
import { useCan } from "../../api/session";
import { Empty, Problem } from "../../part/Problem";
import { Time } from "../../part/time";
import { useChange } from "../../part/mutate";
import { keysOfRuns } from "../../query";
import { Dialog } from "../run/Dialog";
import { Editor } from "../../part/Editor";
import { Json } from "../run/Json";
import { parsed } from "../run/parsed";
import { xcomQuery, xcomsQuery, type Place, type XCom } from "../run/query";

const PAGE = 50;
const ENTRIES = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries";
const pathOf = ({ dagId, runId, taskId }: Place) => ({ dag_id: dagId, dag_run_id: runId, task_id: taskId });

export function XComs({ place }: { place: Place }) {
  const { t } = useTranslation();
  const can = useCan();
  const [limit, setLimit] = useState(PAGE);
  const [adding, setAdding] = useState(false);
  const answer = useQuery(xcomsQuery(place, { limit, offset: 0 }));
  const add = can("can_create", "XComs", place.dagId) && (
    <Button size="xs" variant="default" leftSection={<IconPlus size={15} />} onClick={() => setAdding(true)}>{t("run.xcom.add")}</Button>
  );
  if (answer.error) return <Problem error={answer.error} retry={() => void answer.refetch()} />;
  const entries = answer.data?.xcom_entries;
  const left = (answer.data?.total_entries ?? 0) - (entries?.length ?? 0);
  return (
    <>
      {!entries ? (
        <Stack p="md"><Skeleton h={60} /><Skeleton h={60} /></Stack>
      ) : !entries.length ? (
        <Empty icon={IconTransfer} title={t("run.xcom.empty")}>
          {t("run.xcom.emptyText")}
          {add && <Group justify="center" mt="md">{add}</Group>}
        </Empty>
      ) : (
        <Stack p="md" gap="md">
          <Group justify="space-between"><Text size="sm" c="dimmed">{t("run.xcom.count", { count: answer.data?.total_entries ?? 0 })}</Text>{add}</Group>
          {entries.map((entry) => <Entry key={entry.key} place={place} entry={entry} />)}
          {left > 0 && <Button variant="default" size="xs" onClick={() => setLimit(limit + PAGE)}>{t("run.json.more", { count: left })}</Button>}
        </Stack>
      )}
      <Dialog opened={adding} onClose={() => setAdding(false)} title={t("run.xcom.add")}><XComForm place={place} onClose={() => setAdding(false)} /></Dialog>
    </>
  );
}

function Entry({ place, entry }: { place: Place; entry: XCom }) {
  const { t } = useTranslation();
  const can = useCan();
  const [editing, setEditing] = useState(false);
  const answer = useQuery(xcomQuery(place, entry.key));
  const remove = useChange({
    stale: keysOfRuns(place.dagId),
    change: () => client.DELETE(`${ENTRIES}/{xcom_key}`, { params: { path: { ...pathOf(place), xcom_key: entry.key }, query: { map_index: place.mapIndex } } }),
    done: () => t("run.xcom.deleted", { key: entry.key }),
  });
  const confirm = () =>
    modals.openConfirmModal({
      title: t("run.xcom.delete", { key: entry.key }),
      children: <Text size="sm">{t("run.xcom.deleteText")}</Text>,
      labels: { confirm: t("action.delete"), cancel: t("action.cancel") },
      confirmProps: { color: "red" },
      onConfirm: () => remove.mutate(),
    });
  const value = answer.data && "value" in answer.data ? answer.data.value : undefined;
  return (
    <Stack gap={4} component="section" aria-label={entry.key}>
      <Group gap="xs" justify="space-between" wrap="nowrap">
        <Group gap="xs" miw={0}><code style={{ fontWeight: 600, overflowWrap: "anywhere" }}>{entry.key}</code><Text size="xs" c="dimmed" component="div"><Time value={entry.timestamp} /></Text></Group>
        <Group gap={2} wrap="nowrap">
          {can("can_edit", "XComs", place.dagId) && <ActionIcon variant="subtle" color="gray" aria-label={t("run.xcom.edit", { key: entry.key })} disabled={!answer.data} onClick={() => setEditing(true)}><IconEdit size={16} /></ActionIcon>}
          {can("can_delete", "XComs", place.dagId) && <ActionIcon variant="subtle" color="gray" aria-label={t("run.xcom.delete", { key: entry.key })} onClick={confirm}><IconTrash size={16} /></ActionIcon>}
        </Group>
      </Group>
      {answer.error ? <Problem error={answer.error} retry={() => void answer.refetch()} /> : answer.data ? <Json value={value} name={entry.key} /> : <Skeleton h={36} />}
      <Dialog opened={editing} onClose={() => setEditing(false)} title={t("run.xcom.edit", { key: entry.key })} size="lg">
        <XComForm place={place} entry={{ key: entry.key, value }} onClose={() => setEditing(false)} />
      </Dialog>
    </Stack>
  );
}

function XComForm({ place, entry, onClose }: { place: Place; entry?: { key: string; value: unknown }; onClose: () => void }) {
  const { t } = useTranslation();
  const [key, setKey] = useState(entry?.key ?? "");
  const [text, setText] = useState(entry ? JSON.stringify(entry.value, null, 2) : "");
  const value = parsed(text);
  const change = useChange({
    stale: keysOfRuns(place.dagId),
    change: () => {
      if (!value.ok) throw new Error(value.error);
      const body = { value: value.value, map_index: place.mapIndex };
      return entry
        ? client.PATCH(`${ENTRIES}/{xcom_key}`, { params: { path: { ...pathOf(place), xcom_key: key } }, body })
        : client.POST(ENTRIES, { params: { path: pathOf(place) }, body: { key: key.trim(), ...body } });
    },
    onDone: onClose,
  });
  return (
    <Stack component="form" onSubmit={(event) => { event.preventDefault(); change.mutate(undefined); }}>
      {!entry && <TextInput data-autofocus label={t("run.xcom.key")} required maxLength={512} value={key} onChange={(event) => setKey(event.currentTarget.value)} />}
      <Editor label={t("run.xcom.value")} description={t("run.xcom.valueHelp")} language="json" ariaLabel={t("run.xcom.value")} minHeight="140px" value={text} onChange={setText} error={text.trim() && !value.ok ? value.error : undefined} />
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>{t("action.cancel")}</Button>
        <Button type="submit" disabled={!value.ok || !key.trim()} loading={change.isPending}>{t("action.save")}</Button>
      </Group>
    </Stack>
  );
}
