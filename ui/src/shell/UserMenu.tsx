import { ActionIcon, Button, Divider, Popover, Stack, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconDevices, IconKeyboard, IconLogout, IconPassword, IconUserCircle } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { client, goToLogin } from "../api/client";
import { leave } from "../api/login";
import { useSession } from "../api/session";
import { LoginsDialog } from "./LoginsDialog";
import { PasswordDialog } from "./PasswordDialog";
import { Preferences } from "./Preferences";
import { ShortcutsDialog } from "./ShortcutsDialog";

/** Who is logged in, how things are shown, and what a user does about the login. */
export function UserMenu() {
  const { t } = useTranslation();
  const { user, config } = useSession();
  const [opened, setOpened] = useState(false);
  const [dialog, setDialog] = useState<"password" | "logins" | "shortcuts" | null>(null);
  const close = () => setDialog(null);
  const show = (which: typeof dialog) => {
    setOpened(false);
    setDialog(which);
  };
  useHotkeys([["shift+?", () => show("shortcuts")]]);
  const logout = async () => {
    leave();
    await client.POST("/auth/logout");
    goToLogin();
  };
  return (
    <>
      {/* No menu: its form controls are none of what a screen reader expects in one. */}
      <Popover width={280} position="bottom-end" trapFocus opened={opened} onChange={setOpened}>
        <Popover.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("user.menu")} onClick={() => setOpened(!opened)}>
            <IconUserCircle size={22} stroke={1.6} />
          </ActionIcon>
        </Popover.Target>
        <Popover.Dropdown p={4} aria-label={t("user.menu")}>
          <Stack gap={2} px="sm" py="xs">
            <Text fw={600} size="sm">{user.username}</Text>
            <Text size="xs" c="dimmed">{user.roles.join(", ")}</Text>
          </Stack>
          <Divider my={4} />
          <Preferences />
          <Divider my={4} />
          <Stack gap={0}>
            <Entry icon={<IconKeyboard size={16} />} label={t("user.shortcuts")} onClick={() => show("shortcuts")} />
            {config.auth !== "all_admins" && (
              <>
                <Entry icon={<IconPassword size={16} />} label={t("user.password")} onClick={() => show("password")} />
                <Entry icon={<IconDevices size={16} />} label={t("user.sessions")} onClick={() => show("logins")} />
                <Entry icon={<IconLogout size={16} />} label={t("user.logout")} onClick={() => void logout()} />
              </>
            )}
          </Stack>
        </Popover.Dropdown>
      </Popover>
      {dialog === "password" && <PasswordDialog onClose={close} />}
      {dialog === "logins" && <LoginsDialog onClose={close} />}
      {dialog === "shortcuts" && <ShortcutsDialog onClose={close} />}
    </>
  );
}

function Entry({ icon, label, onClick }: { icon: ReactNode; label: string; onClick: () => void }) {
  return (
    <Button variant="subtle" color="gray" c="var(--mantine-color-text)" fw={400} fullWidth justify="flex-start" px="sm" leftSection={icon} onClick={onClick}>
      {label}
    </Button>
  );
}
