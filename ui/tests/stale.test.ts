import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Staleness } from "../src/api/stale";

const EVERY_MS = 100;

describe("what a change concerns", () => {
  let queries: QueryClient;
  let stale: Staleness;
  /** Answers with what the server holds when it is asked, `ms` later. */
  let server = { state: "running", ms: 10, asked: 0 };
  const queryFn = async () => {
    const { state, ms } = server;
    server.asked++;
    await new Promise((resolve) => setTimeout(resolve, ms));
    return state;
  };
  const look = () => new QueryObserver(queries, { queryKey: ["run", "r"], queryFn, staleTime: Infinity }).subscribe(() => undefined);
  const shown = () => queries.getQueryData<string>(["run", "r"]);

  beforeEach(() => {
    vi.useFakeTimers();
    server = { state: "running", ms: 10, asked: 0 };
    queries = new QueryClient();
    stale = new Staleness(queries, EVERY_MS);
  });
  afterEach(() => {
    queries.clear();
    vi.useRealTimers();
  });

  it("is read anew, once for many changes", async () => {
    look();
    await vi.advanceTimersByTimeAsync(20);
    server.state = "success";
    for (let i = 0; i < 5; i++) stale.add(["run"]);
    await vi.advanceTimersByTimeAsync(1000);
    expect([shown(), server.asked]).toEqual(["success", 2]);
  });

  it("is asked for again when the answer on its way is older than the change", async () => {
    server.ms = 450;
    look();
    await vi.advanceTimersByTimeAsync(10);
    server.state = "success";
    stale.add(["run"]);
    await vi.advanceTimersByTimeAsync(460);
    expect([shown(), server.asked]).toEqual(["running", 1]);
    await vi.advanceTimersByTimeAsync(1000);
    expect([shown(), server.asked]).toEqual(["success", 2]);
  });

  it("is let be after the stop", async () => {
    look();
    await vi.advanceTimersByTimeAsync(20);
    stale.add(["run"]);
    stale.stop();
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.asked).toBe(1);
  });
});
