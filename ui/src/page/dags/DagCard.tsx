/** A DAG as a card, and the parts that its row in the table has, too. */
import { ActionIcon, Anchor, Badge, Group, Paper, Stack, Text, Tooltip } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";

import { useCan } from "../../api/session";
import { dagPath, runPath } from "../../part/links";
import { StateIcon } from "../../part/StateBadge";
import { Time } from "../../part/time";
import type { Dag } from "../../query";
import { Favorite } from "./Favorite";
import { PauseSwitch } from "./PauseSwitch";
import { RecentRuns } from "./RecentRuns";

export type Runs = Parameters<typeof RecentRuns>[0]["runs"];

const TAGS_SHOWN = 4;

export function Name({ dag }: { dag: Dag }) {
  const [, setSearch] = useSearchParams();
  return (
    <Stack gap={2} miw={0}>
      <Group gap={4} wrap="nowrap">
        <Anchor component={Link} to={dagPath(dag.dag_id)} fw={600} size="sm" style={{ overflowWrap: "anywhere" }}>
          {dag.dag_display_name}
        </Anchor>
        <Favorite dagId={dag.dag_id} name={dag.dag_display_name} size="sm" />
      </Group>
      <Group gap={4}>
        {dag.tags.slice(0, TAGS_SHOWN).map(({ name }) => (
          <Badge key={name} component="button" size="xs" variant="light" tt="none" radius="sm" style={{ cursor: "pointer" }} onClick={() => setSearch({ tag: name })}>
            {name}
          </Badge>
        ))}
        {dag.tags.length > TAGS_SHOWN && (
          <Tooltip label={dag.tags.slice(TAGS_SHOWN).map(({ name }) => name).join(", ")}>
            <Badge size="xs" variant="light" radius="sm" color="gray">+{dag.tags.length - TAGS_SHOWN}</Badge>
          </Tooltip>
        )}
        <Text size="xs" c="dimmed">{dag.owners.join(", ")}</Text>
      </Group>
    </Stack>
  );
}

export function Schedule({ dag }: { dag: Dag }) {
  if (!dag.timetable_summary) return <Text size="sm" c="dimmed">–</Text>;
  return (
    <Tooltip label={dag.timetable_description} disabled={!dag.timetable_description}>
      <Text size="sm" ff="monospace" style={{ whiteSpace: "nowrap" }}>{dag.timetable_summary}</Text>
    </Tooltip>
  );
}

export function Latest({ runs, dagId }: { runs: Runs; dagId: string }) {
  const { t } = useTranslation();
  const run = runs?.[0];
  if (!run) return <Text size="sm" c="dimmed">{runs ? t("home.dags.never") : ""}</Text>;
  return (
    <Anchor component={Link} to={runPath(dagId, run.run_id)} c="inherit" underline="hover">
      <Group gap={6} wrap="nowrap">
        <StateIcon state={run.state} />
        <Text size="sm" component="span"><Time value={run.start_date ?? run.run_after} relative /></Text>
      </Group>
    </Anchor>
  );
}

export function Trigger({ dag, trigger }: { dag: Dag; trigger: (id: string) => void }) {
  const { t } = useTranslation();
  const can = useCan();
  const label = t("home.dags.trigger", { name: dag.dag_display_name });
  if (!can("can_create", "DAG Runs")) return null;
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" aria-label={label} onClick={() => trigger(dag.dag_id)}>
        <IconPlayerPlay size={17} />
      </ActionIcon>
    </Tooltip>
  );
}

export function DagCard({ dag, runs, now, trigger }: { dag: Dag; runs: Runs; now: number; trigger: (id: string) => void }) {
  return (
    <Paper p="sm">
      <Group justify="space-between" wrap="nowrap" align="start">
        <Name dag={dag} />
        <Group gap={6} wrap="nowrap">
          <Trigger dag={dag} trigger={trigger} />
          <PauseSwitch dagId={dag.dag_id} isPaused={dag.is_paused} />
        </Group>
      </Group>
      {dag.description && <Text size="sm" c="dimmed" mt={6} lineClamp={2}>{dag.description}</Text>}
      <Group justify="space-between" mt="sm" align="end">
        <Stack gap={2}>
          <Schedule dag={dag} />
          <Latest runs={runs} dagId={dag.dag_id} />
        </Stack>
        <RecentRuns dagId={dag.dag_id} runs={runs} now={now} />
      </Group>
    </Paper>
  );
}
