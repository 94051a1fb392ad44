import { formatTime } from "../../part/time";

const INSTANT = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)/g;

/** The engine's sentences name points in time in UTC; people read them in their own zone. */
export const inZone = (text: string, zone: string): string => text.replace(INSTANT, (instant) => formatTime(instant.replace(" ", "T"), zone));
