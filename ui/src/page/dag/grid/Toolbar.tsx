/** What the left pane shows, and how: view, tasks by name, number of runs, which runs, folding, paging. */
import { ActionIcon, Group, SegmentedControl, Select, TextInput, Tooltip, VisuallyHidden } from "@mantine/core";
import {
  IconChevronLeft,
  IconChevronRight,
  IconChevronsRight,
  IconLayoutGrid,
  IconSearch,
  IconSitemap,
  IconFold,
  IconFoldDown,
  type Icon,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Grid } from "../../../query";
import { SHOWN, type Pane, type View } from "../pane";
import type { Folding } from "../useFolded";
import { Filters } from "./Filters";
import { groupsOf } from "./rows";

interface Props {
  pane: Pane;
  change: (change: Partial<Pane>) => void;
  grid: Grid | undefined;
  search: string;
  setSearch: (search: string) => void;
  folding: Folding;
}

export function Toolbar({ pane, change, grid, search, setSearch, folding }: Props) {
  const { t } = useTranslation();
  const groups = grid ? groupsOf(grid.nodes) : [];
  const older = !!grid && pane.offset + grid.runs.length < grid.total_runs;
  const view = (value: View, label: string, Picture: Icon) => ({
    value,
    label: (
      <Tooltip label={`${label} (g)`}>
        <span style={{ display: "grid" }}>
          <Picture size={16} aria-hidden />
          <VisuallyHidden>{label}</VisuallyHidden>
        </span>
      </Tooltip>
    ),
  });
  return (
    <Group gap={5} px={8} py={6} wrap="nowrap" role="toolbar" aria-label={t("dag.pane.toolbar")} style={{ flexShrink: 0 }}>
      <SegmentedControl
        size="xs"
        aria-label={t("dag.pane.view")}
        value={pane.view}
        onChange={(value) => change({ view: value })}
        data={[view("grid", t("dag.pane.grid"), IconLayoutGrid), view("graph", t("dag.pane.graph"), IconSitemap)]}
      />
      <TextInput
        size="xs"
        flex={1}
        miw={70}
        leftSection={<IconSearch size={14} />}
        placeholder={t("dag.pane.search")}
        aria-label={t("dag.pane.search")}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      {groups.length > 0 && (
        <Group gap={0} wrap="nowrap">
          <Act label={t("dag.pane.unfold")} icon={IconFoldDown} onClick={() => folding.fold([])} disabled={folding.folded.size === 0} />
          <Act label={t("dag.pane.fold")} icon={IconFold} onClick={() => folding.fold(groups)} disabled={groups.every((group) => folding.folded.has(group))} />
        </Group>
      )}
      {pane.view === "grid" && (
        <>
          <Filters pane={pane} change={change} />
          <Tooltip label={t("dag.pane.shown")}>
            <Select
              size="xs"
              w={62}
              aria-label={t("dag.pane.shown")}
              allowDeselect={false}
              data={[...new Set([...SHOWN, pane.limit])].sort((a, b) => a - b).map(String)}
              value={String(pane.limit)}
              onChange={(value) => value && change({ limit: Number(value) })}
            />
          </Tooltip>
          <Group gap={0} wrap="nowrap">
            <Act label={t("dag.pane.older")} icon={IconChevronLeft} disabled={!older} onClick={() => change({ offset: pane.offset + pane.limit })} />
            <Act label={t("dag.pane.newer")} icon={IconChevronRight} disabled={pane.offset === 0} onClick={() => change({ offset: Math.max(0, pane.offset - pane.limit) })} />
            <Act label={t("dag.pane.latest")} icon={IconChevronsRight} disabled={pane.offset === 0} onClick={() => change({ offset: 0 })} />
          </Group>
        </>
      )}
    </Group>
  );
}

function Act({ label, icon: Picture, ...rest }: { label: string; icon: Icon; disabled: boolean; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size={28} aria-label={label} {...rest}>
        <Picture size={16} stroke={1.8} />
      </ActionIcon>
    </Tooltip>
  );
}
