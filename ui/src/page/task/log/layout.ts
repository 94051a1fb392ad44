/**
 * Where each row of the log is: heights in lines, and their sums. Text is monospaced and breaks anywhere,
 * so a row's height follows from its length, and nothing has to be measured in the browser.
 */
import { plain } from "./record";

/** Browsers stop at 17 (Firefox) to 33 (Chromium) million pixels; taller logs are scrolled by ratio. */
export const MAX_HEIGHT = 15_000_000;

export class Layout {
  /** Lines above each row, one more than rows; null: each row is one line. */
  private readonly above: Float64Array | null;

  constructor(
    readonly rows: Int32Array,
    readonly lineHeight: number,
    texts: readonly string[],
    /** Characters in a line; null: lines do not wrap. */
    columns: ((row: number) => number) | null,
  ) {
    if (!columns) {
      this.above = null;
      return;
    }
    this.above = new Float64Array(rows.length + 1);
    let sum = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      sum += linesOf(texts[row]!, Math.max(1, columns(row)));
      this.above[i + 1] = sum;
    }
  }

  get count(): number {
    return this.rows.length;
  }

  get height(): number {
    return this.top(this.rows.length);
  }

  /** Pixels above the i-th row. */
  top(i: number): number {
    return (this.above ? this.above[i]! : i) * this.lineHeight;
  }

  /** The row that covers a pixel. */
  at(pixel: number): number {
    const line = pixel / this.lineHeight;
    if (!this.above) return Math.max(0, Math.min(this.rows.length - 1, Math.floor(line)));
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (this.above[mid]! <= line) low = mid;
      else high = mid - 1;
    }
    return Math.max(0, Math.min(this.rows.length - 1, low));
  }

  /** Where in `rows` a row of the log is, or where it would be. */
  indexOf(row: number): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.rows[mid]! < row) low = mid + 1;
      else high = mid;
    }
    return low;
  }
}

export function linesOf(text: string, columns: number): number {
  if (text.length <= columns) return 1;
  return Math.max(1, Math.ceil(plain(text).length / columns));
}

/** How many real pixels one pixel of the scroll bar stands for. */
export const scaleOf = (height: number, viewport: number): number =>
  height <= MAX_HEIGHT ? 1 : (height - viewport) / (MAX_HEIGHT - viewport);
