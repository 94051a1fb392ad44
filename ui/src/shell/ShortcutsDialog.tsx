import { Group, Kbd, Modal, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

const SHORTCUTS = [
  ["palette", ["mod+K", "/"]],
  ["help", ["?"]],
  ["graph", ["G"]],
  ["move", ["Shift+←↑↓→"]],
  ["fold", ["Space"]],
  ["clear", ["Shift+C"]],
  ["success", ["Shift+S"]],
  ["failed", ["Shift+F"]],
  ["log", ["W", "T", "S", "E", "F", "D"]],
  ["logEnds", ["mod+↑", "mod+↓"]],
] as const;

/** What the keyboard does, by what it is for. */
export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const mod = /Mac/.test(navigator.userAgent) ? "⌘" : "Ctrl";
  return (
    <Modal opened onClose={onClose} title={t("user.shortcuts")}>
      <Table>
        <Table.Tbody>
          {SHORTCUTS.map(([name, keys]) => (
            <Table.Tr key={name}>
              <Table.Td><Text size="sm">{t(`user.key.${name}`)}</Text></Table.Td>
              <Table.Td>
                <Group gap={6} justify="end">
                  {keys.map((each) => <Kbd key={each} size="xs">{each.replace("mod", mod)}</Kbd>)}
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
