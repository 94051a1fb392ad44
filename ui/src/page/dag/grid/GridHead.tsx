/** The grid's head: each run as a bar as high as it took long, its type, note and change of version. */
import { memo } from "react";
import { useTranslation } from "react-i18next";

import { formatDuration, formatTime, useNow, useZone } from "../../../part/time";
import type { GridRun } from "../../../query";
import { isUnfinished, lookOf } from "../../../state";
import { RunTypeIcon } from "../runType";
import { BAR, barHeight, COLUMN, HEAD, runOfColumn } from "./geometry";
import classes from "./grid.module.css";

interface Props {
  runs: GridRun[];
  first: number;
  last: number;
  name: number;
  /** Of the whole grid, for lines that mark where versions change. */
  height: number;
  active: number | null;
  selected: string | undefined;
}

/** How long a run took, or has taken until now. */
export function secondsOf(run: GridRun, now: number): number {
  if (!run.start_date) return 0;
  return Math.max(0, ((run.end_date ? Date.parse(run.end_date) : isUnfinished(run.state) ? now : Date.parse(run.start_date)) - Date.parse(run.start_date)) / 1000);
}

export const GridHead = memo(function GridHead({ runs, first, last, name, height, active, selected }: Props) {
  const { t } = useTranslation();
  const zone = useZone();
  const now = useNow(runs.some((run) => isUnfinished(run.state) && run.start_date) ? 1000 : null);
  const longest = Math.max(0, ...runs.map((run) => secondsOf(run, now)));
  const columns = [];
  for (let column = first; column <= last; column++) {
    const run = runs[runOfColumn(column, runs.length)];
    if (!run) continue;
    const before = runs[runOfColumn(column, runs.length) + 1];
    const left = name + column * COLUMN;
    const tall = barHeight(secondsOf(run, now), longest);
    if (before && before.version_number !== run.version_number)
      columns.push(
        <div key={`version ${column}`} className={classes.version} style={{ left, height }} aria-hidden>
          <span className={classes.versionLabel}>v{run.version_number ?? "?"}</span>
        </div>,
      );
    columns.push(
      <div
        key={run.run_id}
        role="columnheader"
        id={`grid--1-${column}`}
        aria-colindex={column + 2}
        aria-selected={run.run_id === selected || undefined}
        aria-label={t("dag.grid.run", {
          state: t(`state.${run.state}`),
          type: t(`runType.${run.run_type}`, run.run_type),
          at: formatTime(run.run_after, zone),
          duration: formatDuration(secondsOf(run, now)),
        })}
        className={active === column ? `${classes.column} ${classes.active}` : classes.column}
        style={{ left, width: COLUMN, height: HEAD }}
        data-c={column}
      >
        {run.has_note && <span className={classes.noted} style={{ bottom: 23 + tall }} />}
        <span
          className={run.state === "running" ? `${classes.bar} pulse` : classes.bar}
          style={{ height: tall, background: lookOf(run.state).color }}
        />
        <span className={classes.kind}><RunTypeIcon type={run.run_type} size={13} /></span>
      </div>,
    );
  }
  return (
    <div role="row" aria-rowindex={1} className={classes.head} style={{ height: HEAD }} data-i={-1}>
      <div role="columnheader" aria-colindex={1} aria-label={t("dag.grid.task")} className={classes.corner} style={{ width: name }}>
        {longest > 0 && (
          <>
            <span className={classes.tick} style={{ top: HEAD - 20 - BAR }}>{formatDuration(longest)}</span>
            <span className={classes.tick} style={{ top: HEAD - 20 - BAR / 2 }}>{formatDuration(longest / 2)}</span>
          </>
        )}
      </div>
      {longest > 0 && [BAR, BAR / 2].map((at) => <div key={at} aria-hidden className={classes.rule} style={{ left: name, width: runs.length * COLUMN, bottom: 20 + at }} />)}
      {columns}
    </div>
  );
});
