/** Finding text in a log of any size without holding up the page: a slice at a time. */
import { plain } from "./record";
import type { LogStore } from "./store";

const SLICE_MS = 12;
/** More than that nobody steps through, and each costs memory. */
export const MAX_MATCHES = 200_000;

export const patternOf = (wanted: string): RegExp => new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i");

/** Add the rows from `from` on that contain what is wanted; return the row to go on at. */
export function findSlice(store: LogStore, pattern: RegExp, from: number, found: number[], now = () => performance.now()): number {
  const until = now() + SLICE_MS;
  let row = from;
  for (; row < store.length && found.length < MAX_MATCHES; row++) {
    if ((row & 1023) === 1023 && now() > until) break;
    if (pattern.test(plain(store.texts[row]!))) found.push(row);
  }
  return found.length >= MAX_MATCHES ? store.length : row;
}

/** The index of the first match at or after a row; the first one of all where there is none. */
export function matchFrom(found: readonly number[], row: number): number {
  let low = 0;
  let high = found.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (found[mid]! < row) low = mid + 1;
    else high = mid;
  }
  return low === found.length ? 0 : low;
}
