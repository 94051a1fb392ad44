/** When the run is for and what it is called, as the request wants it. Pure but for the clock it is given. */
import dayjs from "dayjs";

export interface AdvancedState {
  date: "now" | "at" | "none";
  /** Local times as the pickers have them: `2026-03-01 12:00:00`. */
  logicalDate: string | null;
  runId: string;
  interval: "auto" | "manual";
  intervalStart: string | null;
  intervalEnd: string | null;
  note: string;
}

export const ADVANCED: AdvancedState = { date: "now", logicalDate: null, runId: "", interval: "auto", intervalStart: null, intervalEnd: null, note: "" };

export interface When {
  logical_date: string | null;
  dag_run_id: string | null;
  data_interval_start: string | null;
  data_interval_end: string | null;
  note: string | null;
}

export type AdvancedErrors = Partial<Record<"logical_date" | "dag_run_id" | "interval" | "note", string>>;

/** The key of what is wrong, by field; keys are below `run`. */
export function complaintsOf(state: AdvancedState): AdvancedErrors {
  const errors: AdvancedErrors = {};
  if (state.date === "at" && !state.logicalDate) errors.logical_date = "form.required";
  if (state.interval === "manual") {
    if (!state.intervalStart || !state.intervalEnd) errors.interval = "trigger.both";
    else if (state.intervalEnd < state.intervalStart) errors.interval = "trigger.order";
    else if (state.date === "none") errors.interval = "trigger.needsDate";
  }
  return errors;
}

export function whenOf(state: AdvancedState, zone: string, now: Date): When {
  const instant = (local: string | null) => (local ? dayjs.tz(local, zone).toISOString() : null);
  const isManual = state.interval === "manual";
  return {
    logical_date: state.date === "now" ? now.toISOString() : state.date === "at" ? instant(state.logicalDate) : null,
    dag_run_id: state.runId.trim() || null,
    data_interval_start: isManual ? instant(state.intervalStart) : null,
    data_interval_end: isManual ? instant(state.intervalEnd) : null,
    note: state.note.trim() || null,
  };
}

interface Invalid {
  loc?: (string | number)[];
  msg?: string;
}

/** Errors of a 422 by the field that they name. */
export function refusedFields(detail: unknown): AdvancedErrors {
  const errors: AdvancedErrors = {};
  const list = (detail as { detail?: unknown } | null)?.detail;
  if (!Array.isArray(list)) return errors;
  for (const { loc, msg } of list as Invalid[]) {
    const name = String(loc?.[1] ?? "");
    if (name === "logical_date" || name === "dag_run_id" || name === "note") errors[name] = msg;
    else if (name.startsWith("data_interval")) errors.interval = msg;
  }
  return errors;
}
