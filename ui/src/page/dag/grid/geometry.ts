/** Sizes of the grid in pixels, and what follows from them. Columns go from the oldest run to the newest. */
export const COLUMN = 18;
export const ROW = 24;
export const HEAD = 88;
/** Height of the longest run's bar. */
export const BAR = 56;
const NAME = 168;
/** With few runs they stand beside the names, not at the far end. */
const WIDEST_NAME = 320;

/** How wide the names are: what the runs leave, but never less than one can read nor more than one needs. */
export function nameWidth(width: number, runs: number): number {
  return Math.max(Math.min(NAME, width * 0.5), Math.min(WIDEST_NAME, width - runs * COLUMN - 8));
}

/** Runs come newest first, columns the other way round. */
export const runOfColumn = (column: number, runs: number): number => runs - 1 - column;

/** A bar's height: in proportion to the longest, but to be seen. */
export function barHeight(seconds: number, longest: number): number {
  return longest > 0 ? Math.max(4, Math.round((BAR * seconds) / longest)) : 4;
}

export interface Place {
  /** -1: the row of runs. */
  row: number;
  /** -1: the column of names. */
  column: number;
}

/** Where an arrow, Home, End or a page leads from a place; null if the key is none of these. */
export function moved(from: Place, key: string, rows: number, columns: number): Place | null {
  const { row, column } = from;
  const clamp = (n: number, size: number) => Math.max(-1, Math.min(size - 1, n));
  switch (key) {
    case "ArrowUp":
      return { row: clamp(row - 1, rows), column };
    case "ArrowDown":
      return { row: clamp(row + 1, rows), column };
    case "ArrowLeft":
      return { row, column: clamp(column - 1, columns) };
    case "ArrowRight":
      return { row, column: clamp(column + 1, columns) };
    case "Home":
      return { row, column: -1 };
    case "End":
      return { row, column: columns - 1 };
    case "PageUp":
      return { row: clamp(row - 12, rows), column };
    case "PageDown":
      return { row: clamp(row + 12, rows), column };
    default:
      return null;
  }
}
