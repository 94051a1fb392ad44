import { describe, expect, it } from "vitest";

import { safeNext } from "../src/page/Login";

describe("where a login leads", () => {
  it.each(["/dags/a?tab=1", "/"])("to a page of ours: %s", (next) => expect(safeNext(next)).toBe(next));
  it.each([null, "", "https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])("not to %s", (next) =>
    expect(safeNext(next)).toBe("/"),
  );
});
