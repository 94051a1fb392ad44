import { describe, expect, it } from "vitest";

import "../../src/part/time";
import { marked, spansOf } from "../../src/page/task/log/ansi";
import { clockOf } from "../../src/page/task/log/clock";
import { parseRecord, plain } from "../../src/page/task/log/record";

const frame = (name: string, lineno: number) => ({ filename: "dag.py", lineno, name });

describe("a line of a log", () => {
  it("is a record with level, logger, place and time", () => {
    const line = JSON.stringify({ timestamp: "2026-03-01T12:00:00.5Z", level: "warning", event: "hello", logger: "shop", filename: "dag.py", lineno: 12 });
    expect(parseRecord(line)).toEqual({ text: "hello", level: 3, logger: "shop", source: "dag.py:12", time: Date.UTC(2026, 2, 1, 12, 0, 0, 500) });
  });

  it("shows fields that have no place of their own", () => {
    expect(parseRecord('{"event":"sold","n":3,"to":"you","none":null}').text).toBe("sold n=3 to=you");
  });

  it.each(["raw output", "[1]", "null", '{"event":'])("is raw where it is no record: %s", (line) => {
    expect(parseRecord(line)).toMatchObject({ text: line, level: 0 });
  });

  it("tells the cause of an error before the error", () => {
    const details = [
      { exc_type: "RuntimeError", exc_value: "empty", is_cause: false, frames: [frame("outer", 5)] },
      { exc_type: "ZeroDivisionError", exc_value: "division by zero", is_cause: true, frames: [frame("inner", 2)] },
    ];
    expect(parseRecord(JSON.stringify({ event: "It failed", level: "error", error_detail: details })).text.split("\n")).toEqual([
      "It failed",
      "Traceback (most recent call last):",
      '  File "dag.py", line 2, in inner',
      "ZeroDivisionError: division by zero",
      "",
      "The above exception was the direct cause of the following exception:",
      "",
      "Traceback (most recent call last):",
      '  File "dag.py", line 5, in outer',
      "RuntimeError: empty",
    ]);
  });
});

describe("colours", () => {
  it("become names, decorations and colours without a name", () => {
    const spans = spansOf("\x1b[1;31mred\x1b[0m plain \x1b[38;5;208morange\x1b[0m");
    expect(spans.map((span) => span.text)).toEqual(["red", " plain ", "orange"]);
    expect(spans[0]?.classes).toEqual(["fg-red", "bold"]);
    expect(spans[2]?.color).toMatch(/^rgb/);
  });

  it("are no part of the text", () => expect(plain("\x1b[33mOnly\x1b[0m 3\x1b[K")).toBe("Only 3"));
});

describe("addresses", () => {
  it("become links, without the full stop behind them", () => {
    expect(spansOf("see https://example.org/a?b=1.").map(({ text, href }) => [text, href])).toEqual([
      ["see ", undefined],
      ["https://example.org/a?b=1", "https://example.org/a?b=1"],
      [".", undefined],
    ]);
  });

  it.each(["javascript:alert(1)", "data:text/html,x"])("of other kinds do not: %s", (text) => expect(spansOf(text)[0]?.href).toBeUndefined());
});

it("marks what is searched for across colours", () => {
  const spans = marked(spansOf("ab\x1b[31mcd\x1b[0mef ABCD"), /bcd/i);
  expect(spans.filter((span) => span.hit).map((span) => span.text)).toEqual(["b", "cd", "BCD"]);
  expect(spans.map((span) => span.text).join("")).toBe("abcdef ABCD");
});

it("tells the time of day in a zone, across a change to summer time", () => {
  const clock = clockOf("Europe/Berlin");
  expect([clock(Date.UTC(2026, 2, 29, 0, 59, 59, 5)), clock(Date.UTC(2026, 2, 29, 1, 0, 0))]).toEqual(["01:59:59.005", "03:00:00.000"]);
});
