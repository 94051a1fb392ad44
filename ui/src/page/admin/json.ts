/** JSON as people type it. */

/** Why a text is not JSON, in the browser's words; null if it is, or if there is none. */
export function jsonProblem(text: string): string | null {
  if (!text.trim()) return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Whether a text means to be a JSON object or list, and so deserves to hear when it is none. */
export const seemsJson = (text: string): boolean => /^\s*[[{]/.test(text);

/** The text with line breaks and indents; as it was, if it is not an object or list. */
export function pretty(text: string): string {
  if (!seemsJson(text) || jsonProblem(text)) return text;
  return JSON.stringify(JSON.parse(text), null, 2);
}

export const MASK = "***";

/** Whether a text shows a secret masked, as it is not to be stored. */
export const hasMask = (text: string): boolean => text.trim() === MASK || text.includes(`"${MASK}"`);
