import type { Role } from "./query";

/** What a role may do, by resource, both in alphabetical order. */
export function byResource(role: Role): [resource: string, actions: string[]][] {
  const actions = new Map<string, string[]>();
  for (const { action, resource } of role.actions ?? []) {
    if (!action?.name || !resource?.name) continue;
    actions.set(resource.name, [...(actions.get(resource.name) ?? []), action.name]);
  }
  return [...actions].map(([resource, names]): [string, string[]] => [resource, names.sort()]).sort(([a], [b]) => a.localeCompare(b));
}
