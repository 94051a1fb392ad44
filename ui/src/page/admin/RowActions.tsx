import { ActionIcon, Button, Group, Paper, Text, Tooltip } from "@mantine/core";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

/** What can be done with a row; what one may not do is not there. */
export function RowActions({ name, onEdit, onDelete }: { name: string; onEdit?: () => void; onDelete?: () => void }) {
  const { t } = useTranslation();
  return (
    <Group gap={2} wrap="nowrap" justify="end">
      {onEdit && (
        <Tooltip label={t("action.edit")}>
          <ActionIcon variant="subtle" color="gray" onClick={onEdit} aria-label={t("admin.editNamed", { name })}>
            <IconPencil size={16} />
          </ActionIcon>
        </Tooltip>
      )}
      {onDelete && (
        <Tooltip label={t("action.delete")}>
          <ActionIcon variant="subtle" color="red" onClick={onDelete} aria-label={t("admin.deleteNamed", { name })}>
            <IconTrash size={16} />
          </ActionIcon>
        </Tooltip>
      )}
    </Group>
  );
}

/** What can be done with the selected rows; it floats, so that the table does not jump. */
export function SelectionBar({ count, onDelete, onClear, busy }: { count: number; onDelete: () => void; onClear: () => void; busy: boolean }) {
  const { t } = useTranslation();
  if (!count) return null;
  return (
    <Paper shadow="lg" px="md" py="xs" pos="fixed" bottom={18} left="50%" style={{ transform: "translateX(-50%)", zIndex: 150 }} role="region" aria-label={t("admin.selection")}>
      <Group gap="sm" wrap="nowrap">
        <Text size="sm" fw={600} style={{ whiteSpace: "nowrap" }} role="status">{t("admin.selected", { count })}</Text>
        <Button size="xs" color="red" leftSection={<IconTrash size={14} />} onClick={onDelete} loading={busy}>{t("action.delete")}</Button>
        <Button size="xs" variant="default" onClick={onClear}>{t("action.clear")}</Button>
      </Group>
    </Paper>
  );
}
