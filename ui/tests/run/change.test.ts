import { describe, expect, it } from "vitest";

import { byState, merged } from "../../src/page/run/change";
import { codeLink, taskLink } from "../../src/page/run/link";
import { inZone } from "../../src/page/run/words";
import { languageOf } from "../../src/page/task/language";
import type { TaskInstance } from "../../src/query";

const row = (task_id: string, dag_run_id = "r1", map_index = -1, state: TaskInstance["state"] = "failed") => ({ task_id, task_display_name: task_id, dag_run_id, map_index, state });

describe("dry runs put together", () => {
  it("name each instance once, by run, in order", () => {
    const lists = [[row("a"), row("b", "r2")], [row("b"), row("a"), row("c", "r1", 0), row("c", "r1", 1)]];
    expect(merged(lists).map((each) => `${each.dag_run_id} ${each.task_id} ${each.map_index}`)).toEqual(["r1 a -1", "r1 b -1", "r1 c 0", "r1 c 1", "r2 b -1"]);
  });
  it("count states, the most frequent first", () => {
    expect(byState([row("a", "r", -1, null), row("b"), row("c")])).toEqual([["failed", 2], [null, 1]]);
  });
});

it("writes addresses of whatever ids", () => {
  expect(taskLink("a b", "manual__2026-01-01T00:00:00+00:00", "g.t", 3, "xcom")).toBe("/dags/a%20b/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00/tasks/g.t/xcom?map_index=3");
  expect(codeLink("d", 2)).toBe("/dags/d/code?version=2");
});

it("tells points in time in the reader's zone", () => {
  expect(inZone("It runs since 2026-03-01 12:00:00.123456+00:00 on host.", "Europe/Berlin")).toBe("It runs since 2026-03-01 13:00:00 on host.");
});

it.each([
  ["sql", "SELECT 1", "sql"],
  ["bash_command", "select * from t", "sql"],
  ["bash_command", "echo hi", "text"],
  ["anything", '{"a": 1}', "json"],
  ["op_kwargs", "{broken", "text"],
  ["python_callable", "def f(): ...", "python"],
])("shows %s (%s) as %s", (name, text, language) => expect(languageOf(name, text)).toBe(language));
