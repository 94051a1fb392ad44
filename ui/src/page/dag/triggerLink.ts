import { useSearchParams } from "react-router";

import { parsed } from "../run/parsed";

/** The conf that a link carries; undefined if it is no JSON object. */
export function confOf(text: string | null): Record<string, unknown> | undefined {
  if (!text) return undefined;
  const read = parsed(text);
  const value = read.ok ? read.value : undefined;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

/** The trigger form is open while the address says so: `?trigger=1`, and `&conf={"param": "value"}` fills it in. */
export function useTriggerLink() {
  const [search, setSearch] = useSearchParams();
  const put = (opened: boolean) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        next.delete("conf");
        if (opened) next.set("trigger", "1");
        else next.delete("trigger");
        return next;
      },
      { replace: true, preventScrollReset: true },
    );
  return { opened: search.has("trigger"), conf: confOf(search.get("conf")), open: () => put(true), close: () => put(false) };
}
