import { Button, Menu, Text, Tooltip } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconCheck, IconChevronDown, IconRefresh, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { MarkState, Target } from "./change";
import { ClearDialog } from "./ClearDialog";
import { MarkDialog } from "./MarkDialog";

/** The buttons of a run's or a task instance's head that clear and mark it, their keys and their dialogs. */
export function ClearOrMark({ target }: { target: Target }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState<"clear" | MarkState | null>(null);
  const close = () => setOpened(null);
  useHotkeys([
    ["shift+C", () => setOpened("clear")],
    ["shift+S", () => setOpened("success")],
    ["shift+F", () => setOpened("failed")],
  ]);
  return (
    <>
      <Tooltip label="Shift C"><Button size="xs" variant="default" leftSection={<IconRefresh size={15} />} aria-keyshortcuts="Shift+C" onClick={() => setOpened("clear")}>{t("run.clear.short")}</Button></Tooltip>
      <Menu position="bottom-end">
        <Menu.Target><Button size="xs" variant="default" rightSection={<IconChevronDown size={14} />}>{t("run.mark.short")}</Button></Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconCheck size={15} />} rightSection={<Text size="xs" c="dimmed">⇧S</Text>} onClick={() => setOpened("success")}>{t("state.success")}</Menu.Item>
          <Menu.Item leftSection={<IconX size={15} />} rightSection={<Text size="xs" c="dimmed">⇧F</Text>} onClick={() => setOpened("failed")}>{t("state.failed")}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ClearDialog target={target} opened={opened === "clear"} onClose={close} />
      <MarkDialog target={target} state={opened === "failed" ? "failed" : "success"} opened={opened === "success" || opened === "failed"} onClose={close} />
    </>
  );
}
