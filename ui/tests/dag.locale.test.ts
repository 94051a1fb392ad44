import { describe, expect, it } from "vitest";

import de from "../src/locale/de/dag.json";
import en from "../src/locale/en/dag.json";

interface Messages {
  [key: string]: string | Messages;
}

const keysOf = (messages: Messages, prefix: string): string[] =>
  Object.entries(messages).flatMap(([key, value]) => (typeof value === "string" ? [`${prefix}${key}`] : keysOf(value, `${prefix}${key}.`)));

const english = keysOf(en, "dag.");
const sources = import.meta.glob<string>("../src/page/dag/**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });

describe("the words of a DAG's pages", () => {
  it("are the same in each language", () => expect(keysOf(de, "dag.")).toEqual(english));
  it("are there", () => {
    const known = new Set(english.map((key) => key.replace(/_(one|other)$/, "")));
    const used = Object.values(sources).flatMap((text) => [...text.matchAll(/"(dag\.\w+(?:\.\w+)*)"/g)].map((match) => match[1]!));
    expect(used.length).toBeGreaterThan(100);
    expect([...new Set(used)].filter((key) => !known.has(key))).toEqual([]);
  });
  it("name the same values in each language", () => {
    const flat = (messages: Messages) => keysOf(messages, "").map((path) => path.split(".").reduce<string | Messages>((at, key) => (at as Messages)[key]!, messages) as string);
    const values = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort();
    expect(flat(de).map(values)).toEqual(flat(en).map(values));
  });
});
