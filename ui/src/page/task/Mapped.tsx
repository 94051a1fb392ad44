/** The instances of a mapped task in a run. */
import { Anchor, Box } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { DataTable, usePaging } from "../../part/DataTable";
import { StateBadge } from "../../part/StateBadge";
import { Duration, Time } from "../../part/time";
import type { TaskInstance } from "../../query";
import { Gone, isGone } from "../run/Gone";
import { Head } from "../run/Head";
import { runLink, taskLink } from "../run/link";
import { taskInstancesQuery, type Place } from "../run/query";

export function Mapped({ place }: { place: Place }) {
  const { t } = useTranslation();
  const { dagId, runId, taskId } = place;
  const paging = usePaging("map_index", 50);
  const answer = useQuery(taskInstancesQuery(dagId, runId, { ...paging, task_id: taskId }));
  const columns = useMemo<ColumnDef<TaskInstance, unknown>[]>(
    () => [
      {
        id: "map_index",
        header: t("run.fact.mapIndex"),
        meta: { order: "map_index" },
        cell: ({ row: { original: ti } }) => <Anchor component={Link} size="sm" to={taskLink(dagId, runId, taskId, ti.map_index)}>{ti.rendered_map_index ?? ti.map_index}</Anchor>,
      },
      { id: "state", header: t("run.fact.state"), meta: { order: "state" }, cell: ({ row }) => <Box w="max-content"><StateBadge state={row.original.state} size="sm" /></Box> },
      { id: "start", header: t("run.fact.start"), meta: { order: "start_date", wideOnly: true }, cell: ({ row }) => <Time value={row.original.start_date} /> },
      { id: "duration", header: t("run.fact.duration"), meta: { order: "duration", align: "right" }, cell: ({ row }) => <Duration start={row.original.start_date} end={row.original.end_date} /> },
      { id: "try", header: t("run.fact.tries"), meta: { align: "right" }, cell: ({ row }) => row.original.try_number || "–" },
    ],
    [t, dagId, runId, taskId],
  );
  if (isGone(answer.error) || (answer.data?.task_instances.length === 0 && paging.offset === 0)) return <Gone dagId={dagId} title={t("run.task.gone", { name: taskId })} />;
  return (
    <>
      <Head
        kind={t("run.task.mapped")}
        name={taskId}
        copy={taskId}
        state={answer.data?.task_instances.find((ti) => ti.state === "failed")?.state ?? answer.data?.task_instances[0]?.state}
        facts={[[t("run.fact.run"), <Anchor component={Link} to={runLink(dagId, runId)} size="sm">{runId}</Anchor>]]}
        actions={null}
      />
      <DataTable
        label={t("run.task.mapped")}
        columns={columns}
        rows={answer.data?.task_instances}
        total={answer.data?.total_entries ?? undefined}
        paging={paging}
        rowId={(row) => String(row.map_index)}
        error={answer.error}
        retry={() => void answer.refetch()}
      />
    </>
  );
}
