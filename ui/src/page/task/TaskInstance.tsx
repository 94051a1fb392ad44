/** One task instance: why it is where it is, its logs, and all else that is known of it. */
import { Box } from "@mantine/core";
import { IconBraces, IconFileText, IconHistory, IconListDetails, IconTimeline, IconTransfer } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useParams, useSearchParams } from "react-router";

import { ApiError } from "../../api/client";
import { useCan } from "../../api/session";
import { Loading, Problem } from "../../part/Problem";
import { useTitle } from "../../part/title";
import type { TaskInstance } from "../../query";
import { AuditTab } from "../run/AuditTab";
import { Gone, isGone } from "../run/Gone";
import { taskLink } from "../run/link";
import { placedQuery, type Place } from "../run/query";
import { StoryTab } from "../run/StoryTab";
import { TabBar, type Tab } from "../run/TabBar";
import { LogTab } from "./LogTab";
import { Mapped } from "./Mapped";
import { Rendered } from "./Rendered";
import { TaskDetails } from "./TaskDetails";
import { TaskHeader } from "./TaskHeader";
import { Why } from "./Why";
import { XComs } from "./XComs";

export function Component() {
  const { t } = useTranslation();
  const { dagId = "", runId = "", taskId = "" } = useParams();
  const [search] = useSearchParams();
  const mapIndex = Number(search.get("map_index") ?? -1);
  const place: Place = { dagId, runId, taskId, mapIndex: Number.isInteger(mapIndex) ? mapIndex : -1 };
  const found = useQuery(placedQuery(place));
  useTitle(taskId, runId, dagId);
  // A mapped task has no instance without an index: its instances are listed.
  if (found.error instanceof ApiError && found.error.status === 404 && place.mapIndex < 0) return <Mapped place={place} />;
  if (isGone(found.error) && !found.data) return <Gone dagId={dagId} title={t("run.task.gone", { name: taskId })} />;
  if (found.error && !found.data) return <Problem error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loading />;
  return <Page key={`${runId}\n${taskId}\n${place.mapIndex}`} place={place} ti={found.data} />;
}

function Page({ place, ti }: { place: Place; ti: TaskInstance }) {
  const { t } = useTranslation();
  const { tab = "logs" } = useParams();
  const [search] = useSearchParams();
  const can = useCan();
  const { dagId, runId, taskId, mapIndex } = place;
  const wanted = Number(search.get("try_number")) || ti.try_number;
  const tryNumber = Math.min(wanted, ti.try_number);
  const to = (next?: string) => taskLink(dagId, runId, taskId, mapIndex, next, search.has("try_number") ? { try_number: String(tryNumber) } : {});
  const all: (Tab & { resource?: string })[] = [
    { value: "logs", label: t("run.tab.logs"), icon: IconFileText, to: to(), resource: "Task Logs" },
    { value: "xcom", label: t("run.tab.xcom"), icon: IconTransfer, to: to("xcom"), resource: "XComs" },
    { value: "rendered", label: t("run.tab.rendered"), icon: IconBraces, to: to("rendered") },
    { value: "story", label: t("run.tab.story"), icon: IconTimeline, to: to("story") },
    { value: "details", label: t("run.tab.details"), icon: IconListDetails, to: to("details") },
    { value: "events", label: t("run.tab.audit"), icon: IconHistory, to: to("events"), resource: "Audit Logs" },
  ];
  const tabs = all.filter(({ resource }) => !resource || can("can_read", resource, dagId));
  return (
    <Box component="section" aria-label={t("run.task.one", { name: taskId })}>
      <TaskHeader place={place} ti={ti} tryNumber={tryNumber} />
      <Why place={place} ti={ti} />
      <TabBar tabs={tabs} value={tab} label={t("run.task.one", { name: taskId })} />
      <Box role="tabpanel" aria-label={tabs.find(({ value }) => value === tab)?.label}>
        {tab === "logs" && <LogTab place={place} ti={ti} tryNumber={tryNumber} />}
        {tab === "xcom" && <XComs place={place} />}
        {tab === "rendered" && <Rendered ti={ti} />}
        {tab === "story" && <StoryTab dagId={dagId} runId={runId} place={place} />}
        {tab === "details" && <TaskDetails place={place} ti={ti} tryNumber={tryNumber} />}
        {tab === "events" && <AuditTab dagId={dagId} runId={runId} taskId={taskId} mapIndex={mapIndex} />}
      </Box>
    </Box>
  );
}
