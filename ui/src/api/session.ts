/** Who is logged in, and what they may do: pages hide what the server would refuse. */
import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";

import { client, data } from "./client";
import type { components } from "./schema";

export type Session = components["schemas"]["SessionResponse"];

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: () => data(client.GET("/api/v2/session")),
  staleTime: 60_000,
});

export const useSession = (): Session => useSuspenseQuery(sessionQuery).data;

/** Return a function that says whether an action on a resource is allowed, for a DAG if one is named. */
export function useCan(): (action: string, resource: string, dagId?: string) => boolean {
  const { permissions } = useSession();
  const allowed = new Set(permissions.map((permission) => permission.join(" ")));
  return (action, resource, dagId) =>
    allowed.has(`${action} ${resource}`) || (!!dagId && allowed.has(`${action} DAG:${dagId}`));
}

/** The stream tells of DAGs, and refuses those who may read none. */
export function useMayListen(): boolean {
  const { permissions } = useSession();
  return permissions.some(([action, resource]) => action === "can_read" && (resource === "DAGs" || resource?.startsWith("DAG:")));
}
