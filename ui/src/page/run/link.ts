/** Addresses of runs and task instances. */
const part = encodeURIComponent;

export const dagLink = (dagId: string): string => `/dags/${part(dagId)}`;

export const runLink = (dagId: string, runId: string, tab?: string): string => `${dagLink(dagId)}/runs/${part(runId)}${tab ? `/${tab}` : ""}`;

export function taskLink(dagId: string, runId: string, taskId: string, mapIndex = -1, tab?: string, query: Record<string, string> = {}): string {
  const search = new URLSearchParams({ ...(mapIndex >= 0 ? { map_index: String(mapIndex) } : {}), ...query }).toString();
  return `${runLink(dagId, runId)}/tasks/${part(taskId)}${tab ? `/${tab}` : ""}${search ? `?${search}` : ""}`;
}

export const codeLink = (dagId: string, version: number | null | undefined): string => `${dagLink(dagId)}/code${version ? `?version=${version}` : ""}`;
