/**
 * A login that ends while a page is open. What is on the page stays: requests that were refused wait,
 * and go out again once somebody has logged in above it (`shell/LoginAgain.tsx`).
 */
import { useSyncExternalStore } from "react";

/** Whether this page was ever shown to somebody who was logged in. */
let isKnown = false;
let waiting: { promise: Promise<void>; resume: () => void } | null = null;
const watchers = new Set<() => void>();

function become(next: typeof waiting): void {
  waiting = next;
  watchers.forEach((watcher) => watcher());
}

export function loggedIn(): void {
  isKnown = true;
}

/** Somebody leaves: what is refused from now on leads to the login page. */
export function leave(): void {
  isKnown = false;
  become(null);
}

export const isLeft = (): boolean => !isKnown;

/** Wait until somebody has logged in again. */
export function nextLogin(): Promise<void> {
  if (!waiting) {
    let resume = () => {};
    const promise = new Promise<void>((done) => (resume = done));
    become({ promise, resume });
  }
  return waiting!.promise;
}

/** Somebody has: what waited goes on. */
export function resume(): void {
  waiting?.resume();
  become(null);
}

/** Whether a login is waited for. */
export const useLoginEnded = (): boolean =>
  useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => waiting !== null,
  );
