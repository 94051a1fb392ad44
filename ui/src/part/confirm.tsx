import { Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import i18next from "i18next";

/** Ask before something that cannot be undone. */
export function confirm(title: string, text: string, onConfirm: () => void, verb?: string): void {
  modals.openConfirmModal({
    title,
    children: <Text size="sm" style={{ overflowWrap: "anywhere" }}>{text}</Text>,
    labels: { confirm: verb ?? i18next.t("action.delete"), cancel: i18next.t("action.cancel") },
    confirmProps: { color: "red" },
    onConfirm,
  });
}
