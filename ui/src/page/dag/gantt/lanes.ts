/** When each try of a run's tasks waited and ran, as lanes on an axis of time. Pure. */
import type { GanttBar } from "../query";

export interface Segment {
  kind: "scheduled" | "queued" | "ran";
  from: number;
  to: number;
}

export interface Try {
  bar: GanttBar;
  segments: Segment[];
}

export interface Lane {
  key: string;
  taskId: string;
  mapIndex: number;
  tries: Try[];
}

const at = (value: string | null): number | null => (value ? Date.parse(value) : null);

/** What has not ended goes on until now. */
export function segmentsOf(bar: GanttBar, now: number): Segment[] {
  const scheduled = at(bar.scheduled_at);
  const queued = at(bar.queued_at);
  const start = at(bar.start_date);
  const end = at(bar.end_date);
  const segments: Segment[] = [];
  const add = (kind: Segment["kind"], from: number | null, to: number) => {
    if (from !== null && to >= from) segments.push({ kind, from, to });
  };
  const last = end ?? now;
  add("scheduled", scheduled, queued ?? start ?? last);
  add("queued", queued, start ?? last);
  add("ran", start, last);
  return segments;
}

/** One lane for each task instance, in the order of the tasks, tries from the first on. */
export function lanesOf(bars: GanttBar[], order: ReadonlyMap<string, number>, now: number): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const bar of bars) {
    const segments = segmentsOf(bar, now);
    if (!segments.length) continue;
    const key = `${bar.task_id} ${bar.map_index}`;
    let lane = lanes.get(key);
    if (!lane) lanes.set(key, (lane = { key, taskId: bar.task_id, mapIndex: bar.map_index, tries: [] }));
    lane.tries.push({ bar, segments });
  }
  for (const lane of lanes.values()) lane.tries.sort((a, b) => a.bar.try_number - b.bar.try_number);
  const place = (lane: Lane) => order.get(lane.taskId) ?? order.size;
  return [...lanes.values()].sort((a, b) => place(a) - place(b) || a.taskId.localeCompare(b.taskId) || a.mapIndex - b.mapIndex);
}

/** From when to when it all went. */
export function spanOf(lanes: Lane[], start: string | null, end: string | null): { from: number; to: number } {
  let from = at(start) ?? Infinity;
  let to = at(end) ?? -Infinity;
  for (const lane of lanes)
    for (const { segments } of lane.tries)
      for (const segment of segments) {
        from = Math.min(from, segment.from);
        to = Math.max(to, segment.to);
      }
  return Number.isFinite(from) && to > from ? { from, to } : { from: Number.isFinite(from) ? from : 0, to: (Number.isFinite(from) ? from : 0) + 1000 };
}

const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

/** Round distances from the beginning, in seconds, not more than `most` of them. */
export function ticksOf(seconds: number, most: number): number[] {
  const step = STEPS_S.find((each) => seconds / each <= most) ?? seconds / most;
  const ticks: number[] = [];
  for (let i = 0; i * step <= seconds; i++) ticks.push(i * step);
  return ticks;
}
