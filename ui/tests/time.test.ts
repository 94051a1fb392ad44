import { describe, expect, it } from "vitest";

import { formatTime } from "../src/part/time";

describe("a point in time", () => {
  it("is told in the zone that was chosen, to the second", () => {
    expect(formatTime("2026-03-01T11:59:59.123Z", "UTC")).toBe("2026-03-01 11:59:59");
    expect(formatTime("2026-03-01T11:59:59.123Z", "Asia/Kathmandu", true)).toBe("2026-03-01 17:44:59.123");
  });
  it("follows a change of the clocks to the second", () => {
    expect(formatTime("2026-03-29T00:59:59Z", "Europe/Berlin")).toBe("2026-03-29 01:59:59");
    expect(formatTime("2026-03-29T01:00:00Z", "Europe/Berlin")).toBe("2026-03-29 03:00:00");
  });
});
