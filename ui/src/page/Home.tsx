import { Anchor, Badge, Group, Paper, SegmentedControl, SimpleGrid, Skeleton, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconCircleMinus, IconCircleX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useParam } from "../part/DataTable";
import { formatNumber } from "../part/number";
import { Page } from "../part/Page";
import { Problem } from "../part/Problem";
import { StateIcon } from "../part/StateBadge";
import { Duration, Time } from "../part/time";
import { healthQuery, overviewQuery, type Overview } from "../query";
import { Bars } from "./home/Bars";
import { Favorites } from "./home/Favorites";

const WINDOWS = ["6", "24", "168"] as const;

export function Component() {
  const { t } = useTranslation();
  const [hours, setHours] = useParam("hours");
  const overview = useQuery(overviewQuery(Number(hours) || 24));
  const { data } = overview;
  return (
    <Page
      title={t("nav.home")}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t("home.window")}
          value={hours ?? "24"}
          onChange={(value) => setHours(value === "24" ? null : value)}
          data={WINDOWS.map((value) => ({ value, label: Number(value) > 24 ? t("home.days", { count: Number(value) / 24 }) : t("home.hours", { count: Number(value) }) }))}
        />
      }
    >
      {overview.error ? (
        <Problem error={overview.error} retry={() => void overview.refetch()} />
      ) : (
        <Stack gap="md">
          <Stats data={data} />
          <Favorites title={t("home.favorites")} />
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
            <Card title={t("home.running")}>
              <RunList runs={data?.running} empty={t("home.noRunning")} />
            </Card>
            <Card title={t("home.failed")}>
              <RunList runs={data?.failed} empty={t("home.noFailed")} />
            </Card>
            <Card title={t("home.runs")}>
              <Bars counts={data?.runs} to={(state) => `/dag_runs?state=${state}`} empty={t("home.empty")} />
            </Card>
            <Card title={t("home.tasks")}>
              <Bars counts={data?.task_instances} to={(state) => `/task_instances?state=${state}`} empty={t("home.empty")} />
            </Card>
            <Card title={t("home.next")}>
              <NextRuns next={data?.next} />
            </Card>
            <Stack gap="md">
              <Card title={t("home.health")}>
                <Health />
              </Card>
              <Card title={t("home.pools")} action={<Anchor component={Link} to="/pools" size="sm">{t("home.managePools")}</Anchor>}>
                <Slots slots={data?.slots} />
              </Card>
            </Stack>
          </SimpleGrid>
        </Stack>
      )}
    </Page>
  );
}

function Card({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  return (
    <Paper p="md" component="section" aria-label={title}>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h5">{title}</Title>
        {action}
      </Group>
      {children}
    </Paper>
  );
}

function Stats({ data }: { data: Overview | undefined }) {
  const { t } = useTranslation();
  const stats = [
    { key: "active", value: data?.dags.active, to: "/dags" },
    { key: "running", value: data?.dags.running, to: "/dags?state=running", state: "running" },
    { key: "queued", value: data?.dags.queued, to: "/dags?state=queued", state: "queued" },
    { key: "failed", value: data?.dags.failed, to: "/dags?state=failed", state: "failed" },
    { key: "importErrors", value: data?.import_errors, to: "/import_errors" },
  ];
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="md">
      {stats.map(({ key, value, to, state }) => (
        <Paper key={key} component={Link} to={to} p="md" style={{ textDecoration: "none", color: "inherit" }}>
          <Group gap={6} wrap="nowrap">
            {state && <StateIcon state={state} />}
            {key === "importErrors" && !!value && <IconAlertTriangle size={16} color="var(--mantine-color-red-6)" />}
            <Text size="sm" c="dimmed" truncate>{t(`home.stat.${key}`)}</Text>
          </Group>
          {value === undefined ? <Skeleton h={30} w={50} mt={6} /> : <Text fz={28} fw={700} lh={1.25}>{formatNumber(value)}</Text>}
        </Paper>
      ))}
    </SimpleGrid>
  );
}

