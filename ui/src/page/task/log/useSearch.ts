/** Where a text occurs in a log, found while the page stays responsive; follows a log that grows. */
import { useEffect, useRef, useState } from "react";

import { findSlice, patternOf } from "./search";
import type { LogStore } from "./store";

interface Found {
  store: LogStore;
  wanted: string;
  rows: number[];
  next: number;
}

export interface Search {
  /** What the rows contain: a moment behind what is typed. */
  wanted: string;
  pattern: RegExp | null;
  rows: readonly number[];
  isDone: boolean;
}

const NOTHING: Search = { wanted: "", pattern: null, rows: [], isDone: true };

export function useSearch(store: LogStore, version: number, wanted: string): Search {
  const found = useRef<Found | null>(null);
  const [state, setState] = useState(NOTHING);
  useEffect(() => {
    if (!wanted) {
      found.current = null;
      // eslint-disable-next-line react-hooks/set-state-in-effect -- the search is outside of React; this is its news
      setState((before) => (before.pattern ? NOTHING : before));
      return;
    }
    if (found.current?.store !== store || found.current.wanted !== wanted) found.current = { store, wanted, rows: [], next: 0 };
    const search = found.current;
    const pattern = patternOf(wanted);
    let timer: ReturnType<typeof setTimeout>;
    let told = 0;
    const step = () => {
      const before = search.rows.length;
      search.next = findSlice(store, pattern, search.next, search.rows);
      const isDone = search.next >= store.length;
      const news = search.rows.length !== before || isDone;
      if (news && (isDone || performance.now() - told > 120)) {
        told = performance.now();
        setState({ wanted, pattern, rows: search.rows.slice(), isDone });
      }
      if (!isDone) timer = setTimeout(step);
    };
    step();
    return () => clearTimeout(timer);
  }, [store, version, wanted]);
  return state;
}
