import { Box, List, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { Problem } from "../../part/Problem";
import { StateBadge } from "../../part/StateBadge";
import { Duration, Time, useZone } from "../../part/time";
import type { TaskInstance } from "../../query";
import { Fields } from "../run/Fields";
import { taskLink } from "../run/link";
import { Markdown } from "../run/Markdown";
import { explainQuery, taskQuery, triesQuery, type Place, type Try } from "../run/query";
import { sentence } from "../run/words";

const WAITING = new Set(["none", "scheduled", "up_for_retry", "up_for_reschedule"]);

export function TaskDetails({ place, ti, tryNumber }: { place: Place; ti: TaskInstance; tryNumber: number }) {
  const { t } = useTranslation();
  const tries = useQuery(triesQuery(place));
  const zone = useZone();
  const { data: why } = useQuery(explainQuery(place));
  const waits = WAITING.has(ti.state ?? "none") ? (why?.reasons ?? []) : [];
  const { data: task } = useQuery(taskQuery(place.dagId, place.taskId));
  const f = (name: string) => t(`run.fact.${name}`);
  const shown = tryNumber === ti.try_number ? ti : (tries.data?.task_instances.find((each) => each.try_number === tryNumber) ?? ti);
  return (
    <Stack p="md" gap="lg">
      {waits.length > 0 && (
        <Box>
          <Title order={3} fz="sm" mb={6}>{t("run.details.waits")}</Title>
          <List size="sm">{waits.map((reason) => <List.Item key={reason.text}>{sentence(t, "reason", reason, zone)}</List.Item>)}</List>
        </Box>
      )}
      <Box>
        <Title order={3} fz="sm" mb={6}>{t("run.details.tries")}</Title>
        {tries.error ? <Problem error={tries.error} retry={() => void tries.refetch()} /> : <Tries place={place} tries={tries.data?.task_instances ?? []} tryNumber={tryNumber} />}
      </Box>
      {task?.doc_md && (
        <Box>
          <Title order={3} fz="sm" mb={6}>{t("run.details.doc")}</Title>
          <Markdown>{task.doc_md}</Markdown>
        </Box>
      )}
      <Box>
        <Title order={3} fz="sm">{t("run.details.instance")}</Title>
        <Fields
          fields={[
            [f("state"), <StateBadge state={shown.state} size="sm" />],
            [f("taskId"), ti.task_id],
            [f("runId"), ti.dag_run_id],
            [f("mapIndex"), ti.map_index >= 0 ? ti.map_index : null],
            [f("operator"), ti.operator_name ?? ti.operator],
            [f("tries"), t("run.ofMax", { n: shown.try_number, last: ti.max_tries + 1 })],
            [f("triggerRule"), task?.trigger_rule],
            [f("scheduled"), shown.scheduled_when && <Time value={shown.scheduled_when} />],
            [f("queued"), shown.queued_when && <Time value={shown.queued_when} />],
            [f("start"), shown.start_date && <Time value={shown.start_date} />],
            [f("end"), shown.end_date && <Time value={shown.end_date} />],
            [f("duration"), shown.start_date && <Duration start={shown.start_date} end={shown.end_date} />],
            [f("pool"), t("run.details.pool", { name: shown.pool, count: shown.pool_slots })],
            [f("queue"), shown.queue],
            [f("priority"), shown.priority_weight],
            [f("executor"), shown.executor],
            [f("executorConfig"), shown.executor_config === "{}" ? null : shown.executor_config],
            [f("host"), shown.hostname],
            [f("pid"), shown.pid],
            [f("unixname"), shown.unixname],
            [f("version"), shown.dag_version && `v${shown.dag_version.version_number}`],
            [f("owner"), task?.owner],
            ...(ti.trigger ? ([[f("trigger"), ti.trigger.classpath], [f("triggerArgs"), <code>{ti.trigger.kwargs}</code>]] as [string, React.ReactNode][]) : []),
            [f("id"), <code>{ti.id}</code>],
          ]}
        />
      </Box>
    </Stack>
  );
}

function Tries({ place, tries, tryNumber }: { place: Place; tries: Try[]; tryNumber: number }) {
  const { t } = useTranslation();
  if (!tries.length) return <Text size="sm" c="dimmed">{t("run.details.noTries")}</Text>;
  return (
    <Table.ScrollContainer minWidth={420}>
      <Table aria-label={t("run.details.tries")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("run.fact.tries")}</Table.Th>
            <Table.Th>{t("run.fact.state")}</Table.Th>
            <Table.Th>{t("run.fact.start")}</Table.Th>
            <Table.Th ta="right">{t("run.fact.duration")}</Table.Th>
            <Table.Th>{t("run.fact.host")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tries.map((each) => (
            <Table.Tr key={each.try_number} bg={each.try_number === tryNumber ? "var(--mantine-primary-color-light)" : undefined}>
              <Table.Td>
                <Link style={{ color: "var(--mantine-color-anchor)" }} to={taskLink(place.dagId, place.runId, place.taskId, place.mapIndex, "details", { try_number: String(each.try_number) })}>
                  {t("run.try", { n: each.try_number })}
                </Link>
              </Table.Td>
              <Table.Td><StateBadge state={each.state} size="sm" /></Table.Td>
              <Table.Td><Time value={each.start_date} /></Table.Td>
              <Table.Td ta="right"><Duration start={each.start_date} end={each.end_date} /></Table.Td>
              <Table.Td>{each.hostname ?? "–"}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
