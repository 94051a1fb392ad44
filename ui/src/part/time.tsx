/** Points in time and durations as people read them, in the time zone that they chose. */
import { Text, Tooltip } from "@mantine/core";
import dayjs from "dayjs";
import relativeTime from "dayjs/plugin/relativeTime";
import timezone from "dayjs/plugin/timezone";
import utc from "dayjs/plugin/utc";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "./number";

dayjs.extend(utc);
dayjs.extend(timezone);
dayjs.extend(relativeTime);

const KEY = "slipstream.timezone";
const watchers = new Set<() => void>();

export const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The chosen zone: an IANA name; UTC until somebody chooses. */
export const zone = (): string => localStorage.getItem(KEY) ?? "UTC";

export function chooseZone(next: string): void {
  localStorage.setItem(KEY, next);
  watchers.forEach((watcher) => watcher());
}

export const useZone = (): string =>
  useSyncExternalStore((watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, zone);

/** Zones change their offsets at quarters of an hour at most. */
const QUARTER_MS = 900_000;
const offsets = new Map<string, number>();

/** How far a zone is ahead of UTC. To ask the browser takes a third of a millisecond, and lists show hundreds of times. */
export function offsetMs(ms: number, tz: string): number {
  if (tz === "UTC") return 0;
  const quarter = Math.floor(ms / QUARTER_MS);
  const key = `${tz} ${quarter}`;
  let found = offsets.get(key);
  if (found === undefined) {
    if (offsets.size > 10_000) offsets.clear();
    offsets.set(key, (found = dayjs(quarter * QUARTER_MS).tz(tz).utcOffset() * 60_000));
  }
  return found;
}

/** `2026-03-01 12:00:05`, with milliseconds if asked. */
export function formatTime(value: string, tz: string, withMs = false): string {
  const ms = Date.parse(value);
  return dayjs.utc(ms + offsetMs(ms, tz)).format(withMs ? "YYYY-MM-DD HH:mm:ss.SSS" : "YYYY-MM-DD HH:mm:ss");
}

export function Time({ value, relative = false }: { value: string | null | undefined; relative?: boolean }) {
  const tz = useZone();
  useTranslation(); // another language says relative times in other words
  useNow(relative ? 15_000 : null);
  if (!value) return <Text span c="dimmed" size="sm">–</Text>;
  const full = `${formatTime(value, tz)} ${tz}`;
  return (
    <Tooltip label={relative ? full : dayjs(value).fromNow()}>
      <time dateTime={value} style={{ whiteSpace: "nowrap" }}>
        {relative ? dayjs(value).fromNow() : formatTime(value, tz)}
      </time>
    </Tooltip>
  );
}

/** `0.4s`, `12s`, `3m 04s`, `2h 10m`, `1d 3h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${formatNumber(seconds, seconds < 1 ? 2 : 1)}s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s}s`;
  const two = (n: number) => String(n).padStart(2, "0");
  if (s < 3600) return `${Math.floor(s / 60)}m ${two(s % 60)}s`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h ${two(Math.floor((s % 3600) / 60))}m`;
  return `${Math.floor(s / 86_400)}d ${Math.floor((s % 86_400) / 3600)}h`;
}

/** How long something took; what has not ended counts on. */
export function Duration({ start, end }: { start: string | null | undefined; end: string | null | undefined }) {
  useTranslation(); // another language writes numbers in another way
  const now = useNow(start && !end ? 1000 : null);
  if (!start) return <Text span c="dimmed" size="sm">–</Text>;
  const ms = (end ? Date.parse(end) : now) - Date.parse(start);
  return <span style={{ whiteSpace: "nowrap" }}>{formatDuration(Math.max(0, ms) / 1000)}</span>;
}

/** The current time, read anew every so often; null: once. */
export function useNow(everyMs: number | null): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (everyMs === null) return;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
