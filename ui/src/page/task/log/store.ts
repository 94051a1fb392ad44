/**
 * A log in memory, built for 100 MB and a million lines: texts in one list, all else in typed arrays.
 * Groups (`::group::NAME` … `::endgroup::`) are found as lines come. Pure: it neither fetches nor shows.
 */
import { parseRecord, plain, type LogRecord } from "./record";

const GROUP = /^(?:::group::|##\[group\])(.*)$/;
const END = /^(?:::endgroup::|##\[endgroup\])/;

type Typed = Uint8Array | Uint16Array | Int32Array | Float64Array;

function grown<T extends Typed>(array: T, length: number): T {
  if (length <= array.length) return array;
  const next = new (array.constructor as new (n: number) => T)(Math.max(length, array.length * 2));
  next.set(array);
  return next;
}

export interface View {
  /** Levels (indexes into LEVELS) that are shown; null: all. */
  levels: ReadonlySet<number> | null;
  /** Loggers that are shown; null: all. */
  loggers: ReadonlySet<string> | null;
  allOpen: boolean;
  /** Group headers that are the other way round than `allOpen` says. */
  toggled: ReadonlySet<number>;
}

export class LogStore {
  readonly texts: string[] = [];
  /** Names of loggers and places; the typed arrays hold indexes into them. */
  readonly names: string[] = [""];
  private readonly nameIndex = new Map<string, number>([["", 0]]);
  private times = new Float64Array(1024);
  private levels = new Uint8Array(1024);
  private loggers = new Uint16Array(1024);
  private sources = new Uint16Array(1024);
  /** The row of the group that a row is in; -1: none. */
  private parents = new Int32Array(1024);
  /** 1: begins a group; 2: goes on with the record of the row before. */
  private kinds = new Uint8Array(1024);
  private open: number[] = [];
  private rest = "";
  length = 0;
  bytes = 0;
  groups = 0;
  readonly seenLoggers = new Set<string>();
  readonly seenLevels = new Set<number>();

  /** Take a piece of NDJSON; a line may go on in the next piece. */
  feed(piece: string): void {
    this.bytes += piece.length;
    const lines = (this.rest + piece).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) if (line) this.add(parseRecord(line));
  }

  /** The stream has ended: what is left is a line. */
  flush(): void {
    if (this.rest) this.add(parseRecord(this.rest));
    this.rest = "";
  }

  private name(value: string): number {
    let index = this.nameIndex.get(value);
    if (index === undefined) {
      if (this.names.length >= 0xffff) return 0;
      index = this.names.push(value) - 1;
      this.nameIndex.set(value, index);
    }
    return index;
  }

  private add(record: LogRecord): void {
    if (END.test(record.text)) {
      this.open.pop();
      return;
    }
    const group = GROUP.exec(record.text);
    const logger = this.name(record.logger);
    const source = this.name(record.source);
    if (record.logger) this.seenLoggers.add(record.logger);
    const lines = group ? [group[1]?.trim() || "…"] : record.text.includes("\n") ? record.text.split(/\r?\n/) : [record.text];
    for (let i = 0; i < lines.length; i++) {
      const row = this.length;
      if (row >= this.levels.length) this.grow(row + 1);
      this.texts.push(lines[i]!);
      this.times[row] = record.time;
      this.levels[row] = record.level;
      this.loggers[row] = logger;
      this.sources[row] = source;
      this.parents[row] = this.open.length ? this.open[this.open.length - 1]! : -1;
      this.kinds[row] = group ? 1 : i > 0 ? 2 : 0;
      this.length++;
    }
    if (group) {
      this.groups++;
      this.open.push(this.length - 1);
    } else this.seenLevels.add(record.level);
  }

  private grow(length: number): void {
    this.times = grown(this.times, length);
    this.levels = grown(this.levels, length);
    this.loggers = grown(this.loggers, length);
    this.sources = grown(this.sources, length);
    this.parents = grown(this.parents, length);
    this.kinds = grown(this.kinds, length);
  }

  time = (row: number): number => this.times[row]!;
  level = (row: number): number => this.levels[row]!;
  logger = (row: number): string => this.names[this.loggers[row]!]!;
  source = (row: number): string => this.names[this.sources[row]!]!;
  isGroup = (row: number): boolean => this.kinds[row] === 1;
  isMore = (row: number): boolean => this.kinds[row] === 2;

  depth(row: number): number {
    let depth = 0;
    for (let at = this.parents[row]!; at >= 0; at = this.parents[at]!) depth++;
    return depth;
  }

  /** The groups around a row, the nearest first. */
  around(row: number): number[] {
    const found: number[] = [];
    for (let at = this.parents[row] ?? -1; at >= 0; at = this.parents[at]!) found.push(at);
    return found;
  }

  /** The rows that a view shows, in order. With a filter groups do not fold: each line that fits counts. */
  visible({ levels, loggers, allOpen, toggled }: View): Int32Array {
    const out = new Int32Array(this.length);
    let n = 0;
    if (levels || loggers) {
      const named = new Uint8Array(this.names.length);
      this.names.forEach((name, i) => (named[i] = !loggers || loggers.has(name) ? 1 : 0));
      for (let row = 0; row < this.length; row++)
        if (this.kinds[row] !== 1 && (!levels || levels.has(this.levels[row]!)) && named[this.loggers[row]!]) out[n++] = row;
      return out.subarray(0, n);
    }
    const hidden = new Uint8Array(this.groups ? this.length : 0);
    for (let row = 0; row < this.length; row++) {
      const parent = this.parents[row]!;
      if (parent >= 0 && (hidden[parent] || allOpen === toggled.has(parent))) hidden[row] = 1;
      else out[n++] = row;
    }
    return out.subarray(0, n);
  }

  /** The log as text, in pieces for a download. */
  *download(): Generator<string> {
    for (let row = 0; row < this.length; row += 5000) {
      let piece = "";
      for (let i = row; i < Math.min(row + 5000, this.length); i++) {
        const time = this.kinds[i] === 2 || Number.isNaN(this.times[i]!) ? "" : `[${new Date(this.times[i]!).toISOString()}] `;
        const level = this.kinds[i] === 2 || !this.levels[i] ? "" : `${LEVEL_WORDS[this.levels[i]!]} - `;
        piece += `${time}${level}${plain(this.texts[i]!)}\n`;
      }
      yield piece;
    }
  }
}

const LEVEL_WORDS = ["", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
