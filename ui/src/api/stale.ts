import type { QueryClient, QueryKey } from "@tanstack/react-query";

/** Has answers read anew that a change concerns, at most so often, however fast changes come. */
export class Staleness {
  private pending = new Map<string, QueryKey>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly queries: QueryClient,
    private readonly everyMs: number,
  ) {}

  /** Everything whose key begins so is stale. */
  add(key: QueryKey): void {
    this.pending.set(JSON.stringify(key), key);
    this.timer ??= setTimeout(() => this.flush(), this.everyMs);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private flush(): void {
    this.timer = undefined;
    const keys = [...this.pending.values()];
    this.pending.clear();
    for (const queryKey of keys) {
      // An answer on its way may be older than the change; it is waited for, and then asked for again.
      // To cancel it instead would leave nothing to show where changes come faster than answers.
      for (const query of this.queries.getQueryCache().findAll({ queryKey, fetchStatus: "fetching" })) this.add(query.queryKey);
      void this.queries.invalidateQueries({ queryKey, predicate: (query) => query.state.fetchStatus !== "fetching" });
    }
  }
}
