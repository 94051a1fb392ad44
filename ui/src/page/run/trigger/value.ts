/** What somebody typed into a field, as the value that the DAG gets, or what is wrong with it. Pure. */
import { parsed } from "../parsed";
import type { Field, Schema } from "./schema";

/** What an input holds: text, a switch, several choices; null: no value. */
export type Draft = string | boolean | string[] | null;

/** A message's key below `run.form`, and what it names. */
export interface Complaint {
  key: string;
  values?: Record<string, unknown>;
}

export type Result = { value: unknown; complaint?: undefined } | { value?: undefined; complaint: Complaint };

const complain = (key: string, values?: Record<string, unknown>): Result => ({ complaint: { key, values } });

export function toDraft(field: Field, value: unknown): Draft {
  if (value === undefined || value === null) return field.kind === "boolean" ? false : field.kind === "multi" ? [] : field.nullable && field.kind !== "json" ? null : "";
  switch (field.kind) {
    case "boolean":
      return value === true;
    case "select":
      return JSON.stringify(value);
    case "multi":
      return Array.isArray(value) ? value.map(String) : [];
    case "lines":
      return Array.isArray(value) ? value.map(String).join("\n") : "";
    case "json":
      return JSON.stringify(value, null, 2);
    default:
      return typeof value === "string" ? value : JSON.stringify(value);
  }
}

const isEmpty = (draft: Draft): boolean => draft === null || draft === "" || (Array.isArray(draft) && draft.length === 0);

export function toValue(field: Field, draft: Draft): Result {
  const { kind, schema } = field;
  if (kind === "const") return { value: schema.const };
  if (kind === "boolean") return { value: draft === true };
  if (isEmpty(draft)) {
    if (kind === "multi" || kind === "lines") return field.nullable && draft === null ? { value: null } : checkedList([], schema);
    if (field.nullable) return { value: null };
    // An empty text that the DAG's author wrote is a value.
    return draft === "" && field.initial === "" ? checked("", schema) : complain("required");
  }
  if (Array.isArray(draft)) return checkedList(draft, schema);
  const text = String(draft);
  switch (kind) {
    case "select": {
      const choice = parsed(text);
      return choice.ok ? { value: choice.value } : complain("enum");
    }
    case "number":
      return number(text, schema);
    case "lines":
      return checkedList(text.split("\n").filter((line) => line !== ""), schema);
    case "json":
      return json(text, schema);
    default:
      return checked(text, schema);
  }
}

function number(text: string, schema: Schema): Result {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return complain("number");
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  if (types.includes("integer") && !types.includes("number") && !Number.isInteger(value)) return complain("integer");
  if (schema.minimum !== undefined && value < schema.minimum) return complain("minimum", { n: schema.minimum });
  if (schema.maximum !== undefined && value > schema.maximum) return complain("maximum", { n: schema.maximum });
  if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum) return complain("above", { n: schema.exclusiveMinimum });
  if (schema.exclusiveMaximum !== undefined && value >= schema.exclusiveMaximum) return complain("below", { n: schema.exclusiveMaximum });
  if (schema.multipleOf && Math.abs(value / schema.multipleOf - Math.round(value / schema.multipleOf)) > 1e-9) return complain("multipleOf", { n: schema.multipleOf });
  return { value };
}

const FORMATS: Record<string, [RegExp, string]> = {
  date: [/^\d{4}-\d\d-\d\d$/, "date"],
  time: [/^\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/, "time"],
  "date-time": [/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/, "dateTime"],
};

/** Python's patterns are not quite ours: one that we cannot read is left to the server. */
function mismatches(pattern: string, value: string): boolean {
  try {
    return !new RegExp(pattern, "u").test(value);
  } catch {
    return false;
  }
}

function checked(value: string, schema: Schema): Result {
  const length = [...value].length;
  if (schema.minLength !== undefined && length < schema.minLength) return complain("minLength", { count: schema.minLength });
  if (schema.maxLength !== undefined && length > schema.maxLength) return complain("maxLength", { count: schema.maxLength });
  if (schema.pattern !== undefined && mismatches(schema.pattern, value)) return complain("pattern", { pattern: schema.pattern });
  const format = schema.format ? FORMATS[schema.format] : undefined;
  if (format && !format[0].test(value)) return complain(format[1]);
  return { value };
}

function hasType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "null") return value === null;
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function checkedList(value: unknown[], schema: Schema): Result {
  if (schema.minItems !== undefined && value.length < schema.minItems) return complain("minItems", { count: schema.minItems });
  if (schema.maxItems !== undefined && value.length > schema.maxItems) return complain("maxItems", { count: schema.maxItems });
  if (schema.uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size < value.length) return complain("unique");
  const types = schema.items?.type;
  if (types !== undefined && !value.every((item) => [types].flat().some((type) => hasType(item, type)))) return complain("items", { type: [types].flat().join(", ") });
  return { value };
}

function json(text: string, schema: Schema): Result {
  const read = parsed(text);
  if (!read.ok) return complain("json", { why: read.error });
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (Array.isArray(read.value) && types.includes("array")) return checkedList(read.value, schema);
  if (types.length && !types.some((type) => hasType(read.value, type))) {
    if (types.includes("object")) return complain("object");
    if (types.includes("array")) return complain("array");
    return complain("items", { type: types.join(", ") });
  }
  return { value: read.value };
}
