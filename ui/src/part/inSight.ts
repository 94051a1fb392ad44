import { useEffect, useRef, type RefObject } from "react";

/** Scroll a row of tabs sideways to the chosen one: a link may lead to one that a phone has no room for. */
export function useInSight<E extends HTMLElement>(chosen: string): RefObject<E | null> {
  const row = useRef<E>(null);
  useEffect(() => {
    const at = row.current?.querySelector<HTMLElement>("[aria-selected=true], [aria-current=page]");
    if (!row.current || !at) return;
    const { left, right } = row.current.getBoundingClientRect();
    const tab = at.getBoundingClientRect();
    if (tab.right > right) row.current.scrollLeft += tab.right - right;
    else if (tab.left < left) row.current.scrollLeft -= left - tab.left;
  }, [chosen]);
  return row;
}
