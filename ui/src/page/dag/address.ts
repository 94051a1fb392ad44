/** The addresses of a DAG's pages. */
import { useParams } from "react-router";

const at = (...parts: string[]): string => "/" + parts.map(encodeURIComponent).join("/");

export const dagAt = (dagId: string, ...rest: string[]): string => at("dags", dagId, ...rest);
export const runAt = (dagId: string, runId: string): string => dagAt(dagId, "runs", runId);
export const taskAt = (dagId: string, taskId: string): string => dagAt(dagId, "tasks", taskId);
export const instanceAt = (dagId: string, runId: string, taskId: string): string => dagAt(dagId, "runs", runId, "tasks", taskId);
/** A run's tasks that are in a group. */
export const groupAt = (dagId: string, runId: string, groupId: string): string =>
  `${runAt(dagId, runId)}?group=${encodeURIComponent(groupId)}`;

/** The DAG of the page. */
export function useDagId(): string {
  return useParams().dagId ?? "";
}
