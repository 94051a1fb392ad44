import type { TFunction } from "i18next";

import type { Target } from "./change";

/** A dialog's title with the name of what it is about, or how many. */
export function titleOf(t: TFunction, key: string, target: Target): string {
  const names = target.kind === "tasks" ? target.tasks.map((task) => task.task_id + ((task.map_index ?? -1) >= 0 ? `[${task.map_index}]` : "")) : target.runIds;
  const what = names.length === 1 ? names[0] : t(target.kind === "tasks" ? "run.change.nTasks" : "run.change.nRuns", { count: names.length });
  return t(key, { what });
}
