import { describe, expect, it } from "vitest";

import { Layout, linesOf, MAX_HEIGHT, scaleOf } from "../../src/page/task/log/layout";
import { findSlice, matchFrom, patternOf } from "../../src/page/task/log/search";
import { LogStore, type View } from "../../src/page/task/log/store";

const NOTHING: View = { levels: null, loggers: null, allOpen: false, toggled: new Set() };
const line = (event: string, level = "info", logger = "a") => `${JSON.stringify({ event, level, logger })}\n`;

function storeOf(...lines: string[]): LogStore {
  const store = new LogStore();
  store.feed(lines.join(""));
  store.flush();
  return store;
}
const shown = (store: LogStore, view: Partial<View> = {}) => [...store.visible({ ...NOTHING, ...view })].map((row) => store.texts[row]);

describe("a log that comes in pieces", () => {
  it("is the same wherever the pieces are cut", () => {
    const whole = line("one") + line("two\nlines") + line("Ünïcode");
    for (let cut = 1; cut < whole.length; cut++) {
      const store = new LogStore();
      store.feed(whole.slice(0, cut));
      store.feed(whole.slice(cut));
      store.flush();
      expect(store.texts).toEqual(["one", "two", "lines", "Ünïcode"]);
    }
  });

  it("keeps a last line without an end", () => expect(storeOf(line("one"), '{"event":"two"}').texts).toEqual(["one", "two"]));

  it("grows past its first size", () => {
    const store = storeOf(...Array.from({ length: 5000 }, (_, i) => line(`l${i}`, i % 2 ? "error" : "info", `logger${i % 7}`)));
    expect([store.length, store.level(4999), store.logger(4999), store.texts[4999]]).toEqual([5000, 4, "logger1", "l4999"]);
  });
});

describe("groups", () => {
  const store = storeOf(line("before"), line("::group::Outer"), line("in"), line("::group::Inner"), line("deep"), line("::endgroup::"), line("in too"), line("::endgroup::"), line("after"));
  const outer = store.texts.indexOf("Outer");
  const inner = store.texts.indexOf("Inner");

  it("are folded at first", () => expect(shown(store)).toEqual(["before", "Outer", "after"]));
  it("open one by one", () => {
    expect(shown(store, { toggled: new Set([outer]) })).toEqual(["before", "Outer", "in", "Inner", "in too", "after"]);
    expect(shown(store, { toggled: new Set([inner]) })).toEqual(["before", "Outer", "after"]);
  });
  it("open all, but for those closed again", () => {
    expect(shown(store, { allOpen: true })).toEqual(store.texts);
    expect(shown(store, { allOpen: true, toggled: new Set([inner]) })).toEqual(["before", "Outer", "in", "Inner", "in too", "after"]);
  });
  it("are known around a line", () => {
    expect(store.around(store.texts.indexOf("deep"))).toEqual([inner, outer]);
    expect(store.depth(inner)).toBe(1);
  });
  it("that end without a beginning, or never end, do no harm", () => {
    expect(shown(storeOf(line("::endgroup::"), line("a"), line("::group::b"), line("c")))).toEqual(["a", "b"]);
  });
});

describe("filters", () => {
  const store = storeOf(line("i"), line("::group::g"), line("w", "warning"), line("::endgroup::"), line("e\nmore", "error", "b"), "raw\n");
  it("show levels, out of their groups", () => {
    expect(shown(store, { levels: new Set([3, 4]) })).toEqual(["w", "e", "more"]);
    expect(shown(store, { levels: new Set([0]) })).toEqual(["raw"]);
  });
  it("show loggers", () => expect(shown(store, { loggers: new Set(["b"]) })).toEqual(["e", "more"]));
});

describe("search", () => {
  const store = storeOf(...Array.from({ length: 5000 }, (_, i) => line(i % 1000 ? `line ${i}` : `\x1b[31mMile.stone\x1b[0m ${i}`)));
  it("finds text, not patterns, whatever its case and colours", () => {
    const found: number[] = [];
    let row = 0;
    while (row < store.length) row = findSlice(store, patternOf("mile.STONE "), row, found);
    expect(found).toEqual([0, 1000, 2000, 3000, 4000]);
    expect([matchFrom(found, 0), matchFrom(found, 1001), matchFrom(found, 4999)]).toEqual([0, 2, 0]);
  });
  it("stops when its time is over, and goes on", () => {
    let clock = 0;
    const found: number[] = [];
    const next = findSlice(store, patternOf("line"), 0, found, () => (clock += 10));
    expect(next).toBeGreaterThan(0);
    expect(next).toBeLessThan(store.length);
  });
});

describe("layout", () => {
  const texts = ["a".repeat(10), "b".repeat(25), "", "c"];
  const rows = Int32Array.from([0, 1, 3]);
  it("of lines that do not wrap is a ruler", () => {
    const layout = new Layout(rows, 20, texts, null);
    expect([layout.height, layout.top(2), layout.at(39), layout.at(40), layout.at(999), layout.indexOf(3)]).toEqual([60, 40, 1, 2, 2, 2]);
  });
  it("of lines that wrap follows from their lengths", () => {
    const layout = new Layout(rows, 20, texts, () => 10);
    expect([layout.top(1), layout.top(2), layout.height]).toEqual([20, 80, 100]);
    expect([0, 19, 20, 79, 80, 5000].map((pixel) => layout.at(pixel))).toEqual([0, 0, 1, 1, 2, 2]);
  });
  it("counts no colours and no empty lines", () => expect([linesOf("\x1b[31mabc\x1b[0m", 5), linesOf("", 5)]).toEqual([1, 1]));
  it("keeps below the height that browsers allow, and reaches the end", () => {
    const height = 40_000_000;
    expect(scaleOf(MAX_HEIGHT, 500)).toBe(1);
    expect((MAX_HEIGHT - 500) * scaleOf(height, 500)).toBeCloseTo(height - 500);
  });
});
