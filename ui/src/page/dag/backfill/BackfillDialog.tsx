import { Alert, Button, Group, JsonInput, List, Modal, NumberInput, Select, Skeleton, Stack, Switch, Text } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import dayjs from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { client, data } from "../../../api/client";
import { useChange } from "../../../part/mutate";
import { Time, useZone } from "../../../part/time";
import type { BackfillBody } from "../query";

type Behavior = BackfillBody["reprocess_behavior"];
const SHOWN = 8;

/** An object, null if there is nothing, undefined if it is not JSON. */
export function confOf(text: string): Record<string, unknown> | null | undefined {
  if (!text.trim()) return null;
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Ask for runs in the past; what would be created is shown before anything is. */
export function BackfillDialog({ dagId, onClose }: { dagId: string; onClose: () => void }) {
  const { t } = useTranslation();
  const zone = useZone();
  const [from, setFrom] = useState<string | null>(null);
  const [to, setTo] = useState<string | null>(null);
  const [behavior, setBehavior] = useState<Behavior>("none");
  const [active, setActive] = useState<string | number>(4);
  const [backwards, setBackwards] = useState(false);
  const [text, setText] = useState("");
  const conf = confOf(text);
  const ready = !!from && !!to && conf !== undefined;
  const body: BackfillBody = {
    dag_id: dagId,
    from_date: from ? dayjs.tz(from, zone).toISOString() : "",
    to_date: to ? dayjs.tz(to, zone).toISOString() : "",
    reprocess_behavior: behavior,
    max_active_runs: Number(active) || 1,
    run_backwards: backwards,
    dag_run_conf: conf ?? null,
  };
  const [wanted] = useDebouncedValue(JSON.stringify(body), 300);
  const dry = useQuery({
    queryKey: ["backfills", dagId, "dry", wanted],
    queryFn: () => data(client.POST("/api/v2/backfills/dry_run", { body: JSON.parse(wanted) as BackfillBody })),
    enabled: ready,
    staleTime: 0,
    retry: false,
  });
  const start = useChange({ change: () => client.POST("/api/v2/backfills", { body }), stale: [["backfills"], ["runs", dagId], ["grid", dagId]], done: t("dag.backfill.started") });
  const n = dry.data?.total_entries ?? 0;
  return (
    <Modal opened onClose={onClose} title={t("dag.backfill.create")} size="lg">
      <Stack gap="sm">
        <Group grow align="start">
          <DateTimePicker label={t("dag.backfill.from")} description={zone} required value={from} onChange={setFrom} data-autofocus />
          <DateTimePicker label={t("dag.backfill.to")} description={zone} required value={to} onChange={setTo} minDate={from ?? undefined} />
        </Group>
        <Group grow align="start">
          <Select
            label={t("dag.backfill.behavior")}
            allowDeselect={false}
            value={behavior}
            onChange={(value) => value && setBehavior(value)}
            data={[
              { value: "none", label: t("dag.backfill.none") },
              { value: "failed", label: t("dag.backfill.failed") },
              { value: "completed", label: t("dag.backfill.completed2") },
            ]}
          />
          <NumberInput label={t("dag.backfill.maxActive")} min={1} max={1000} value={active} onChange={setActive} />
        </Group>
        <Switch label={t("dag.backfill.backwards")} checked={backwards} onChange={(event) => setBackwards(event.currentTarget.checked)} />
        <JsonInput label={t("dag.backfill.conf")} value={text} onChange={setText} autosize minRows={2} maxRows={8} error={conf === undefined ? t("dag.backfill.confBad") : undefined} placeholder="{}" formatOnBlur />
        {ready && (dry.error ? <Alert color="red">{dry.error.message}</Alert> : dry.data ? <Preview runs={dry.data.backfills} n={n} /> : <Skeleton h={60} />)}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>{t("action.cancel")}</Button>
          <Button disabled={!ready || !dry.data || n === 0} loading={start.isPending} onClick={() => start.mutate(undefined, { onSuccess: onClose })}>{t("dag.backfill.start")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Preview({ runs, n }: { runs: { logical_date: string | null; partition_key: string | null }[]; n: number }) {
  const { t } = useTranslation();
  if (n === 0) return <Alert color="yellow">{t("dag.backfill.dryNone")}</Alert>;
  return (
    <Alert color="blue" title={t("dag.backfill.dry", { count: n })}>
      <List size="sm" listStyleType="none">
        {runs.slice(0, SHOWN).map((run, i) => (
          <List.Item key={run.logical_date ?? run.partition_key ?? i}>{run.logical_date ? <Time value={run.logical_date} /> : run.partition_key}</List.Item>
        ))}
      </List>
      {n > SHOWN && <Text size="sm" c="dimmed">{t("dag.backfill.dryMore", { count: n - SHOWN })}</Text>}
    </Alert>
  );
}
