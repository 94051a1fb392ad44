import { describe, expect, it } from "vitest";

import { outcomeOf } from "../src/page/admin/bulk";
import { matching } from "../src/page/admin/options";
import { bodyOf, changedOf, draftOf } from "../src/page/admin/connection";
import { hasMask, jsonProblem, pretty } from "../src/page/admin/json";
import { byResource } from "../src/page/admin/role";
import { fileOf, NotAFile, parseFile } from "../src/page/admin/variable";

const SHOWN = {
  connection_id: "db", conn_type: "postgres", description: null, host: "h", login: "l", schema: null,
  port: 5432, password: "***", extra: '{"sslmode": "require", "token": "***"}', team_name: null,
};

describe("a connection's form", () => {
  it("sends secrets back as they were shown, though it shows them otherwise", () => {
    const draft = draftOf(SHOWN);
    expect(draft.extra).toContain("\n");
    expect(bodyOf({ ...draft, host: "other" }, SHOWN)).toMatchObject({ host: "other", password: "***", extra: SHOWN.extra });
  });
  it("names what changed only", () => expect(changedOf({ ...draftOf(SHOWN), port: "", password: "new" }, SHOWN)).toEqual(["password", "port"]));
  it("sends an emptied field as none", () => expect(bodyOf({ ...draftOf(SHOWN), password: "", port: "" }, SHOWN)).toMatchObject({ password: null, port: null }));
});

describe("a file of variables", () => {
  it("holds texts, JSON and descriptions", () =>
    expect(parseFile('{"a": "x", "b": {"c": 1}, "d": {"value": [1], "description": "of d"}, "e": {"value": 1, "more": 2}}')).toEqual([
      { key: "a", value: "x", description: null },
      { key: "b", value: '{"c":1}', description: null },
      { key: "d", value: "[1]", description: "of d" },
      { key: "e", value: '{"value":1,"more":2}', description: null },
    ]));
  it.each(["", "[]", "null", "1", "{"])("is an object, not %j", (text) => expect(() => parseFile(text)).toThrow(NotAFile));
  it("is read as it was written, without what is masked", () => {
    const base = { is_encrypted: true, team_name: null };
    const { text, hidden } = fileOf([
      { key: "a", value: "x", description: null, ...base },
      { key: "b", value: "[1]", description: "of b", ...base },
      { key: "password", value: "***", description: null, ...base },
      { key: "c", value: '{"token": "***"}', description: null, ...base },
    ]);
    expect(hidden).toEqual(["password", "c"]);
    expect(parseFile(text)).toEqual([
      { key: "a", value: "x", description: null },
      { key: "b", value: "[1]", description: "of b" },
    ]);
  });
});

describe("JSON as typed", () => {
  it("may be missing", () => expect(jsonProblem("  ")).toBeNull());
  it("is told what is wrong", () => expect(jsonProblem("{a}")).not.toBeNull());
  it("is broken into lines if it is an object", () => {
    expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(pretty("{a}")).toBe("{a}");
    expect(pretty("007")).toBe("007");
  });
  it("holds a mask where a value is one", () => {
    expect(hasMask('{"token": "***"}')).toBe(true);
    expect(hasMask("a *** b")).toBe(false);
  });
});

describe("the options found", () => {
  const sections = [{ name: "core", options: [{ key: "executor", value: "Local" }, { key: "x", value: "1" }] }, { name: "api", options: [{ key: "port", value: "8080" }] }];
  it("are those whose names or values hold the text", () => expect(matching(sections, "LOCAL")).toEqual([{ name: "core", options: [sections[0]!.options[0]] }]));
  it("are all of a section that is named so", () => expect(matching(sections, "core")).toEqual([sections[0]]));
});

it("a bulk change tells what failed, though the answer is 200", () =>
  expect(outcomeOf({ create: { success: ["a"], errors: [] }, update: null, delete: { success: [], errors: [{ error: "gone", status_code: 404 }] } })).toEqual({ done: ["a"], problems: ["gone"] }));

it("a role's permissions are listed by resource", () =>
  expect(byResource({ name: "r", actions: [["can_read", "Pools"], ["can_edit", "DAGs"], ["can_edit", "Pools"]].map(([a, r]) => ({ action: { name: a! }, resource: { name: r! } })) })).toEqual([
    ["DAGs", ["can_edit"]],
    ["Pools", ["can_edit", "can_read"]],
  ]));
