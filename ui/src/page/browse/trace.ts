/** What a Python traceback says first: the error, and the last line of the DAG file on the way to it. */
export interface Trace {
  message: string;
  line: number | null;
  source: string | null;
}

const FRAME = /^\s*File "([^"]+)", line (\d+)/;

export function parseTrace(text: string, filename: string): Trace {
  const lines = text.trimEnd().split("\n");
  let found: { line: number; source: string | null } | null = null;
  let path: string | undefined; // the DAG file is met first; others further down may have its name, too
  lines.forEach((each, i) => {
    const frame = FRAME.exec(each);
    if (!frame?.[1]?.endsWith(filename) || frame[1] !== (path ??= frame[1])) return;
    const next = lines[i + 1];
    const source = next && !FRAME.test(next) && /^\s/.test(next) ? next.trim() : null;
    found = { line: Number(frame[2]), source };
  });
  const { line, source } = found ?? { line: null, source: null };
  return { message: lines.findLast((each) => each.trim() && !/^\s/.test(each)) ?? text, line, source };
}