function RunList({ runs, empty }: { runs: Overview["running"] | undefined; empty: string }) {
  if (!runs) return <Skeleton h={90} />;
  if (!runs.length) return <Text size="sm" c="dimmed">{empty}</Text>;
  return (
    <Stack gap={6}>
      {runs.map((run) => (
        <Group key={`${run.dag_id} ${run.run_id}`} gap="xs" wrap="nowrap">
          <StateIcon state={run.state} />
          <Anchor
            component={Link}
            to={`/dags/${encodeURIComponent(run.dag_id)}/runs/${encodeURIComponent(run.run_id)}`}
            size="sm"
            truncate
            flex={1}
            title={run.run_id}
          >
            {run.dag_display_name}
          </Anchor>
          <Text size="sm" c="dimmed"><Duration start={run.start_date} end={run.end_date} /></Text>
          <Text size="sm" c="dimmed" visibleFrom="xs" miw={120} ta="right" style={{ whiteSpace: "nowrap" }}><Time value={run.end_date ?? run.start_date ?? run.run_after} relative /></Text>
        </Group>
      ))}
    </Stack>
  );
}

function NextRuns({ next }: { next: Overview["next"] | undefined }) {
  const { t } = useTranslation();
  if (!next) return <Skeleton h={90} />;
  if (!next.length) return <Text size="sm" c="dimmed">{t("home.noNext")}</Text>;
  return (
    <Stack gap={6}>
      {next.map((run) => (
        <Group key={run.dag_id} gap="xs" wrap="nowrap">
          <Anchor component={Link} to={`/dags/${encodeURIComponent(run.dag_id)}`} size="sm" truncate flex={1}>{run.dag_display_name}</Anchor>
          <Text size="sm" c="dimmed"><Time value={run.run_after} relative /></Text>
        </Group>
      ))}
    </Stack>
  );
}

function Health() {
  const { t } = useTranslation();
  const health = useQuery(healthQuery);
  if (health.error) return <Problem error={health.error} retry={() => void health.refetch()} />;
  if (!health.data) return <Skeleton h={90} />;
  const { metadatabase, scheduler, dag_processor, triggerer } = health.data;
  const parts = [
    { key: "metadatabase", status: metadatabase.status, beat: null },
    { key: "scheduler", status: scheduler.status, beat: scheduler.latest_scheduler_heartbeat },
    { key: "dag_processor", status: dag_processor?.status, beat: dag_processor?.latest_dag_processor_heartbeat },
    { key: "triggerer", status: triggerer.status, beat: triggerer.latest_triggerer_heartbeat },
  ];
  return (
    <Stack gap={8}>
      {parts.map(({ key, status, beat }) => {
        const [color, Icon, words] =
          status === "healthy" ? (["teal", IconCircleCheck, "healthy"] as const) : status ? (["red", IconCircleX, "unhealthy"] as const) : (["gray", IconCircleMinus, "absent"] as const);
        return (
          <Group key={key} gap="xs" wrap="nowrap">
            <Text size="sm" flex={1}>{t(`home.part.${key}`)}</Text>
            {beat && <Text size="xs" c="dimmed"><Tooltip label={t("home.beat")}><span><Time value={beat} relative /></span></Tooltip></Text>}
            <Badge color={color} variant="light" tt="none" leftSection={<Icon size={13} />}>{t(`home.${words}`)}</Badge>
          </Group>
        );
      })}
    </Stack>
  );
}

function Slots({ slots }: { slots: Overview["slots"] | undefined }) {
  if (!slots) return <Skeleton h={40} />;
  return <Bars counts={{ running: slots.running, queued: slots.queued, scheduled: slots.scheduled, deferred: slots.deferred, open: slots.open }} label={(key) => `home.slot.${key}`} empty="" endless={slots.open < 0 ? "open" : undefined} />;
}
