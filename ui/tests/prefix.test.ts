import { describe, expect, it } from "vitest";

import { belowPrefix } from "../src/api/client";

const at = (pathname: string, search = "", hash = "") => ({ pathname, search, hash });

describe("a page beside the server's prefix", () => {
  it("is looked for below it", () => expect(belowPrefix(at("/dags", "?q=a", "#L1"), "/team/flow")).toBe("/team/flow/dags?q=a#L1"));
  it("may only begin like it", () => expect(belowPrefix(at("/team/flows"), "/team/flow")).toBe("/team/flow/team/flows"));
  it.each(["/team/flow", "/team/flow/dags"])("is not %s", (path) => expect(belowPrefix(at(path), "/team/flow")).toBeNull());
  it("is nowhere without a prefix", () => expect(belowPrefix(at("/dags"), "")).toBeNull());
});
