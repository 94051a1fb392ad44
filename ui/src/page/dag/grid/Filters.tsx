import { ActionIcon, Button, Indicator, MultiSelect, Popover, Stack, TextInput, Tooltip } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import { IconFilter } from "@tabler/icons-react";
import dayjs from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useZone } from "../../../part/time";
import { RUN_STATES } from "../../../state";
import { RUN_TYPES } from "../runType";
import type { Pane } from "../pane";

/** Which runs the grid shows. */
export function Filters({ pane, change }: { pane: Pane; change: (change: Partial<Pane>) => void }) {
  const { t } = useTranslation();
  const zone = useZone();
  const [user, setUser] = useState(pane.user ?? "");
  const n = pane.run_type.length + pane.state.length + (pane.until ? 1 : 0) + (pane.user ? 1 : 0);
  return (
    <Popover width={270} position="bottom-end" trapFocus withArrow>
      <Popover.Target>
        <Tooltip label={t("dag.pane.filter")}>
          <Indicator disabled={n === 0} label={n} size={14} offset={4}>
            <ActionIcon variant={n ? "light" : "subtle"} color={n ? undefined : "gray"} size={28} aria-label={t("dag.pane.filter")}>
              <IconFilter size={16} stroke={1.8} />
            </ActionIcon>
          </Indicator>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label={t("dag.pane.filter")}>
        <Stack gap="sm">
          <MultiSelect
            size="xs"
            label={t("dag.runs.type")}
            data={Object.keys(RUN_TYPES).map((value) => ({ value, label: t(`runType.${value}`) }))}
            value={pane.run_type}
            onChange={(run_type) => change({ run_type })}
            comboboxProps={{ withinPortal: false }}
            clearable
          />
          <MultiSelect
            size="xs"
            label={t("dag.runs.state")}
            data={RUN_STATES.map((value) => ({ value, label: t(`state.${value}`) }))}
            value={pane.state}
            onChange={(state) => change({ state })}
            comboboxProps={{ withinPortal: false }}
            clearable
          />
          <DateTimePicker
            size="xs"
            label={t("dag.pane.until")}
            description={zone}
            clearable
            value={pane.until ? dayjs(pane.until).tz(zone).format("YYYY-MM-DD HH:mm:ss") : null}
            onChange={(value) => change({ until: value ? dayjs.tz(value, zone).toISOString() : null })}
            popoverProps={{ withinPortal: false }}
          />
          <TextInput
            size="xs"
            label={t("dag.pane.user")}
            value={user}
            onChange={(event) => setUser(event.currentTarget.value)}
            onBlur={() => change({ user: user || null })}
            onKeyDown={(event) => event.key === "Enter" && change({ user: user || null })}
          />
          <Button
            size="xs"
            variant="default"
            disabled={n === 0}
            onClick={() => {
              setUser("");
              change({ run_type: [], state: [], until: null, user: null });
            }}
          >
            {t("action.reset")}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
