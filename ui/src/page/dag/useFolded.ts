/** Which groups are folded, by DAG; kept in the browser, and the same in grid and graph. */
import { useLocalStorage } from "@mantine/hooks";
import { useCallback, useMemo } from "react";

export interface Folding {
  folded: ReadonlySet<string>;
  toggle: (group: string) => void;
  /** Fold exactly these. */
  fold: (groups: string[]) => void;
}

export function useFolded(dagId: string): Folding {
  const [list, setList] = useLocalStorage<string[]>({ key: `slipstream.folded.${dagId}`, defaultValue: [], getInitialValueInEffect: false });
  const folded = useMemo(() => new Set(list), [list]);
  const toggle = useCallback(
    (group: string) => setList((before) => (before.includes(group) ? before.filter((each) => each !== group) : [...before, group])),
    [setList],
  );
  return { folded, toggle, fold: setList };
}
