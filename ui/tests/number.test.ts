import i18next from "i18next";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { formatBytes, formatNumber } from "../src/part/number";
import { formatDuration } from "../src/part/time";

beforeAll(() => i18next.init({ lng: "en", resources: { en: {}, de: {} } }));
afterAll(() => i18next.changeLanguage("en"));

describe.each([
  ["en", ["0.40s", "3.1s", "12s", "3m 04s"], ["1,234", "512 B", "3.4 kB", "45 kB", "1.0 MB"]],
  ["de", ["0,40s", "3,1s", "12s", "3m 04s"], ["1.234", "512 B", "3,4 kB", "45 kB", "1,0 MB"]],
])("in %s", (language, durations, numbers) => {
  beforeAll(() => i18next.changeLanguage(language));
  it("durations are written as the language has it", () => expect([0.4, 3.14, 12, 184].map(formatDuration)).toEqual(durations));
  it("numbers and sizes, too", () => expect([formatNumber(1234), ...[512, 3400, 45_000, 1_000_000].map(formatBytes)]).toEqual(numbers));
});
