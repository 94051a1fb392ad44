/** All that is known of the DAG. */
import { Box, Code, Paper, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { formatDuration, Time } from "../../part/time";
import { dagQuery, type DagDetails } from "../../query";
import { useDagId } from "./address";
import { Markdown } from "./DocDialog";

function factsOf(dag: DagDetails, yes: (value: boolean | null) => string): [string, ReactNode][] {
  const version = dag.latest_dag_version;
  return [
    ["description", dag.description],
    ["schedule", dag.timetable_summary && `${dag.timetable_summary}${dag.timetable_description ? ` (${dag.timetable_description})` : ""}`],
    ["timezone", dag.timezone],
    ["next", dag.next_dagrun_run_after && <Time value={dag.next_dagrun_run_after} />],
    ["interval", dag.next_dagrun_data_interval_start && <><Time value={dag.next_dagrun_data_interval_start} /> – <Time value={dag.next_dagrun_data_interval_end} /></>],
    ["start", dag.start_date && <Time value={dag.start_date} />],
    ["end", dag.end_date && <Time value={dag.end_date} />],
    ["catchup", yes(dag.catchup)],
    ["activeRuns", dag.active_runs_count],
    ["maxRuns", dag.max_active_runs],
    ["maxTasks", dag.max_active_tasks],
    ["maxFailed", dag.max_consecutive_failed_dag_runs || null],
    ["timeout", dag.dag_run_timeout],
    ["owners", dag.owners.join(", ")],
    ["tags", dag.tags.map((tag) => tag.name).join(", ")],
    ["version", version && `v${version.version_number}`],
    ["versionAt", version && <Time value={version.created_at} />],
    ["bundle", dag.bundle_name],
    ["bundleVersion", dag.bundle_version],
    ["file", dag.fileloc],
    ["parsed", dag.last_parsed_time && <Time value={dag.last_parsed_time} />],
    ["parseTook", dag.last_parse_duration != null && formatDuration(dag.last_parse_duration)],
    ["pausedUpon", dag.is_paused_upon_creation === null ? null : yes(dag.is_paused_upon_creation)],
    ["native", yes(dag.render_template_as_native_obj)],
    ["search", dag.template_search_path?.join(", ")],
    ["asset", dag.asset_expression && <Code block>{JSON.stringify(dag.asset_expression, null, 2)}</Code>],
  ];
}

export function Component() {
  const { t } = useTranslation();
  const dagId = useDagId();
  const { data: dag } = useQuery(dagQuery(dagId));
  if (!dag) return <Stack p="md">{Array.from({ length: 8 }, (_, i) => <Skeleton key={i} h={18} w={`${40 + ((i * 13) % 40)}%`} />)}</Stack>;
  const facts = factsOf(dag, (value) => t(value ? "dag.details.yes" : "dag.details.no"));
  return (
    <Stack p="md" gap="lg">
      <SimpleGrid component="dl" m={0} cols={{ base: 1, xs: 2 }} spacing="lg" verticalSpacing="sm" aria-label={t("dag.details.label")}>
        {facts.map(([key, value]) => (
          <Box key={key} miw={0}>
            <Text component="dt" size="xs" c="dimmed">{t(`dag.details.${key}`)}</Text>
            <Text component="dd" m={0} size="sm" style={{ overflowWrap: "anywhere" }}>{value === null || value === undefined || value === false || value === "" ? "–" : value}</Text>
          </Box>
        ))}
      </SimpleGrid>
      <Json title={t("dag.details.params")} value={dag.params} none={t("dag.details.noParams")} />
      <Json title={t("dag.details.defaults")} value={dag.default_args} none={t("dag.details.noDefaults")} />
      {dag.doc_md && <Paper p="md"><Markdown text={dag.doc_md} /></Paper>}
    </Stack>
  );
}

function Json({ title, value, none }: { title: string; value: Record<string, unknown> | null; none: string }) {
  return (
    <div>
      <Title order={2} fz="sm" mb={6}>{title}</Title>
      {value && Object.keys(value).length > 0 ? <Code block>{JSON.stringify(value, null, 2)}</Code> : <Text size="sm" c="dimmed">{none}</Text>}
    </div>
  );
}
