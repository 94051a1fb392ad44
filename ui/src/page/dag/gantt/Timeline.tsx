import { Tooltip } from "@mantine/core";
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, type CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { StateBadge, StateIcon } from "../../../part/StateBadge";
import { formatDuration, formatTime, useZone } from "../../../part/time";
import type { GridRun } from "../../../query";
import { lookOf } from "../../../state";
import { instanceAt } from "../address";
import classes from "./gantt.module.css";
import { spanOf, ticksOf, type Lane, type Segment, type Try } from "./lanes";

const LANE = 26;

export function Timeline({ dagId, run, lanes, labels }: { dagId: string; run: GridRun; lanes: Lane[]; labels: Map<string, string> }) {
  const { t } = useTranslation();
  const scroll = useRef<HTMLDivElement>(null);
  const size = useElementSize();
  const ref = useMergedRef(scroll, size.ref);
  const { from, to } = spanOf(lanes, run.start_date, run.end_date);
  const seconds = (to - from) / 1000;
  const name = Math.min(220, Math.max(110, size.width * 0.28));
  const track = Math.max(1, size.width - name - 16);
  const virtual = useVirtualizer({ count: lanes.length, getScrollElement: () => scroll.current, estimateSize: () => LANE, overscan: 12, paddingStart: 26 });
  const place = (segment: Segment): CSSProperties => ({
    left: `${(100 * (segment.from - from)) / (to - from)}%`,
    width: `${(100 * (segment.to - segment.from)) / (to - from)}%`,
  });
  const ticks = ticksOf(seconds, Math.max(2, Math.floor(track / 80)));
  return (
    <div ref={ref} className={classes.scroll} role="list" aria-label={t("dag.gantt.label", { runId: run.run_id })}>
      <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="presentation">
        <div className={classes.axis} aria-hidden>
          {ticks.map((tick) => (
            <span key={tick} className={classes.tick} style={{ left: name + (track * tick) / seconds }}>{tick === 0 ? "0" : formatDuration(tick)}</span>
          ))}
        </div>
        {ticks.map((tick) => <span key={tick} aria-hidden className={classes.line} style={{ left: name + (track * tick) / seconds }} />)}
        {virtual.getVirtualItems().map((item) => {
          const lane = lanes[item.index]!;
          const words = (labels.get(lane.taskId) ?? lane.taskId) + (lane.mapIndex >= 0 ? ` [${lane.mapIndex}]` : "");
          return (
            <div key={lane.key} role="listitem">
              <Link
                className={classes.lane}
                style={{ top: item.start, height: LANE }}
                to={instanceAt(dagId, run.run_id, lane.taskId) + (lane.mapIndex >= 0 ? `?map_index=${lane.mapIndex}` : "")}
              >
                <span className={classes.name} style={{ width: name }} title={lane.taskId}>{words}</span>
                <span className={classes.track}>
                  {lane.tries.map((each) => (
                    <Tooltip.Floating key={each.bar.try_number} label={<Words each={each} />}>
                      <span role="presentation">
                        {each.segments.map((segment) => (
                          <span
                            key={segment.kind}
                            className={`${classes.segment} ${classes[segment.kind] ?? ""}`}
                            style={segment.kind === "ran" ? { ...place(segment), background: lookOf(each.bar.state).color } : place(segment)}
                          >
                            {segment.kind === "ran" && (track * (segment.to - segment.from)) / (to - from) > 18 && <StateIcon state={each.bar.state} size={14} />}
                          </span>
                        ))}
                      </span>
                    </Tooltip.Floating>
                  ))}
                </span>
              </Link>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Words({ each: { bar, segments } }: { each: Try }) {
  const { t } = useTranslation();
  const zone = useZone();
  const took = (kinds: Segment["kind"][]) => segments.filter(({ kind }) => kinds.includes(kind)).reduce((sum, { from, to }) => sum + (to - from) / 1000, 0);
  return (
    <>
      <StateBadge state={bar.state} size="sm" /> {bar.task_id} · {t("dag.gantt.try", { n: bar.try_number })}
      {bar.start_date && <div>{formatTime(bar.start_date, zone, true)}</div>}
      <div>{t("dag.gantt.waitedFor", { duration: formatDuration(took(["scheduled", "queued"])) })}</div>
      {bar.start_date && <div>{t("dag.gantt.ranFor", { duration: formatDuration(took(["ran"])) })}</div>}
    </>
  );
}
