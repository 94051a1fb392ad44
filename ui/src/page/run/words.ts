/** The engine's sentences, in the page's language and in the zone that people chose. */
import type { TFunction } from "i18next";

import type { components } from "../../api/schema";
import { formatTime } from "../../part/time";

export type Reason = components["schemas"]["ReasonResponse"];

const INSTANT = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)/g;

/** The engine names points in time in UTC; people read them in their own zone. */
export const inZone = (text: string, zone: string): string => text.replace(INSTANT, (instant) => formatTime(instant.replace(" ", "T"), zone));

const inState = (t: TFunction, state: string): string => t(`state.${state}`, { defaultValue: state });

/** What a trigger rule counted: `1 failed, 2 succeeded`. */
const inStates = (t: TFunction, counts: string): string =>
  counts.replace(/(\d+) (\w+)/g, (_, n: string, state: string) => `${n} ${inState(t, state === "succeeded" ? "success" : state)}`);

/** A reason, or what an event of a story tells; a code that this page does not know is said as the server says it. */
export function sentence(t: TFunction, of: "reason" | "detail", { code, params, text }: Reason, zone: string): string {
  const shown = Object.entries(params).map(([name, value]) => {
    if (typeof value !== "string") return [name, value];
    return [name, name === "state" ? inState(t, value) : name === "counts" ? inStates(t, value) : inZone(value, zone)];
  });
  return t(`run.${of}.${code}`, { ...(Object.fromEntries(shown) as Record<string, unknown>), defaultValue: inZone(text, zone) });
}

/** What happened, and why if the event tells. */
export function told(t: TFunction, event: { kind: string; to_state: string | null; words: string; detail: Reason | null }, zone: string): string {
  const what = t(`run.event.${event.kind}`, { to: inState(t, event.to_state ?? "none"), defaultValue: "" });
  if (!what) return inZone(event.words, zone);
  if (!event.detail) return what;
  const why = sentence(t, "detail", event.detail, zone);
  return `${what} ${event.detail.code === "text" ? why.charAt(0).toUpperCase() + why.slice(1) : why}${/[.!?…]$/.test(why) ? "" : "."}`;
}
