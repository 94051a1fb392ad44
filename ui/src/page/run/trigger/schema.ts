/**
 * A form from a DAG's params, each a JSON Schema with Airflow's conventions: `format`, `enum` with
 * `values_display`, `examples`, `section`, `description_md`, `const`. Pure.
 */

export interface Schema {
  type?: string | string[];
  format?: string;
  title?: string;
  description?: string;
  description_md?: string;
  section?: string;
  enum?: unknown[];
  examples?: unknown[];
  values_display?: Record<string, string>;
  const?: unknown;
  items?: { type?: string | string[]; [key: string]: unknown };
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
}

export interface Param {
  value?: unknown;
  schema?: Schema;
  description?: string | null;
}

export type Kind =
  | "text"
  | "multiline"
  | "number"
  | "boolean"
  | "date"
  | "time"
  | "date-time"
  | "select"
  | "suggest"
  | "multi"
  | "lines"
  | "json"
  | "const";

export interface Choice {
  /** The value as JSON, as choices need not be text. */
  value: string;
  label: string;
}

export interface Field {
  name: string;
  kind: Kind;
  label: string;
  description?: string;
  markdown?: string;
  section: string;
  nullable: boolean;
  required: boolean;
  choices: Choice[];
  schema: Schema;
  initial: unknown;
}

const typesOf = (type: string | string[] | undefined): string[] => (type === undefined ? [] : Array.isArray(type) ? type : [type]);

/** The type that a value without a schema has. */
function typeOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return "number";
  return typeof value;
}

const isTextList = (values: unknown[]): values is string[] => values.every((value) => typeof value === "string");

function kindOf(schema: Schema, types: string[], value: unknown): Kind {
  if ("const" in schema) return "const";
  if (schema.enum) return "select";
  const real = types.filter((type) => type !== "null");
  // Several types at once (`["string", "integer"]`) can only be told apart in JSON, but text is what people mean.
  const type = real.length > 1 && !real.every((each) => each === "integer" || each === "number") ? (real.includes("string") ? "string" : "any") : real[0];
  switch (type ?? typeOf(value)) {
    case "boolean":
      return types.includes("null") ? "select" : "boolean";
    case "integer":
    case "number":
      return "number";
    case "array": {
      if (schema.examples && isTextList(schema.examples)) return "multi";
      const items = typesOf(schema.items?.type);
      if (items.length === 1 && items[0] === "string") return "lines";
      return !items.length && Array.isArray(value) && isTextList(value) ? "lines" : "json";
    }
    case "string":
      if (schema.format === "multiline") return "multiline";
      if (schema.format === "date" || schema.format === "time" || schema.format === "date-time") return schema.format;
      if (schema.examples && isTextList(schema.examples)) return "suggest";
      return typeof value === "string" && value.includes("\n") ? "multiline" : "text";
    case undefined:
      return "text";
    default:
      return "json";
  }
}

function choicesOf(schema: Schema, kind: Kind): Choice[] {
  const label = (value: unknown) => schema.values_display?.[String(value)] ?? (typeof value === "string" ? value : JSON.stringify(value));
  if (kind === "select") return (schema.enum ?? [true, false]).filter((value) => value !== null).map((value) => ({ value: JSON.stringify(value), label: label(value) }));
  if (kind === "multi" || kind === "suggest") return (schema.examples ?? []).map((value) => ({ value: String(value), label: label(value) }));
  return [];
}

export function fieldOf(name: string, { value, schema = {}, description }: Param): Field {
  const types = typesOf(schema.type);
  const kind = kindOf(schema, types, value);
  const nullable = types.includes("null") || !!schema.enum?.includes(null) || (types.length === 0 && !schema.enum);
  return {
    name,
    kind,
    label: schema.title ?? name,
    description: schema.description_md ? undefined : (schema.description ?? description ?? undefined),
    markdown: schema.description_md,
    section: schema.section ?? "",
    nullable,
    required: !nullable && kind !== "boolean",
    choices: choicesOf(schema, kind),
    schema,
    initial: kind === "const" ? schema.const : value,
  };
}

export function fieldsOf(params: Record<string, unknown> | null | undefined): Field[] {
  return Object.entries(params ?? {}).map(([name, param]) =>
    // Params of old versions are bare values.
    fieldOf(name, param !== null && typeof param === "object" && ("value" in param || "schema" in param) ? (param as Param) : { value: param }),
  );
}

/** Fields by section, in their order; those without one come first. */
export function sectionsOf(fields: Field[]): [section: string, fields: Field[]][] {
  const sections = new Map<string, Field[]>([["", []]]);
  for (const field of fields) if (field.kind !== "const") sections.set(field.section, [...(sections.get(field.section) ?? []), field]);
  return [...sections].filter(([, members]) => members.length > 0);
}
