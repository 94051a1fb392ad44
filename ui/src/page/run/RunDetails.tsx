import { Box, Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { StateBadge } from "../../part/StateBadge";
import { Duration, Time } from "../../part/time";
import type { DagRun } from "../../query";
import { Fields } from "./Fields";
import { Json } from "./Json";

export function RunDetails({ run }: { run: DagRun }) {
  const { t } = useTranslation();
  const f = (name: string) => t(`run.fact.${name}`);
  return (
    <Stack p="md" gap="md">
      <Box>
        <Title order={3} fz="sm" mb={6}>{t("run.conf")}</Title>
        <Json value={run.conf ?? {}} name={t("run.conf")} />
      </Box>
      <Fields
        fields={[
          [f("state"), <StateBadge state={run.state} size="sm" />],
          [f("runId"), run.dag_run_id],
          [f("runType"), t(`runType.${run.run_type}`)],
          [f("logicalDate"), run.logical_date && <Time value={run.logical_date} />],
          [f("intervalStart"), run.data_interval_start && <Time value={run.data_interval_start} />],
          [f("intervalEnd"), run.data_interval_end && <Time value={run.data_interval_end} />],
          [f("runAfter"), <Time value={run.run_after} />],
          [f("queued"), run.queued_at && <Time value={run.queued_at} />],
          [f("start"), run.start_date && <Time value={run.start_date} />],
          [f("end"), run.end_date && <Time value={run.end_date} />],
          [f("duration"), run.start_date && <Duration start={run.start_date} end={run.end_date} />],
          [f("lastDecision"), run.last_scheduling_decision && <Time value={run.last_scheduling_decision} />],
          [f("triggeredBy"), run.triggered_by && t(`run.by.${run.triggered_by}`)],
          [f("user"), run.triggering_user_name],
          [f("version"), run.dag_versions.map((version) => `v${version.version_number}`).join(", ")],
          [f("bundle"), [...new Set(run.dag_versions.map((version) => version.bundle_name))].join(", ")],
          [f("bundleVersion"), run.bundle_version],
          ...(run.partition_key ? ([[f("partition"), run.partition_key]] as [string, string][]) : []),
        ]}
      />
    </Stack>
  );
}
