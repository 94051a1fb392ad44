/** The tasks that the DAG is made of, and how each did last. */
import { Anchor, Group, Select, Text, TextInput } from "@mantine/core";
import { IconChecklist, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { DataTable, usePaging, useParam } from "../../part/DataTable";
import { Empty } from "../../part/Problem";
import { StateBadge } from "../../part/StateBadge";
import { gridQuery, type Task } from "../../query";
import { instanceAt, taskAt, useDagId } from "./address";
import { tasksQuery } from "./query";
import classes from "./table.module.css";
import { lastOf } from "./taskHistory";

const COMPARE: Record<string, (task: Task) => string | number> = {
  task_id: (task) => task.task_id ?? "",
  operator: (task) => task.operator_name ?? "",
  retries: (task) => task.retries ?? 0,
  pool: (task) => task.pool ?? "",
};

function ordered(tasks: Task[], by: string | undefined): Task[] {
  const value = COMPARE[by?.replace(/^-/, "") ?? ""];
  if (!value) return tasks;
  const sign = by?.startsWith("-") ? -1 : 1;
  return tasks.toSorted((a, b) => (value(a) < value(b) ? -sign : value(a) > value(b) ? sign : 0));
}

export function Component() {
  const { t } = useTranslation();
  const dagId = useDagId();
  const paging = usePaging(undefined, 50);
  const [search, setSearch] = useParam("q");
  const [operator, setOperator] = useParam("operator");
  const { data, error, refetch } = useQuery(tasksQuery(dagId));
  const { data: grid } = useQuery(gridQuery(dagId, { limit: 10 }));
  const last = useMemo(() => (grid ? lastOf(grid) : new Map<string, never>()), [grid]);
  const operators = useMemo(() => [...new Set(data?.tasks.map((task) => task.operator_name ?? "").filter(Boolean))].sort(), [data]);
  const wanted = (search ?? "").toLowerCase();
  const rows = data && ordered(data.tasks, paging.order_by?.[0]).filter((task) => (!operator || task.operator_name === operator) && (task.task_id ?? "").toLowerCase().includes(wanted));
  const columns = useMemo<ColumnDef<Task, unknown>[]>(
    () => [
      {
        id: "task",
        header: t("dag.tasks.task"),
        meta: { order: "task_id" },
        cell: ({ row: { original: task } }) => (
          <div className={classes.named}>
            <Anchor component={Link} size="sm" fw={500} truncate display="block" title={task.task_id ?? ""} to={taskAt(dagId, task.task_id ?? "")}>
              {task.task_display_name ?? task.task_id}{task.is_mapped && " [ ]"}
            </Anchor>
            <Text size="xs" c="dimmed" truncate>{task.operator_name}</Text>
          </div>
        ),
      },
      {
        id: "last",
        header: t("dag.tasks.last"),
        cell: ({ row: { original: task } }) => {
          const found = last.get(task.task_id ?? "");
          if (!found) return "–";
          return <Link to={instanceAt(dagId, found.run.run_id, task.task_id ?? "")} aria-label={`${t("dag.tasks.last")}: ${t(`state.${found.state ?? "none"}`)}`} className={classes.tight}><StateBadge state={found.state} size="sm" /></Link>;
        },
      },
      { id: "rule", header: t("dag.tasks.rule"), meta: { wideOnly: true }, cell: ({ row: { original: task } }) => task.trigger_rule },
      { id: "retries", header: t("dag.tasks.retries"), meta: { order: "retries", align: "right", wideOnly: true }, cell: ({ row: { original: task } }) => task.retries },
      { id: "pool", header: t("dag.tasks.pool"), meta: { order: "pool", roomyOnly: true }, cell: ({ row: { original: task } }) => task.pool },
    ],
    [dagId, last, t],
  );
  return (
    <>
      <Group p="sm" gap="xs">
        <TextInput size="xs" flex={1} miw={120} leftSection={<IconSearch size={14} />} placeholder={t("dag.tasks.search")} aria-label={t("dag.tasks.search")} value={search ?? ""} onChange={(event) => setSearch(event.currentTarget.value || null)} />
        <Select size="xs" w={180} clearable searchable placeholder={t("dag.tasks.anyOperator")} aria-label={t("dag.tasks.operator")} value={operator} onChange={setOperator} data={operators} />
      </Group>
      <DataTable
        columns={columns}
        rows={rows?.slice(paging.offset, paging.offset + paging.limit)}
        total={rows?.length}
        paging={paging}
        rowId={(task) => task.task_id ?? ""}
        label={t("dag.tasks.label", { dagId })}
        error={data ? undefined : error}
        retry={() => void refetch()}
        empty={<Empty icon={IconChecklist} title={t(wanted || operator ? "dag.grid.noMatch" : "dag.tasks.none")}>{wanted || operator ? null : t("dag.tasks.noneText")}</Empty>}
      />
    </>
  );
}
