import { ActionIcon, Button, Group, Menu, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDots, IconRefresh, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { client } from "../../api/client";
import { useCan } from "../../api/session";
import { useChange } from "../../part/mutate";

/** What is done with a DAG more seldom. */
export function HeaderMenu({ dagId, fileToken }: { dagId: string; fileToken: string | undefined }) {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const [deleting, ask] = useDisclosure();
  const reparse = useChange({
    change: (file_token: string) => client.PUT("/api/v2/parseDagFile/{file_token}", { params: { path: { file_token } } }),
    stale: [["dag", dagId]],
    done: t("dag.reparsed"),
  });
  const remove = useChange({
    change: () => client.DELETE("/api/v2/dags/{dag_id}", { params: { path: { dag_id: dagId } } }),
    stale: [["dags"]],
    done: t("dag.deleted", { dagId }),
    onDone: () => void navigate("/dags"),
  });
  const edit = can("can_edit", "DAGs", dagId);
  const del = can("can_delete", "DAGs", dagId);
  if (!edit && !del) return null;
  return (
    <>
      <Menu position="bottom-end" width={230}>
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label={t("dag.more")}><IconDots size={16} /></ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {edit && (
            <Menu.Item leftSection={<IconRefresh size={15} />} disabled={!fileToken || reparse.isPending} onClick={() => fileToken && reparse.mutate(fileToken)}>
              {t("dag.reparse")}
            </Menu.Item>
          )}
          {del && (
            <Menu.Item color="var(--mantine-color-red-text)" leftSection={<IconTrash size={15} />} onClick={ask.open}>{t("dag.delete")}</Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <Modal opened={deleting} onClose={ask.close} title={t("dag.deleteTitle", { dagId })}>
        <Text size="sm">{t("dag.deleteText")}</Text>
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={ask.close}>{t("action.cancel")}</Button>
          <Button
            color="red"
            loading={remove.isPending}
            onClick={() => remove.mutate()}
          >
            {t("action.delete")}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
