/** What the states look like: a colour for each theme and an icon, so that no state is told by colour alone. */
import {
  IconAlertTriangle,
  IconBan,
  IconCalendarRepeat,
  IconCheck,
  IconCircleDashed,
  IconClock,
  IconHourglass,
  IconMoon,
  IconPlayerPlayFilled,
  IconPlayerTrackNext,
  IconRefresh,
  IconRotateClockwise,
  IconTrash,
  IconUserQuestion,
  IconX,
  type Icon,
} from "@tabler/icons-react";

export type State = string | null | undefined;

interface Look {
  /** Fill of cells and bars; text on it is `on`. */
  color: string;
  on: string;
  icon: Icon;
}

const look = (color: string, icon: Icon, on = "#ffffff"): Look => ({ color, icon, on });

const LOOKS: Record<string, Look> = {
  success: look("#278338", IconCheck),
  failed: look("#d6293e", IconX),
  running: look("#1971c2", IconPlayerPlayFilled),
  queued: look("#6a737b", IconClock),
  scheduled: look("#8f6f3f", IconHourglass),
  up_for_retry: look("#f2b705", IconRefresh, "#3b2d00"),
  up_for_reschedule: look("#0f7f7a", IconCalendarRepeat),
  upstream_failed: look("#e8710a", IconAlertTriangle, "#2b1400"),
  skipped: look("#d77bba", IconPlayerTrackNext, "#3a0f2b"),
  deferred: look("#7950f2", IconMoon),
  removed: look("#adb5bd", IconTrash, "#212529"),
  restarting: look("#ae3ec9", IconRotateClockwise),
  awaiting_input: look("#f76707", IconUserQuestion, "#2b1400"),
  planned: look("#ced4da", IconCircleDashed, "#212529"),
  paused: look("#6a737b", IconBan),
};

const NONE = look("#ced4da", IconCircleDashed, "#212529");

export const lookOf = (state: State): Look => (state ? (LOOKS[state] ?? NONE) : NONE);

export const TASK_STATES = [
  "failed",
  "upstream_failed",
  "up_for_retry",
  "running",
  "restarting",
  "queued",
  "scheduled",
  "deferred",
  "up_for_reschedule",
  "success",
  "skipped",
  "removed",
] as const;
export const RUN_STATES = ["queued", "running", "success", "failed"] as const;

const UNFINISHED = new Set(["running", "queued", "scheduled", "restarting", "deferred", "up_for_retry", "up_for_reschedule"]);

/** Whether something in this state goes on by itself. */
export const isUnfinished = (state: State): boolean => !!state && UNFINISHED.has(state);

/** The state that a group shows for its tasks: the one that people should hear of first. */
export function worst(states: Iterable<State>): State {
  const seen = new Set<State>(states);
  for (const state of TASK_STATES) if (seen.has(state)) return state;
  return null;
}
