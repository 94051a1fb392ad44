/** How long runs waited and took, oldest first; each leads to its run. */
import { Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { formatDuration, formatTime, useNow, useZone } from "../../../part/time";
import type { DagRun } from "../../../query";
import { isUnfinished, lookOf } from "../../../state";
import { runAt } from "../address";
import classes from "./chart.module.css";

const seconds = (from: string | null, to: string | null, now: number) =>
  from ? Math.max(0, ((to ? Date.parse(to) : now) - Date.parse(from)) / 1000) : 0;

export function medianOf(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[half] ?? 0) : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2;
}

export function DurationChart({ dagId, runs }: { dagId: string; runs: DagRun[] }) {
  const { t } = useTranslation();
  const zone = useZone();
  const now = useNow(runs.some((run) => isUnfinished(run.state)) ? 1000 : null);
  const shown = runs.toReversed().map((run) => ({
    run,
    waited: seconds(run.queued_at, run.start_date, now),
    ran: seconds(run.start_date, run.end_date, now),
  }));
  const longest = Math.max(0.1, ...shown.map(({ waited, ran }) => waited + ran));
  const done = shown.filter(({ run }) => run.end_date).map(({ ran }) => ran);
  const median = medianOf(done);
  const height = (value: number) => `${(value / longest) * 92}%`;
  return (
    <div className={classes.chart}>
      {[1, 0.5].map((part) => (
        <div key={part} className={classes.rule} style={{ bottom: height(longest * part) }} aria-hidden><span>{formatDuration(longest * part)}</span></div>
      ))}
      {done.length > 2 && (
        <div className={`${classes.rule} ${classes.median}`} style={{ bottom: height(median) }}><span>{t("dag.overview.median")} {formatDuration(median)}</span></div>
      )}
      {shown.map(({ run, waited, ran }) => {
        const words = `${t(`state.${run.state}`)} · ${formatTime(run.run_after, zone)} · ${formatDuration(ran)} · ${t("dag.overview.queuedFor")} ${formatDuration(waited)}`;
        return (
          <Tooltip key={run.dag_run_id} label={words} openDelay={50}>
            <Link to={runAt(dagId, run.dag_run_id)} className={classes.column} aria-label={words}>
              <div className={classes.waited} style={{ height: height(waited) }} />
              <div className={run.state === "running" ? `${classes.ran} pulse` : classes.ran} style={{ height: height(ran), background: lookOf(run.state).color }} />
            </Link>
          </Tooltip>
        );
      })}
    </div>
  );
}
