/**
 * Reads a try's log as it comes: NDJSON, streamed, then what was written since, by the token of the
 * last reply, until the try has ended. Tells its watchers a few times a second at most.
 */
import { client } from "../../../api/client";
import { LogStore } from "./store";

export interface LogPlace {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
}

export interface LogState {
  store: LogStore;
  /** Grows whenever the store has more. */
  version: number;
  phase: "loading" | "live" | "ended" | "failed";
  error: unknown;
}

const TELL_MS = 150;
const BUSY_MS = 40;
const [SOON_MS, LATER_MS] = [500, 1500];
/** So often a live log is asked for again before people are told. */
const MAX_FAILURES = 3;
const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

export class LogReader {
  private state: LogState = { store: new LogStore(), version: 0, phase: "loading", error: null };
  private watchers = new Set<() => void>();
  private stop: AbortController | null = null;
  private toldAt = 0;
  private token: string | undefined;
  isLive = false;

  constructor(private readonly place: LogPlace) {}

  get = (): LogState => this.state;

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    if (this.watchers.size === 1) this.start();
    return () => {
      this.watchers.delete(watcher);
      if (!this.watchers.size) this.stop?.abort();
    };
  };

  /** The try went on, or has ended: read once more what is there. */
  setLive(isLive: boolean): void {
    const began = isLive && !this.isLive && this.state.phase === "ended";
    this.isLive = isLive;
    if (began && this.watchers.size) this.start();
  }

  start = (): void => {
    this.stop?.abort();
    const stop = (this.stop = new AbortController());
    this.token = undefined;
    this.become({ store: new LogStore(), phase: "loading", error: null });
    this.run(stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) this.become({ phase: "failed", error });
    });
  };

  private become(change: Partial<LogState>): void {
    this.state = { ...this.state, ...change, version: this.state.version + 1 };
    this.toldAt = performance.now();
    this.watchers.forEach((watcher) => watcher());
  }

  private async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    for (;;) {
      const wasLive = this.isLive;
      const before = this.state.store.length;
      try {
        await this.read(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted || !wasLive || ++failures > MAX_FAILURES) throw error;
        // A part of the reply may have come: begin anew rather than show lines twice.
        this.token = undefined;
        await pause(LATER_MS * failures);
      }
      if (signal.aborted) return;
      if (failures) continue;
      const grew = this.state.store.length > before;
      this.become({ phase: wasLive ? "live" : "ended" });
      if (!wasLive) return;
      await pause(grew ? SOON_MS : LATER_MS);
      if (signal.aborted) return;
    }
  }

  private async read(signal: AbortSignal): Promise<void> {
    const { dagId, runId, taskId, mapIndex, tryNumber } = this.place;
    const { data, response } = await client.GET(
      "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}",
      {
        params: {
          path: { dag_id: dagId, dag_run_id: runId, task_id: taskId, try_number: tryNumber },
          query: { map_index: mapIndex, token: this.token },
          header: { accept: "application/x-ndjson" },
        },
        headers: { accept: "application/x-ndjson" },
        parseAs: "stream",
        signal,
      },
    );
    // Without a token a reply begins at the beginning.
    const store = this.token ? this.state.store : new LogStore();
    // A reply without a body says that nothing was written since.
    const pieces = (data as ReadableStream<Uint8Array> | undefined)?.getReader();
    const decoder = new TextDecoder();
    let busySince = performance.now();
    while (pieces) {
      const { done, value } = await pieces.read();
      if (signal.aborted) return;
      if (done) break;
      store.feed(decoder.decode(value, { stream: true }));
      if (performance.now() - this.toldAt > Math.max(TELL_MS, store.length / 4000)) this.become({ store });
      if (performance.now() - busySince > BUSY_MS) {
        await pause(0);
        busySince = performance.now();
      }
    }
    store.feed(decoder.decode());
    store.flush();
    this.token = response.headers.get("airflow-continuation-token") || undefined;
    this.become({ store });
  }
}
