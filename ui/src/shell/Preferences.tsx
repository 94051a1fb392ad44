import { SegmentedControl, Select, Stack, useMantineColorScheme } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { LANGUAGES, language, speak, type Language } from "../i18n";
import { chooseZone, localZone, useZone } from "../part/time";

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC")];

/** How this browser shows things: light or dark, language, time zone. */
export function Preferences() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const zone = useZone();
  return (
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
  );
}
