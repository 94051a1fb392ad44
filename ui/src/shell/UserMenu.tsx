import { ActionIcon, Menu, SegmentedControl, Select, Stack, Text, useMantineColorScheme } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconDevices, IconKeyboard, IconLogout, IconPassword, IconUserCircle } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { client, goToLogin } from "../api/client";
import { leave } from "../api/login";
import { useSession } from "../api/session";
import { LANGUAGES, language, speak, type Language } from "../i18n";
import { chooseZone, localZone, useZone } from "../part/time";
import { LoginsDialog } from "./LoginsDialog";
import { PasswordDialog } from "./PasswordDialog";
import { ShortcutsDialog } from "./ShortcutsDialog";

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC")];

export function UserMenu() {
  const { t } = useTranslation();
  const { user, config } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const zone = useZone();
  const [dialog, setDialog] = useState<"password" | "logins" | "shortcuts" | null>(null);
  const close = () => setDialog(null);
  useHotkeys([["shift+?", () => setDialog("shortcuts")]]);
  const logout = async () => {
    leave();
    await client.POST("/auth/logout");
    goToLogin();
  };
  return (
    <>
    <Menu width={280} position="bottom-end" closeOnItemClick={false}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("user.menu")}>
          <IconUserCircle size={22} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Stack gap={2} px="sm" py="xs">
          <Text fw={600} size="sm">{user.username}</Text>
          <Text size="xs" c="dimmed">{user.roles.join(", ")}</Text>
        </Stack>
        <Menu.Divider />
        <Stack gap="sm" px="sm" py="xs">
          <SegmentedControl
            size="xs"
            fullWidth
            aria-label={t("user.appearance")}
            value={colorScheme}
            onChange={(value) => setColorScheme(value)}
            data={(["light", "dark", "auto"] as const).map((value) => ({ value, label: t(`user.${value}`) }))}
          />
          <Select
            size="xs"
            label={t("user.language")}
            allowDeselect={false}
            data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
            value={language()}
            onChange={(value) => value && void speak(value as Language)}
            comboboxProps={{ withinPortal: false }}
          />
          <Select
            size="xs"
            label={t("user.zone")}
            searchable
            limit={80}
            allowDeselect={false}
            data={ZONES.map((name) => ({ value: name, label: name === localZone ? `${name} (${t("user.zoneLocal")})` : name }))}
            value={zone}
            onChange={(value) => value && chooseZone(value)}
            comboboxProps={{ withinPortal: false }}
          />
        </Stack>
        <Menu.Divider />
        <Menu.Item closeMenuOnClick leftSection={<IconKeyboard size={16} />} onClick={() => setDialog("shortcuts")}>
          {t("user.shortcuts")}
        </Menu.Item>
        {config.auth !== "all_admins" && (
          <>
            <Menu.Item closeMenuOnClick leftSection={<IconPassword size={16} />} onClick={() => setDialog("password")}>
              {t("user.password")}
            </Menu.Item>
            <Menu.Item closeMenuOnClick leftSection={<IconDevices size={16} />} onClick={() => setDialog("logins")}>
              {t("user.sessions")}
            </Menu.Item>
            <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void logout()}>
              {t("user.logout")}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
      {dialog === "password" && <PasswordDialog onClose={close} />}
      {dialog === "logins" && <LoginsDialog onClose={close} />}
      {dialog === "shortcuts" && <ShortcutsDialog onClose={close} />}
    </>
  );
}
