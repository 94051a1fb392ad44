/** A year as weeks and days, with what ran on each. Pure. */
import dayjs from "dayjs";
import utc from "dayjs/plugin/utc";

import type { CalendarDay } from "../query";

dayjs.extend(utc);

export interface Day {
  /** YYYY-MM-DD */
  date: string;
  /** From the year's first week on. */
  week: number;
  /** Monday is 0. */
  weekday: number;
  counts: Record<string, number>;
  total: number;
}

export function yearOf(year: number, found: CalendarDay[]): Day[] {
  const counts = new Map<string, Record<string, number>>();
  for (const { date, state, count } of found) {
    const day = date.slice(0, 10);
    const known = counts.get(day) ?? {};
    known[state] = (known[state] ?? 0) + count;
    counts.set(day, known);
  }
  const days: Day[] = [];
  let day = dayjs.utc(`${year}-01-01`);
  const shift = (day.day() + 6) % 7;
  for (let i = 0; day.year() === year; i++, day = day.add(1, "day")) {
    const date = day.format("YYYY-MM-DD");
    const of = counts.get(date) ?? {};
    days.push({ date, week: Math.floor((i + shift) / 7), weekday: (i + shift) % 7, counts: of, total: Object.values(of).reduce((sum, n) => sum + n, 0) });
  }
  return days;
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
