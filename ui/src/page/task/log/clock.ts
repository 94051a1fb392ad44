/** Times of day for many lines: a zone's offset is looked up once a quarter of an hour, as that is slow. */
import dayjs from "dayjs";

const QUARTER_MS = 15 * 60_000;
const two = (n: number): string => String(n).padStart(2, "0");

/** Return a function that says `12:00:05.123` of a point in time. */
export function clockOf(zone: string): (ms: number) => string {
  const offsets = new Map<number, number>();
  return (ms) => {
    const quarter = Math.floor(ms / QUARTER_MS);
    let offset = offsets.get(quarter);
    if (offset === undefined) {
      offset = dayjs(ms).tz(zone).utcOffset() * 60_000;
      offsets.set(quarter, offset);
    }
    const local = new Date(ms + offset);
    return `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}.${String(local.getUTCMilliseconds()).padStart(3, "0")}`;
  };
}
