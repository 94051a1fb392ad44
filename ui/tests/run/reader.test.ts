import { afterEach, beforeEach, expect, it, vi } from "vitest";

const place = { dagId: "d", runId: "r", taskId: "t", mapIndex: -1, tryNumber: 1 };
const line = (event: string) => `${JSON.stringify({ event })}\n`;
const reply = (body: string | null, token: string) => new Response(body, { headers: { "airflow-continuation-token": token } });

type Answer = () => Response | Error;
let answers: Answer[];
let asked: (string | null)[];

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetModules();
  asked = [];
  // Node's own takes no address without a host.
  vi.stubGlobal("Request", class {
    method = "GET";
    headers = new Headers();
    constructor(readonly url: string) {}
    clone = () => this;
  });
  vi.stubGlobal("fetch", (request: Request) => {
    asked.push(new URL(request.url, "http://here").searchParams.get("token"));
    const answer = (answers.shift() ?? (() => reply(null, "end")))();
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function readerOf(isLive: boolean, ...given: Answer[]) {
  answers = given;
  const { LogReader } = await import("../../src/page/task/log/reader");
  const reader = new LogReader(place);
  reader.setLive(isLive);
  const leave = reader.watch(() => undefined);
  return { reader, leave, texts: () => reader.get().store.texts };
}

it("reads a log that has ended once", async () => {
  const { reader, texts } = await readerOf(false, () => reply(line("one") + line("two"), "a"));
  await vi.advanceTimersByTimeAsync(10_000);
  expect([texts(), reader.get().phase, asked]).toEqual([["one", "two"], "ended", [null]]);
});

it("goes on where it was while the try runs, and once more when it has ended", async () => {
  const { reader, texts } = await readerOf(true, () => reply(line("one"), "a"), () => reply(null, "a"), () => reply(line("two"), "b"));
  await vi.advanceTimersByTimeAsync(0);
  expect(reader.get().phase).toBe("live");
  await vi.advanceTimersByTimeAsync(2100);
  expect([texts(), asked]).toEqual([["one", "two"], [null, "a", "a"]]);
  reader.setLive(false);
  answers.push(() => reply(line("last"), "c"));
  await vi.advanceTimersByTimeAsync(5000);
  expect([texts(), reader.get().phase, asked.length]).toEqual([["one", "two", "last"], "ended", 4]);
});

it("begins anew after a reply that failed, so that no line shows twice", async () => {
  const { reader, texts } = await readerOf(true, () => reply(line("one"), "a"), () => new TypeError("gone"), () => reply(line("one") + line("two"), "b"));
  await vi.advanceTimersByTimeAsync(4000);
  expect([texts(), asked.slice(0, 3), reader.get().phase]).toEqual([["one", "two"], [null, "a", null], "live"]);
});

it("says so when the server stays away", async () => {
  const gone = () => new TypeError("gone");
  const { reader } = await readerOf(true, gone, gone, gone, gone);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(reader.get()).toMatchObject({ phase: "failed", error: { message: "The server cannot be reached." } });
});

it("stops when nobody looks any more", async () => {
  const { leave } = await readerOf(true, () => reply(line("one"), "a"));
  await vi.advanceTimersByTimeAsync(0);
  leave();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked.length).toBe(1);
});
