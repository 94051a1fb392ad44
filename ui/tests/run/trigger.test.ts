import { describe, expect, it } from "vitest";

import "../../src/part/time";
import { ADVANCED, complaintsOf, refusedFields, whenOf } from "../../src/page/run/trigger/advanced";
import { formOf, outcomeOf, refusalOf } from "../../src/page/run/trigger/form";
import { fieldOf, fieldsOf, sectionsOf, type Param } from "../../src/page/run/trigger/schema";
import { toDraft, toValue, type Draft } from "../../src/page/run/trigger/value";

const kind = (param: Param) => fieldOf("p", param).kind;
const result = (param: Param, draft: Draft) => {
  const { value, complaint } = toValue(fieldOf("p", param), draft);
  return complaint ? complaint.key : value;
};

describe("the input of a param", () => {
  it.each<[string, Param]>([
    ["text", { value: "a", schema: { type: "string" } }],
    ["text", { value: null, schema: {} }],
    ["text", { value: 1, schema: { type: ["string", "integer"] } }],
    ["multiline", { value: "a", schema: { type: "string", format: "multiline" } }],
    ["multiline", { value: "a\nb", schema: {} }],
    ["number", { value: 1, schema: { type: "integer" } }],
    ["number", { value: null, schema: { type: ["null", "number"] } }],
    ["number", { value: 1, schema: { type: ["integer", "number"] } }],
    ["number", { value: 1.5 }],
    ["boolean", { value: true, schema: { type: "boolean" } }],
    ["select", { value: null, schema: { type: ["boolean", "null"] } }],
    ["date", { value: "2026-03-01", schema: { type: "string", format: "date" } }],
    ["time", { value: null, schema: { type: ["string", "null"], format: "time" } }],
    ["date-time", { value: null, schema: { type: ["string", "null"], format: "date-time" } }],
    ["select", { value: 1, schema: { type: "integer", enum: [1, 2] } }],
    ["suggest", { value: "a", schema: { type: "string", examples: ["a", "b"] } }],
    ["multi", { value: ["a"], schema: { type: "array", examples: ["a", "b"] } }],
    ["lines", { value: ["a"], schema: { type: "array" } }],
    ["lines", { value: [], schema: { type: "array", items: { type: "string" } } }],
    ["json", { value: [1], schema: { type: "array", items: { type: "number" } } }],
    ["json", { value: {}, schema: { type: "object" } }],
    ["const", { value: 1, schema: { const: 1 } }],
  ])("is %s", (expected, param) => expect(kind(param)).toBe(expected));

  it("has the names of its choices", () => {
    const field = fieldOf("p", { value: 2, schema: { type: "integer", enum: [1, 2, null], values_display: { 1: "One" } } });
    expect(field.choices).toEqual([{ value: "1", label: "One" }, { value: "2", label: "2" }]);
    expect(field.nullable).toBe(true);
  });

  it("is required unless null is allowed", () => {
    expect(fieldOf("p", { schema: { type: "string" } }).required).toBe(true);
    expect(fieldOf("p", { schema: { type: ["string", "null"] } }).required).toBe(false);
    expect(fieldOf("p", { value: 1 }).required).toBe(false);
  });
});

it("groups fields by section in their order, and hides constants", () => {
  const fields = fieldsOf({ a: { value: 1, schema: { section: "S" } }, b: { value: 2, schema: {} }, c: { value: 3, schema: { section: "S" } }, d: { value: 4, schema: { const: 4 } }, e: 5 });
  expect(sectionsOf(fields).map(([name, members]) => [name, members.map((field) => field.name)])).toEqual([["", ["b", "e"]], ["S", ["a", "c"]]]);
});

