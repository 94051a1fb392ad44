/** One line of the log's NDJSON as what the viewer shows: text, level, logger, place, time. No state, no React. */

export const LEVELS = ["other", "debug", "info", "warning", "error", "critical"] as const;
export type Level = (typeof LEVELS)[number];

export interface LogRecord {
  text: string;
  /** Index into LEVELS; 0: the record names none, as raw output does. */
  level: number;
  logger: string;
  /** `file.py:12`, where the writer told. */
  source: string;
  /** Milliseconds since 1970; NaN: unknown. */
  time: number;
}

interface Frame {
  filename?: string;
  lineno?: number;
  name?: string;
}

interface ErrorDetail {
  exc_type?: string;
  exc_value?: string;
  exc_notes?: string[];
  is_cause?: boolean;
  frames?: Frame[];
  exceptions?: ErrorDetail[][];
}

const LEVEL_OF: Record<string, number> = { debug: 1, info: 2, warning: 3, warn: 3, error: 4, exception: 4, critical: 5, fatal: 5 };
/** Fields that have a place of their own; all others are appended to the text. */
const KNOWN = new Set(["timestamp", "event", "level", "logger", "filename", "lineno", "func_name", "error_detail", "stack_info"]);

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** A traceback as Python prints it: the cause first, the error that ended the task last. */
export function traceback(details: ErrorDetail[], indent = ""): string[] {
  const lines: string[] = [];
  [...details].reverse().forEach((detail, i, all) => {
    if (i > 0)
      lines.push(
        "",
        indent +
          (all[i - 1]?.is_cause
            ? "The above exception was the direct cause of the following exception:"
            : "During handling of the above exception, another exception occurred:"),
        "",
      );
    if (detail.frames?.length) lines.push(`${indent}Traceback (most recent call last):`);
    for (const frame of detail.frames ?? [])
      lines.push(`${indent}  File "${frame.filename ?? "?"}", line ${frame.lineno ?? "?"}, in ${frame.name ?? "?"}`);
    const value = detail.exc_value ? `: ${detail.exc_value}` : "";
    lines.push(...`${detail.exc_type ?? "Error"}${value}`.split("\n").map((line) => indent + line));
    for (const note of detail.exc_notes ?? []) lines.push(indent + note);
    for (const inner of detail.exceptions ?? []) lines.push(...traceback(inner, `${indent}  | `));
  });
  return lines;
}

function extras(record: Record<string, unknown>): string {
  let out = "";
  for (const key in record)
    if (!KNOWN.has(key) && record[key] !== null && record[key] !== undefined)
      out += ` ${key}=${typeof record[key] === "string" ? record[key] : JSON.stringify(record[key])}`;
  return out;
}

/** Read a line; what is no record is raw output. */
export function parseRecord(line: string): LogRecord {
  let record: Record<string, unknown> | null = null;
  try {
    const parsed: unknown = JSON.parse(line);
    if (parsed && typeof parsed === "object" && !Array.isArray(parsed)) record = parsed as Record<string, unknown>;
  } catch {
    // A proxy's words, or a line that was cut: shown as it is.
  }
  if (!record) return { text: line, level: 0, logger: "", source: "", time: NaN };
  let out = text(record.event) + extras(record);
  if (record.stack_info) out += `\n${text(record.stack_info)}`;
  if (Array.isArray(record.error_detail)) out += `\n${traceback(record.error_detail as ErrorDetail[]).join("\n")}`;
  const file = text(record.filename);
  return {
    text: out,
    level: LEVEL_OF[text(record.level).toLowerCase()] ?? 0,
    logger: text(record.logger),
    source: file ? `${file}:${typeof record.lineno === "number" ? record.lineno : "?"}` : "",
    time: typeof record.timestamp === "string" ? Date.parse(record.timestamp) : NaN,
  };
}

// eslint-disable-next-line no-control-regex -- ANSI sequences begin with a control character
const ANSI = /\x1b\[[0-9;?]*[ -/]*[@-~]/g;

/** The text without its colours. */
export const plain = (value: string): string => (value.includes("\x1b") ? value.replace(ANSI, "") : value);
