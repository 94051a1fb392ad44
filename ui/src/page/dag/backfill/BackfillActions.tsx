import { ActionIcon, Button, Group, Modal, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlayerPause, IconPlayerPlay, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { client } from "../../../api/client";
import { useCan } from "../../../api/session";
import { useChange } from "../../../part/mutate";
import type { Backfill } from "../query";

/** Pause, continue and cancel a backfill that is not done. */
export function BackfillActions({ of }: { of: Backfill }) {
  const { t } = useTranslation();
  const can = useCan();
  const [asking, ask] = useDisclosure();
  const params = { path: { backfill_id: of.id } };
  const stale = [["backfills"], ["runs", of.dag_id]];
  const pause = useChange({ change: (paused: boolean) => (paused ? client.PUT("/api/v2/backfills/{backfill_id}/pause", { params }) : client.PUT("/api/v2/backfills/{backfill_id}/unpause", { params })), stale });
  const cancel = useChange({ change: () => client.PUT("/api/v2/backfills/{backfill_id}/cancel", { params }), stale });
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
