/** One run of a DAG. */
import { Box } from "@mantine/core";
import { IconChecklist, IconCode, IconHistory, IconListDetails, IconTimeline } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";

import { useCan } from "../../api/session";
import { Loading, Problem } from "../../part/Problem";
import { useTitle } from "../../part/title";
import { runQuery } from "../../query";
import { AuditTab } from "./AuditTab";
import { Gone, isGone } from "./Gone";
import { codeLink, runLink } from "./link";
import { RunDetails } from "./RunDetails";
import { RunHeader } from "./RunHeader";
import { StoryTab } from "./StoryTab";
import { TabBar, type Tab } from "./TabBar";
import { TasksTab } from "./TasksTab";

export function Component() {
  const { t } = useTranslation();
  const { dagId = "", runId = "", tab = "tasks" } = useParams();
  const can = useCan();
  const run = useQuery(runQuery(dagId, runId));
  useTitle(runId, dagId);
  if (isGone(run.error) && !run.data) return <Gone dagId={dagId} title={t("run.gone", { name: runId })} />;
  if (run.error && !run.data) return <Problem error={run.error} retry={() => void run.refetch()} />;
  if (!run.data) return <Loading />;
  const version = run.data.dag_versions.at(-1)?.version_number;
  const tabs: Tab[] = [
    { value: "tasks", label: t("run.tab.tasks"), icon: IconChecklist, to: runLink(dagId, runId) },
    { value: "story", label: t("run.tab.story"), icon: IconTimeline, to: runLink(dagId, runId, "story") },
    ...(can("can_read", "Audit Logs", dagId) ? [{ value: "events", label: t("run.tab.audit"), icon: IconHistory, to: runLink(dagId, runId, "events") }] : []),
    { value: "details", label: t("run.tab.details"), icon: IconListDetails, to: runLink(dagId, runId, "details") },
    ...(can("can_read", "DAG Code", dagId) ? [{ value: "code", label: t("run.tab.code"), icon: IconCode, to: codeLink(dagId, version) }] : []),
  ];
  return (
    <Box component="section" aria-label={t("run.one", { name: runId })}>
      <RunHeader key={runId} run={run.data} />
      <TabBar tabs={tabs} value={tab} label={t("run.one", { name: runId })} />
      <Box role="tabpanel" aria-label={tabs.find(({ value }) => value === tab)?.label}>
        {tab === "tasks" && <TasksTab key={runId} run={run.data} />}
        {tab === "story" && <StoryTab dagId={dagId} runId={runId} />}
        {tab === "events" && <AuditTab dagId={dagId} runId={runId} />}
        {tab === "details" && <RunDetails run={run.data} />}
      </Box>
    </Box>
  );
}
