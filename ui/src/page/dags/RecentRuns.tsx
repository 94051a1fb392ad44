import { Skeleton, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { components } from "../../api/schema";
import { formatDuration, formatTime, useZone } from "../../part/time";
import { lookOf } from "../../state";
import classes from "./RecentRuns.module.css";

type Run = components["schemas"]["RecentRun"];

const seconds = (run: Run, now: number) =>
  run.start_date ? Math.max(0, (run.end_date ? Date.parse(run.end_date) : now) - Date.parse(run.start_date)) / 1000 : 0;

/** The last runs as bars: height by duration, colour and pattern by state, oldest on the left. */
export function RecentRuns({ dagId, runs, now, slots = 14 }: { dagId: string; runs: Run[] | undefined; now: number; slots?: number }) {
  const { t } = useTranslation();
  const zone = useZone();
  if (!runs) return <Skeleton h={28} w={slots * 9} />;
  const longest = Math.max(1, ...runs.map((run) => seconds(run, now)));
  const shown = runs.slice(0, slots).reverse();
  return (
    <span className={classes.bars} style={{ width: slots * 9 }} role="list" aria-label={t("home.dags.recent", { name: dagId })}>
      {shown.map((run) => {
        const took = seconds(run, now);
        const state = t(`state.${run.state}`);
        const label = `${state} · ${formatTime(run.run_after, zone)}${run.start_date ? ` · ${formatDuration(took)}` : ""}`;
        return (
          <Tooltip key={run.run_id} label={label}>
            <Link
              role="listitem"
              to={`/dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(run.run_id)}`}
              className={classes.bar}
              aria-label={label}
              data-state={run.state}
            >
              <span style={{ height: `${Math.max(18, (took / longest) * 100)}%`, background: lookOf(run.state).color }} />
            </Link>
          </Tooltip>
        );
      })}
    </span>
  );
}
