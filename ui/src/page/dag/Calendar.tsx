/** The DAG's runs by day, a year at a time. */
import { ActionIcon, Group, ScrollArea, SegmentedControl, Skeleton, Stack, Text, Tooltip } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import dayjs from "dayjs";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useParam } from "../../part/DataTable";
import { Problem } from "../../part/Problem";
import { useNow } from "../../part/time";
import { lookOf } from "../../state";
import { dagAt, useDagId } from "./address";
import classes from "./calendar/calendar.module.css";
import { monthsOf, yearOf, type Day } from "./calendar/days";
import { calendarQuery } from "./query";

type Mode = "total" | "failed";

export function Component() {
  const { t, i18n } = useTranslation();
  const dagId = useDagId();
  const now = useNow(null);
  const [wanted, want] = useParam("year");
  const [mode, setMode] = useParam("mode");
  const thisYear = dayjs.utc(now).year();
  const year = Number(wanted) || thisYear;
  const { data, error, refetch } = useQuery(
    calendarQuery(dagId, { granularity: "daily", logical_date_gte: `${year}-01-01T00:00:00Z`, logical_date_lte: `${year}-12-31T23:59:59Z` }),
  );
  const days = useMemo(() => yearOf(year, data?.dag_runs ?? []), [data, year]);
  const shown: Mode = mode === "failed" ? "failed" : "total";
  const of = (day: Day) => (shown === "failed" ? (day.counts.failed ?? 0) : day.total - (day.counts.planned ?? 0));
  const most = Math.max(1, ...days.map(of));
  const sum = days.reduce((n, day) => n + day.total - (day.counts.planned ?? 0), 0);
  const ended = days.reduce((n, day) => n + (day.counts.success ?? 0) + (day.counts.failed ?? 0), 0);
  const good = days.reduce((n, day) => n + (day.counts.success ?? 0), 0);
  // On a narrow screen the end of the year is what one came for.
  const end = useCallback((viewport: HTMLDivElement | null) => {
    if (viewport) viewport.scrollLeft = viewport.scrollWidth;
  }, []);
  if (error && !data) return <Problem error={error} retry={() => void refetch()} />;
  const date = (month: number, weekday?: number) =>
    new Intl.DateTimeFormat(i18n.language, weekday === undefined ? { month: "short", timeZone: "UTC" } : { weekday: "short", timeZone: "UTC" }).format(
      weekday === undefined ? Date.UTC(year, month, 1) : Date.UTC(2024, 0, 1 + weekday),
    );
  return (
    <Stack p="md" gap="md">
      <Group justify="space-between">
        <Group gap={4}>
          <ActionIcon variant="subtle" color="gray" aria-label={t("dag.calendar.previous")} onClick={() => want(String(year - 1))}><IconChevronLeft size={17} /></ActionIcon>
          <Text fw={600} w={46} ta="center">{year}</Text>
          <ActionIcon variant="subtle" color="gray" aria-label={t("dag.calendar.next")} disabled={year > thisYear} onClick={() => want(year + 1 === thisYear ? null : String(year + 1))}><IconChevronRight size={17} /></ActionIcon>
        </Group>
        <SegmentedControl
          size="xs"
          aria-label={t("dag.calendar.mode")}
          value={shown}
          onChange={(value) => setMode(value === "failed" ? value : null)}
          data={[{ value: "total", label: t("dag.calendar.total") }, { value: "failed", label: t("dag.calendar.failed") }]}
        />
      </Group>
      {data ? (
        <ScrollArea type="auto" offsetScrollbars="x" pb={6} viewportRef={end}>
          <div className={classes.year} role="list" aria-label={t("dag.calendar.label", { year })} style={{ padding: 2 }}>
            {monthsOf(year).map(({ month, week }) => (
              <span key={month} aria-hidden className={classes.label} style={{ gridRow: 1, gridColumn: week + 2 }}>{date(month)}</span>
            ))}
            {[0, 2, 4].map((weekday) => (
              <span key={weekday} aria-hidden className={classes.label} style={{ gridColumn: 1, gridRow: weekday + 2 }}>{date(0, weekday)}</span>
            ))}
            {days.map((day) => (
              <div key={day.date} role="listitem" style={{ gridColumn: day.week + 2, gridRow: day.weekday + 2 }}>
                <Square day={day} mode={shown} share={of(day) / most} today={day.date === dayjs.utc(now).format("YYYY-MM-DD")} to={`${dagAt(dagId, "runs")}?day=${day.date}${shown === "failed" ? "&state=failed" : ""}`} />
              </div>
            ))}
          </div>
        </ScrollArea>
      ) : (
        <Skeleton h={150} />
      )}
      <Text size="sm" c="dimmed">
        {t("dag.calendar.sum", { count: sum, year })}
        {ended > 0 && ` · ${t("dag.calendar.rate", { percent: Math.floor((100 * good) / ended) })}`}
      </Text>
    </Stack>
  );
}

/** Green if all went well, red if something failed; the more ran the fuller. A dot says failed, too. */
function Square({ day, mode, share, today, to }: { day: Day; mode: Mode; share: number; today: boolean; to: string }) {
  const { t } = useTranslation();
  const failed = day.counts.failed ?? 0;
  const planned = day.counts.planned ?? 0;
  const ran = day.total - planned;
  const states = Object.entries(day.counts).filter(([state]) => mode === "total" || state === "failed");
  const words = t("dag.calendar.of", { date: day.date, words: states.map(([state, n]) => `${n} ${t(`state.${state}`)}`).join(", ") || t("dag.calendar.none") });
  const colour = failed ? lookOf("failed").color : day.counts.running ? lookOf("running").color : lookOf("success").color;
  const filled = mode === "failed" ? failed > 0 : ran > 0;
  const name = `${classes.day} ${!ran && planned ? classes.planned : ""} ${today ? classes.today : ""}`;
  const style = filled ? { background: `color-mix(in srgb, ${colour} ${Math.round(45 + 55 * share)}%, var(--mantine-color-body))` } : undefined;
  return (
    <Tooltip label={words} openDelay={50}>
      {filled ? (
        <Link to={to} className={name} style={style} aria-label={words}>{failed > 0 && <span className={classes.mark} />}</Link>
      ) : (
        <span className={name} role="img" aria-label={words} />
      )}
    </Tooltip>
  );
}
