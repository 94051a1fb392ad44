import { describe, expect, it } from "vitest";

import { isMissingPart } from "../src/shell/missingPart";

describe("a part of the pages that did not load", () => {
  it.each([
    "Failed to fetch dynamically imported module: https://flow/static/Pools-1.js",
    "error loading dynamically imported module: https://flow/static/Pools-1.js",
    "Importing a module script failed.",
    "Unable to preload CSS for /static/Pools-1.css",
  ])("is told from %s", (message) => expect(isMissingPart(new TypeError(message))).toBe(true));
  it("is not one that failed", () => expect(isMissingPart(new TypeError("x is undefined"))).toBe(false));
});
