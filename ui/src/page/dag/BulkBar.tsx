/** What is done to several runs at once. */
import { Button, Group, Modal, Paper, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconCheck, IconRotateClockwise, IconTrash, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { client, data } from "../../api/client";
import type { components } from "../../api/schema";
import { useCan } from "../../api/session";
import { useChange } from "../../part/mutate";
import { keysOfRuns } from "../../query";
import { ClearDialog } from "../run/ClearDialog";

type Result = components["schemas"]["BulkResponse"];
type Action = components["schemas"]["BulkBody_BulkDAGRunBody_"]["actions"][number];

export function BulkBar({ dagId, runs, done }: { dagId: string; runs: string[]; done: () => void }) {
  const { t } = useTranslation();
  const can = useCan();
  const [deleting, ask] = useDisclosure();
  const [clearing, clear] = useDisclosure();
  const entities = runs.map((dag_run_id) => ({ dag_run_id }));
  const path = { dag_id: dagId };
  const act = useChange({
    change: async (action: Action) => {
      const result: Result = await data(client.PATCH("/api/v2/dags/{dag_id}/dagRuns", { params: { path }, body: { actions: [action] } }));
      const { success, errors } = result[action.action] ?? { success: [], errors: [] };
      if (success.length) notifications.show({ color: "teal", message: t("dag.runs.done", { count: success.length }) });
      const why = errors[0]?.error;
      if (errors.length) throw new Error(t("dag.runs.errors", { count: errors.length, why: typeof why === "string" ? why : JSON.stringify(errors[0]) }));
      done();
    },
    stale: keysOfRuns(dagId),
  });
  const mark = (state: "success" | "failed") => act.mutate({ action: "update", action_on_non_existence: "skip", entities: entities.map((each) => ({ ...each, state })) });
  const edit = can("can_edit", "DAG Runs", dagId);
  return (
    <Paper mx="sm" mb="xs" px="sm" py={6} bg="var(--mantine-primary-color-light)" role="region" aria-label={t("dag.runs.selected", { count: runs.length })}>
      <Group gap="xs">
        <Text size="sm" fw={600} flex={1}>{t("dag.runs.selected", { count: runs.length })}</Text>
        {edit && (
          <>
            <Button size="compact-sm" variant="default" leftSection={<IconRotateClockwise size={14} />} onClick={clear.open}>{t("dag.runs.clear")}</Button>
            <Button size="compact-sm" variant="default" leftSection={<IconCheck size={14} />} loading={act.isPending} onClick={() => mark("success")}>{t("dag.runs.success")}</Button>
            <Button size="compact-sm" variant="default" leftSection={<IconX size={14} />} loading={act.isPending} onClick={() => mark("failed")}>{t("dag.runs.failed")}</Button>
          </>
        )}
        {can("can_delete", "DAG Runs", dagId) && (
          <Button size="compact-sm" variant="default" c="red" leftSection={<IconTrash size={14} />} onClick={ask.open}>{t("dag.runs.delete")}</Button>
        )}
      </Group>
      <Modal opened={deleting} onClose={ask.close} title={t("dag.runs.deleteTitle")}>
        <Text size="sm">{t("dag.runs.deleteText")}</Text>
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={ask.close}>{t("action.cancel")}</Button>
          <Button color="red" loading={act.isPending} onClick={() => act.mutate({ action: "delete", action_on_non_existence: "skip", entities }, { onSettled: ask.close })}>{t("action.delete")}</Button>
        </Group>
      </Modal>
      <ClearDialog target={{ kind: "runs", dagId, runIds: runs }} opened={clearing} onClose={clear.close} onDone={done} />
    </Paper>
  );
}
