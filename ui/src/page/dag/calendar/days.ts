/** A year as weeks and days, or a month as days and hours, with what ran in each. All in UTC. Pure. */
import dayjs from "dayjs";
import utc from "dayjs/plugin/utc";

import type { CalendarDay } from "../query";

dayjs.extend(utc);

export type Mode = "total" | "failed";

export interface Counted {
  counts: Record<string, number>;
  total: number;
}

export interface Day extends Counted {
  /** YYYY-MM-DD */
  date: string;
  /** From the year's first week on. */
  week: number;
  /** Monday is 0. */
  weekday: number;
}

export interface Hour extends Counted {
  /** YYYY-MM-DDTHH */
  at: string;
  /** From 1 on. */
  day: number;
  hour: number;
}

/** How many runs were begun, or failed. */
export const ranIn = ({ counts, total }: Counted, mode: Mode): number => (mode === "failed" ? (counts.failed ?? 0) : total - (counts.planned ?? 0));

/** The counts by the first `length` characters of their dates. */
function counter(found: CalendarDay[], length: number): (at: string) => Counted {
  const all = new Map<string, Record<string, number>>();
  for (const { date, state, count } of found) {
    const at = date.slice(0, length);
    const known = all.get(at) ?? {};
    known[state] = (known[state] ?? 0) + count;
    all.set(at, known);
  }
  return (at) => {
    const counts = all.get(at) ?? {};
    return { counts, total: Object.values(counts).reduce((sum, n) => sum + n, 0) };
  };
}

export function yearOf(year: number, found: CalendarDay[]): Day[] {
  const of = counter(found, 10);
  const days: Day[] = [];
  let day = dayjs.utc(`${year}-01-01`);
  const shift = (day.day() + 6) % 7;
  for (let i = 0; day.year() === year; i++, day = day.add(1, "day")) {
    const date = day.format("YYYY-MM-DD");
    days.push({ date, week: Math.floor((i + shift) / 7), weekday: (i + shift) % 7, ...of(date) });
  }
  return days;
}

/** `month`: YYYY-MM. */
export function monthOf(month: string, found: CalendarDay[]): Hour[] {
  const of = counter(found, 13);
  const two = (n: number) => String(n).padStart(2, "0");
  return Array.from({ length: dayjs.utc(`${month}-01`).daysInMonth() * 24 }, (_, i) => {
    const [day, hour] = [Math.floor(i / 24) + 1, i % 24];
    const at = `${month}-${two(day)}T${two(hour)}`;
    return { at, day, hour, ...of(at) };
  });
}

/** The first week of each month. */
export function monthsOf(year: number): { month: number; week: number }[] {
  const shift = (dayjs.utc(`${year}-01-01`).day() + 6) % 7;
  return Array.from({ length: 12 }, (_, month) => {
    const first = dayjs.utc(`${year}-01-01`);
    const i = first.month(month).diff(first, "day");
    return { month, week: Math.floor((i + shift) / 7) };
  });
}
