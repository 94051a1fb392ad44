/** The form's state: drafts of the params, what else is in conf, and the conf that both make. Pure. */
import type { Field } from "./schema";
import { toDraft, toValue, type Complaint, type Draft } from "./value";

export interface FormState {
  drafts: Record<string, Draft>;
  /** Keys of conf that are no params. */
  extra: Record<string, unknown>;
}

export interface Outcome {
  conf: Record<string, unknown>;
  complaints: Record<string, Complaint>;
}

/** Begin with the params' values, or with those of a conf where it names them. */
export function formOf(fields: Field[], conf: Record<string, unknown> = {}): FormState {
  const names = new Set(fields.map((field) => field.name));
  return {
    drafts: Object.fromEntries(fields.map((field) => [field.name, toDraft(field, field.name in conf && field.kind !== "const" ? conf[field.name] : field.initial)])),
    extra: Object.fromEntries(Object.entries(conf).filter(([name]) => !names.has(name))),
  };
}

export function outcomeOf(fields: Field[], { drafts, extra }: FormState): Outcome {
  const conf: Record<string, unknown> = {};
  const complaints: Record<string, Complaint> = {};
  for (const field of fields) {
    const result = toValue(field, drafts[field.name] ?? null);
    if (result.complaint) complaints[field.name] = result.complaint;
    else conf[field.name] = result.value;
  }
  return { conf: { ...conf, ...extra }, complaints };
}

const PARAM = /^Param (?:'([^']*)'|"([^"]*)") of DAG (?:'[^']*'|"[^"]*") is (?:invalid: ([^]*)|required\b[^]*)$/;

/** Which param the server's refusal is about, and what it says; null: none in particular. */
export function refusalOf(message: string): { name: string; message: string } | null {
  const found = PARAM.exec(message);
  if (!found) return null;
  return { name: found[1] ?? found[2] ?? "", message: found[3] ?? message };
}
