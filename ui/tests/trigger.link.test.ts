import { describe, expect, it } from "vitest";

import { confOf } from "../src/page/dag/triggerLink";

describe("a link that triggers a DAG", () => {
  it("fills the form in with its configuration", () => expect(confOf('{"region": "eu"}')).toEqual({ region: "eu" }));
  it("without one, or with none that can be, leaves the form as it is", () => {
    for (const text of [null, "", "{", "[1]", "null", "3"]) expect(confOf(text)).toBeUndefined();
  });
});
