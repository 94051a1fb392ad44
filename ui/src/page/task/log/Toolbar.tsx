import { ActionIcon, Box, Button, Checkbox, CloseButton, Group, Indicator, Popover, Stack, Text, TextInput, Tooltip } from "@mantine/core";
import {
  IconArrowBarToDown,
  IconArrowBarToUp,
  IconArrowsMaximize,
  IconArrowsMinimize,
  IconChevronDown,
  IconChevronUp,
  IconClock,
  IconDownload,
  IconFileCode,
  IconFilter,
  IconFold,
  IconSearch,
  IconTextWrap,
  type Icon,
} from "@tabler/icons-react";
import { useState, type ReactNode, type Ref } from "react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "../../../part/number";
import { LEVELS } from "./record";
import type { LogStore } from "./store";
import type { LogOptions } from "./useLogOptions";
import type { Search } from "./useSearch";

interface Props {
  store: LogStore;
  options: LogOptions;
  search: Search;
  wanted: string;
  setWanted: (next: string) => void;
  at: number;
  step: (by: 1 | -1) => void;
  searchRef: Ref<HTMLInputElement>;
  allOpen: boolean;
  toggleGroups: () => void;
  full: boolean;
  toggleFull: () => void;
  download: () => void;
  top: () => void;
  bottom: () => void;
  status: ReactNode;
}

export function Toolbar(props: Props) {
  const { store, options, search, wanted, setWanted, at, step, searchRef } = props;
  const { t } = useTranslation();
  const n = search.rows.length;
  const count = !wanted ? "" : n ? `${formatNumber(at + 1)} / ${formatNumber(n)}${search.isDone ? "" : "…"}` : search.isDone ? t("run.log.nothing") : "…";
  return (
    <Group gap={6} px="xs" py={6} wrap="wrap" role="toolbar" aria-label={t("run.log.toolbar")}>
      <TextInput
        ref={searchRef}
        size="xs"
        flex="1 1 180px"
        maw={380}
        type="search"
        aria-label={t("run.log.search")}
        placeholder={`${t("run.log.search")}  /`}
        leftSection={<IconSearch size={14} />}
        rightSectionWidth={wanted ? `calc(${count.length}ch + ${n ? 68 : 34}px)` : undefined}
        rightSection={
          wanted && (
            <Group gap={2} wrap="nowrap" justify="flex-end" w="100%" pr={4}>
              <Text size="xs" c="dimmed" role="status" style={{ whiteSpace: "nowrap" }}>{count}</Text>
              {n > 0 && (
                <>
                  <ActionIcon size="xs" variant="subtle" color="gray" aria-label={t("run.log.previous")} onClick={() => step(-1)}><IconChevronUp size={13} /></ActionIcon>
                  <ActionIcon size="xs" variant="subtle" color="gray" aria-label={t("run.log.next")} onClick={() => step(1)}><IconChevronDown size={13} /></ActionIcon>
                </>
              )}
              <CloseButton size="xs" aria-label={t("action.reset")} onClick={() => setWanted("")} />
            </Group>
          )
        }
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
          if (event.key === "Escape") {
            setWanted("");
            event.currentTarget.blur();
            event.stopPropagation();
          }
        }}
      />
      <Filters store={store} options={options} />
      <Box flex={1} visibleFrom="md" />
      {props.status}
      <Group gap={2} wrap="nowrap">
        <Toggle icon={IconTextWrap} label={t("run.log.wrap")} keys="w" on={options.wrap} onClick={options.toggleWrap} />
        <Toggle icon={IconClock} label={t("run.log.timestamps")} keys="t" on={options.timestamps} onClick={options.toggleTimestamps} />
        <Toggle icon={IconFileCode} label={t("run.log.sources")} keys="s" on={options.sources} onClick={options.toggleSources} />
        <Toggle icon={IconFold} label={t("run.log.groups")} keys="e" on={props.allOpen} onClick={props.toggleGroups} disabled={!store.groups} />
        <Toggle icon={IconArrowBarToUp} label={t("run.log.top")} keys="mod+↑" onClick={props.top} />
        <Toggle icon={IconArrowBarToDown} label={t("run.log.bottom")} keys="mod+↓" onClick={props.bottom} />
        <Toggle icon={IconDownload} label={t("action.download")} keys="d" onClick={props.download} disabled={!store.length} />
        <Toggle icon={props.full ? IconArrowsMinimize : IconArrowsMaximize} label={t("run.log.full")} keys="f" on={props.full} onClick={props.toggleFull} />
      </Group>
    </Group>
  );
}

function Filters({ store, options }: { store: LogStore; options: LogOptions }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const n = options.levels.length + options.loggers.length;
  const levels = LEVELS.filter((name, i) => store.seenLevels.has(i) || options.levels.includes(name));
  const loggers = [...new Set([...store.seenLoggers, ...options.loggers])].sort();
  return (
    <Popover opened={opened} onChange={setOpened} width={260} position="bottom-start" trapFocus returnFocus>
      <Popover.Target>
        <Tooltip label={t("run.log.filter")}>
          <Indicator label={n} size={15} disabled={!n} offset={4}>
            <ActionIcon variant={n ? "light" : "default"} aria-label={n ? t("run.log.filtered", { count: n }) : t("run.log.filter")} onClick={() => setOpened(!opened)} aria-expanded={opened}>
              <IconFilter size={15} />
            </ActionIcon>
          </Indicator>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown mah={420} style={{ overflowY: "auto" }} aria-label={t("run.log.filter")}>
        <Stack gap="sm">
          <Checkbox.Group label={t("run.log.levels")} value={options.levels} onChange={options.setLevels}>
            {levels.map((name) => <Checkbox key={name} size="xs" mt={6} value={name} label={t(`run.log.level.${name}`)} />)}
          </Checkbox.Group>
          {loggers.length > 0 && (
            <Checkbox.Group label={t("run.log.loggers")} value={options.loggers} onChange={options.setLoggers}>
              {loggers.map((name) => <Checkbox key={name} size="xs" mt={6} value={name} label={name} styles={{ label: { overflowWrap: "anywhere" } }} />)}
            </Checkbox.Group>
          )}
          {n > 0 && <Button size="compact-xs" variant="subtle" onClick={options.showAll}>{t("run.log.unfilter")}</Button>}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function Toggle({ icon: Icon, label, keys, on, onClick, disabled }: { icon: Icon; label: string; keys: string; on?: boolean; onClick: () => void; disabled?: boolean }) {
  const shown = keys.replace("mod", /Mac/.test(navigator.userAgent) ? "⌘" : "Ctrl");
  return (
    <Tooltip label={`${label}  (${shown})`}>
      <ActionIcon variant={on ? "light" : "subtle"} color={on ? undefined : "gray"} aria-label={label} aria-pressed={on} aria-keyshortcuts={keys.replace("mod", "Control").replace("↑", "ArrowUp").replace("↓", "ArrowDown")} onClick={onClick} disabled={disabled}>
        <Icon size={16} stroke={1.8} />
      </ActionIcon>
    </Tooltip>
  );
}
