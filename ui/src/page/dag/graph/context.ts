/** What the graph's nodes look up, so that a task's change of state doesn't make a new graph. */
import { createContext } from "react";

export interface Lookup {
  /** undefined: no instance in the run that is shown. */
  stateOf: (id: string) => string | null | undefined;
  countOf: (group: string) => number;
  /** null: nobody searches. */
  found: ReadonlySet<string> | null;
  selected: string | undefined;
  toggle: (group: string) => void;
}

export const LookupContext = createContext<Lookup>({
  stateOf: () => undefined,
  countOf: () => 0,
  found: null,
  selected: undefined,
  toggle: () => undefined,
});
