/** Variables in files: one JSON object, keys to values, as Airflow's command line and UI write and read them. */
import type { components } from "../../api/schema";
import { hasMask } from "./json";

type Body = components["schemas"]["VariableBody"];
type Shown = components["schemas"]["VariableResponse"];

export class NotAFile extends Error {}

/** The variables in a file's text. A value may come with its description: `{"value": …, "description": …}`. */
export function parseFile(text: string): Body[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new NotAFile((error as Error).message);
  }
  if (content === null || typeof content !== "object" || Array.isArray(content)) throw new NotAFile("{}");
  return Object.entries(content).map(([key, given]) => {
    const described = given as { value?: unknown; description?: unknown } | null;
    const isDescribed =
      described !== null &&
      typeof described === "object" &&
      "value" in described &&
      Object.keys(described).every((name) => name === "value" || name === "description");
    const value: unknown = isDescribed ? described.value : given;
    const description = isDescribed && typeof described.description === "string" ? described.description : null;
    return { key, value: typeof value === "string" ? value : JSON.stringify(value), description };
  });
}

/** The text of a file of these variables, and the names of those whose secrets the server does not tell. */
export function fileOf(variables: Shown[]): { text: string; hidden: string[] } {
  const hidden = variables.filter(({ value }) => value !== null && hasMask(value)).map(({ key }) => key);
  const content = variables
    .filter(({ key }) => !hidden.includes(key))
    .map(({ key, value, description }) => [key, description ? { value, description } : value]);
  return { text: `${JSON.stringify(Object.fromEntries(content), null, 2)}\n`, hidden };
}
