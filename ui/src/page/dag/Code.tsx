/** The DAG's file as it was in a version, and how it differs from another. */
import { Group, Select, Skeleton, Switch, Text } from "@mantine/core";
import { useHotkeys, useLocalStorage } from "@mantine/hooks";
import { IconFileCode } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";

import { useParam } from "../../part/DataTable";
import { Empty, Loading, Problem } from "../../part/Problem";
import { formatDuration, formatTime, Time, useZone } from "../../part/time";
import { dagQuery } from "../../query";
import { useDagId } from "./address";
import { sourceQuery, versionsQuery } from "./query";

const Source = lazy(() => import("./code/Source"));
const Compare = lazy(() => import("./code/Compare"));

export function Component() {
  const { t } = useTranslation();
  const zone = useZone();
  const dagId = useDagId();
  const [version, setVersion] = useParam("version");
  const [other, setOther] = useParam("compare");
  const [wrap, setWrap] = useLocalStorage({ key: "slipstream.codeWrap", defaultValue: false, getInitialValueInEffect: false });
  const { data: dag } = useQuery(dagQuery(dagId));
  const versions = useQuery(versionsQuery(dagId));
  const source = useQuery(sourceQuery(dagId, version ? Number(version) : undefined));
  const compared = useQuery({ ...sourceQuery(dagId, Number(other)), enabled: !!other });
  useHotkeys([["w", () => setWrap(!wrap)]]);
  const options = versions.data?.dag_versions.map(({ version_number: n, created_at }, i) => ({
    value: String(n),
    label: `v${n} · ${i === 0 ? t("dag.code.latest") : formatTime(created_at, zone)}`,
  }));
  const shown = version ?? options?.[0]?.value ?? null;
  return (
    <div style={{ display: "flex", flexDirection: "column", height: "100%", minHeight: 300 }}>
      <Group p="sm" gap="sm" align="end">
        <Select size="xs" w={190} label={t("dag.code.version")} data={options ?? []} value={shown} onChange={(value) => setVersion(value === options?.[0]?.value ? null : value)} allowDeselect={false} />
        {(options?.length ?? 0) > 1 && (
          <Select size="xs" w={190} label={t("dag.code.compare")} placeholder={t("dag.code.nothing")} data={options?.filter(({ value }) => value !== shown) ?? []} value={other} onChange={setOther} clearable />
        )}
        <Switch size="xs" mb={6} label={t("dag.code.wrap")} checked={wrap} onChange={(event) => setWrap(event.currentTarget.checked)} />
        <Text size="xs" c="dimmed" mb={6} style={{ overflowWrap: "anywhere" }}>
          {dag?.relative_fileloc ?? dag?.fileloc}
          {dag?.last_parsed_time && <> · {t("dag.code.parsed")} <Time value={dag.last_parsed_time} relative /></>}
          {dag?.last_parse_duration != null && <> {t("dag.code.took")} {formatDuration(dag.last_parse_duration)}</>}
        </Text>
      </Group>
      <div style={{ flex: 1, minHeight: 0, borderTop: "1px solid var(--mantine-color-default-border)" }}>
        {source.error && !source.data ? (
          <Problem error={source.error} retry={() => void source.refetch()} />
        ) : compared.error && other ? (
          <Problem error={compared.error} retry={() => void compared.refetch()} />
        ) : !source.data || (other && !compared.data) ? (
          <Lines />
        ) : source.data.content === null ? (
          <Empty icon={IconFileCode} title={t("dag.code.none")}>{t("dag.code.noneText")}</Empty>
        ) : (
          <Suspense fallback={<Loading />}>
            {other && compared.data ? (
              <Compare before={compared.data.content ?? ""} after={source.data.content} wrap={wrap} label={t("dag.code.label", { dagId })} />
            ) : (
              <Source text={source.data.content} wrap={wrap} label={t("dag.code.label", { dagId })} />
            )}
          </Suspense>
        )}
      </div>
    </div>
  );
}

const Lines = () => (
  <div style={{ padding: 16 }}>
    {Array.from({ length: 14 }, (_, i) => <Skeleton key={i} h={11} my={9} ml={((i * 7) % 4) * 20} w={`${30 + ((i * 37) % 50)}%`} />)}
  </div>
);
