import { Badge, Group, Paper } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { client, data } from "../../api/client";
import type { components } from "../../api/schema";
import { DataTable, usePaging } from "../../part/DataTable";
import { ChoiceFilter, TextFilter } from "../../part/filters";
import { Plain } from "../../part/links";
import { Page } from "../../part/Page";
import { Empty } from "../../part/Problem";
import { Duration, Time } from "../../part/time";

type Job = components["schemas"]["JobResponse"];
const STATES = ["running", "success", "failed"] as const;
const COLORS: Record<string, string> = { running: "blue", success: "teal", failed: "red" };

export function Component() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const paging = usePaging("-start_date");
  const get = (name: string) => search.get(name) ?? undefined;
  const query = { ...paging, job_state: get("state"), job_type: get("type"), hostname: get("host") };
  const jobs = useQuery({
    queryKey: ["jobs", query],
    queryFn: () => data(client.GET("/api/v2/jobs", { params: { query } })),
    placeholderData: keepPreviousData,
    refetchInterval: 10_000, // heartbeats are no changes that the stream tells
  });
  const columns: ColumnDef<Job, unknown>[] = [
    { id: "type", header: t("browse.type"), meta: { order: "job_type" }, cell: ({ row }) => <Plain>{row.original.job_type}</Plain> },
    {
      id: "state",
      header: t("browse.state"),
      meta: { order: "state" },
      cell: ({ row: { original: job } }) => <Badge tt="none" variant="light" color={COLORS[job.state ?? ""] ?? "gray"}>{t(`browse.jobState.${job.state ?? "none"}`)}</Badge>,
    },
    { id: "host", header: t("browse.host"), meta: { order: "hostname" }, cell: ({ row }) => <Plain>{row.original.hostname}</Plain> },
    { id: "executor", header: t("browse.executor"), meta: { wideOnly: true }, cell: ({ row }) => <Plain>{row.original.executor_class}</Plain> },
    { id: "beat", header: t("browse.heartbeat"), meta: { order: "latest_heartbeat" }, cell: ({ row }) => <Time value={row.original.latest_heartbeat} relative /> },
    { id: "start", header: t("browse.start"), meta: { order: "start_date", wideOnly: true }, cell: ({ row }) => <Time value={row.original.start_date} /> },
    { id: "duration", header: t("browse.duration"), meta: { align: "right", wideOnly: true }, cell: ({ row: { original: job } }) => <Duration start={job.start_date} end={job.end_date} /> },
    { id: "user", header: t("browse.user"), meta: { wideOnly: true }, cell: ({ row }) => <Plain>{row.original.unixname}</Plain> },
  ];
  return (
    <Page title={t("nav.jobs")}>
      <Group gap="xs" mb="sm">
        <ChoiceFilter name="state" label={t("browse.state")} data={STATES.map((value) => ({ value, label: t(`browse.jobState.${value}`) }))} />
        <TextFilter name="type" label={t("browse.type")} />
        <TextFilter name="host" label={t("browse.host")} />
      </Group>
      <Paper>
        <DataTable
          label={t("nav.jobs")}
          columns={columns}
          rows={jobs.data?.jobs}
          total={jobs.data?.total_entries}
          paging={paging}
          rowId={(job) => String(job.id)}
          error={jobs.error}
          retry={() => void jobs.refetch()}
          empty={<Empty icon={IconStack2} title={t("browse.noJobs")} />}
        />
      </Paper>
    </Page>
  );
}