describe("what is typed", () => {
  it.each<[unknown, Param, Draft]>([
    ["a", { schema: { type: "string" } }, "a"],
    ["required", { schema: { type: "string" } }, ""],
    ["", { value: "", schema: { type: "string" } }, ""],
    [null, { schema: { type: ["string", "null"] } }, ""],
    ["minLength", { schema: { type: "string", minLength: 2 } }, "a"],
    ["maxLength", { schema: { type: "string", maxLength: 2 } }, "abc"],
    ["pattern", { schema: { type: "string", pattern: "^[a-z]+$" } }, "A"],
    ["A", { schema: { type: "string", pattern: "(?P<py>only)" } }, "A"],
    [3, { schema: { type: "integer" } }, "3"],
    ["integer", { schema: { type: "integer" } }, "3.5"],
    ["number", { schema: { type: "number" } }, "x"],
    [null, { schema: { type: ["number", "null"] } }, ""],
    ["minimum", { schema: { type: "number", minimum: 0 } }, "-1"],
    ["maximum", { schema: { type: "number", maximum: 0 } }, "1"],
    ["above", { schema: { type: "number", exclusiveMinimum: 0 } }, "0"],
    ["below", { schema: { type: "number", exclusiveMaximum: 0 } }, "0"],
    ["multipleOf", { schema: { type: "number", multipleOf: 0.1 } }, "0.25"],
    [0.3, { schema: { type: "number", multipleOf: 0.1 } }, "0.3"],
    [true, { schema: { type: "boolean" } }, true],
    [false, { schema: { type: ["boolean", "null"] } }, "false"],
    [2, { schema: { enum: [1, 2] } }, "2"],
    [["a", "b"], { value: ["x"], schema: { type: "array" } }, "a\nb\n"],
    [[], { value: ["x"], schema: { type: "array" } }, ""],
    ["minItems", { value: ["x"], schema: { type: "array", minItems: 1 } }, ""],
    ["unique", { value: ["x"], schema: { type: "array", uniqueItems: true } }, "a\na"],
    [["a"], { schema: { type: "array", examples: ["a", "b"] } }, ["a"]],
    [[1], { schema: { type: "array", items: { type: "number" } } }, "[1]"],
    ["items", { schema: { type: "array", items: { type: "number" } } }, '["1"]'],
    [{ a: 1 }, { schema: { type: "object" } }, '{"a":1}'],
    ["object", { schema: { type: "object" } }, "[1]"],
    ["json", { schema: { type: "object" } }, "{"],
    ["date", { schema: { type: "string", format: "date" } }, "1.3.2026"],
    ["2026-03-01T12:00:00Z", { schema: { type: "string", format: "date-time" } }, "2026-03-01T12:00:00Z"],
    ["fixed", { schema: { const: "fixed" } }, "other"],
  ])("gives %j", (expected, param, draft) => expect(result(param, draft)).toEqual(expected));

  it("comes back as it was", () => {
    for (const [value, schema] of [["a", { type: "string" }], [3, { type: "integer" }], [true, { type: "boolean" }], [["a"], { type: "array" }], [{ a: [1] }, { type: "object" }], [null, { type: ["string", "null"] }], ["b", { enum: ["a", "b"] }]] as const) {
      const field = fieldOf("p", { value, schema: { ...schema } as Param["schema"] });
      expect(toValue(field, toDraft(field, value)).value).toEqual(value);
    }
  });
});

describe("the form", () => {
  const fields = fieldsOf({ n: { value: 1, schema: { type: "integer" } }, must: { value: null, schema: { type: "string" } }, c: { value: 0, schema: { const: 7 } } });
  it("begins with the params' values", () => {
    expect(outcomeOf(fields, formOf(fields))).toEqual({ conf: { n: 1, c: 7 }, complaints: { must: { key: "required" } } });
  });
  it("begins with another run's configuration, and keeps what is no param", () => {
    expect(outcomeOf(fields, formOf(fields, { n: 4, must: "x", more: { a: 1 }, c: 1 })).conf).toEqual({ n: 4, must: "x", c: 7, more: { a: 1 } });
  });
  it("knows which param the server refuses", () => {
    expect(refusalOf("Param 'must' of DAG 'd' is invalid: 'A' does not match '^a$'")).toEqual({ name: "must", message: "'A' does not match '^a$'" });
    expect(refusalOf("Param 'must' of DAG 'd' is required: give it in conf.")?.name).toBe("must");
    expect(refusalOf("The DAG has import errors.")).toBeNull();
  });
});

describe("when a run is for", () => {
  const now = new Date("2026-03-01T12:00:00Z");
  it("is now, unless somebody says another time, in their zone", () => {
    expect(whenOf(ADVANCED, "Europe/Berlin", now)).toMatchObject({ logical_date: "2026-03-01T12:00:00.000Z", dag_run_id: null, data_interval_start: null });
    expect(whenOf({ ...ADVANCED, date: "at", logicalDate: "2026-07-01 12:00:00" }, "Europe/Berlin", now).logical_date).toBe("2026-07-01T10:00:00.000Z");
    expect(whenOf({ ...ADVANCED, date: "none" }, "UTC", now).logical_date).toBeNull();
  });
  it("has an interval with both ends in order", () => {
    const manual = { ...ADVANCED, interval: "manual" as const };
    expect(complaintsOf(manual).interval).toBe("trigger.both");
    expect(complaintsOf({ ...manual, intervalStart: "2026-01-02 00:00:00", intervalEnd: "2026-01-01 00:00:00" }).interval).toBe("trigger.order");
    expect(complaintsOf({ ...manual, intervalStart: "2026-01-01 00:00:00", intervalEnd: "2026-01-02 00:00:00" })).toEqual({});
  });
  it("is refused field by field", () => {
    expect(refusedFields({ detail: [{ loc: ["body", "logical_date"], msg: "bad" }, { loc: ["body", "data_interval_end"], msg: "worse" }] })).toEqual({ logical_date: "bad", interval: "worse" });
    expect(refusedFields({ detail: "no" })).toEqual({});
  });
});
