/** Times of day for many lines. */
import { offsetMs } from "../../../part/time";

const two = (n: number): string => String(n).padStart(2, "0");

/** Return a function that says `12:00:05.123` of a point in time. */
export function clockOf(zone: string): (ms: number) => string {
  return (ms) => {
    const local = new Date(ms + offsetMs(ms, zone));
    return `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}.${String(local.getUTCMilliseconds()).padStart(3, "0")}`;
  };
}
