export type Parsed = { ok: true; value: unknown } | { ok: false; error: string };

/** Read JSON that somebody typed. */
export function parsed(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}
