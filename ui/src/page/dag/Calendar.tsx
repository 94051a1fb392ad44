/** The DAG's runs by day, a year at a time, or by hour, a month at a time. */
import { ActionIcon, Group, ScrollArea, SegmentedControl, Skeleton, Stack, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import dayjs from "dayjs";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { useParam } from "../../part/DataTable";
import { Problem } from "../../part/Problem";
import { useNow } from "../../part/time";
import { useDagId } from "./address";
import { monthOf, ranIn, yearOf, type Mode } from "./calendar/days";
import { Month } from "./calendar/Month";
import { Year } from "./calendar/Year";
import { calendarQuery } from "./query";

const HOURS = "hours";
const YEAR = "YYYY";
const MONTH = "YYYY-MM";

export function Component() {
  const { t, i18n } = useTranslation();
  const dagId = useDagId();
  const now = dayjs.utc(useNow(60_000));
  const [search, setSearch] = useSearchParams();
  const [wanted, want] = useParam("of");
  const [mode, setMode] = useParam("mode");
  const hourly = search.get("unit") === HOURS;
  const [unit, format] = hourly ? (["month", MONTH] as const) : (["year", YEAR] as const);
  const asked = dayjs.utc(wanted ?? "");
  const begin = (asked.isValid() ? asked : now).startOf(unit);
  const { data: answer, error, refetch, isPlaceholderData } = useQuery(
    calendarQuery(dagId, { granularity: hourly ? "hourly" : "daily", logical_date_gte: begin.toISOString(), logical_date_lte: begin.endOf(unit).toISOString() }),
  );
  // What was read for days says nothing of hours.
  const data = isPlaceholderData ? undefined : answer;
  const [year, month] = [begin.year(), begin.format(MONTH)];
  const days = hourly ? [] : yearOf(year, data?.dag_runs ?? []);
  const hours = hourly ? monthOf(month, data?.dag_runs ?? []) : [];
  const shown: Mode = mode === "failed" ? "failed" : "total";
  const all = hourly ? hours : days;
  const count = (pick: (each: (typeof all)[number]) => number) => all.reduce((n, each) => n + pick(each), 0);
  const [ran, good, bad] = [count((each) => ranIn(each, "total")), count(({ counts }) => counts.success ?? 0), count(({ counts }) => counts.failed ?? 0)];
  // Hours say more than days only where a day has several runs.
  const isOften = hourly || days.some(({ total }) => total > 1);
  const name = hourly ? new Intl.DateTimeFormat(i18n.language, { month: "long", year: "numeric", timeZone: "UTC" }).format(begin.valueOf()) : String(year);
  const go = (n: number) => {
    const next = begin.add(n, unit).format(format);
    want(next === now.format(format) ? null : next);
  };
  const choose = (next: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        after.delete("of");
        if (next === HOURS) after.set("unit", next);
        else after.delete("unit");
        return after;
      },
      { replace: true },
    );
  // On a narrow screen the end of the year is what one came for.
  const end = useCallback((viewport: HTMLDivElement | null) => {
    if (viewport) viewport.scrollLeft = viewport.scrollWidth;
  }, []);
  if (error && !data) return <Problem error={error} retry={() => void refetch()} />;
  return (
    <Stack p="md" gap="md">
      <Group justify="space-between" gap="xs">
        <Group gap={4}>
          <ActionIcon variant="subtle" color="gray" aria-label={t(hourly ? "dag.calendar.previousMonth" : "dag.calendar.previous")} onClick={() => go(-1)}><IconChevronLeft size={17} /></ActionIcon>
          <Text fw={600} miw={hourly ? 130 : 46} ta="center">{name}</Text>
          <ActionIcon variant="subtle" color="gray" aria-label={t(hourly ? "dag.calendar.nextMonth" : "dag.calendar.next")} disabled={begin.isAfter(now)} onClick={() => go(1)}><IconChevronRight size={17} /></ActionIcon>
        </Group>
        <Group gap="xs">
          {isOften && (
            <SegmentedControl
              size="xs"
              aria-label={t("dag.calendar.by")}
              value={hourly ? HOURS : "days"}
              onChange={choose}
              data={[{ value: "days", label: t("dag.calendar.days") }, { value: HOURS, label: t("dag.calendar.hours") }]}
            />
          )}
          <SegmentedControl
            size="xs"
            aria-label={t("dag.calendar.mode")}
            value={shown}
            onChange={(value) => setMode(value === "failed" ? value : null)}
            data={[{ value: "total", label: t("dag.calendar.total") }, { value: "failed", label: t("dag.calendar.failed") }]}
          />
        </Group>
      </Group>
      {data ? (
        <ScrollArea type="auto" offsetScrollbars="x" pb={6} viewportRef={end}>
          {hourly ? (
            <Month dagId={dagId} name={name} hours={hours} mode={shown} now={now.format("YYYY-MM-DDTHH")} />
          ) : (
            <Year dagId={dagId} year={year} days={days} mode={shown} today={now.format("YYYY-MM-DD")} />
          )}
        </ScrollArea>
      ) : (
        <Skeleton h={150} />
      )}
      <Text size="sm" c="dimmed">
        {t("dag.calendar.sum", { count: ran, year: name })}
        {good + bad > 0 && ` · ${t("dag.calendar.rate", { percent: Math.floor((100 * good) / (good + bad)) })}`}
      </Text>
    </Stack>
  );
}
