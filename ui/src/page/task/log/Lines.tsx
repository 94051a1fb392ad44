/** The window onto a log's lines: only what is in sight is in the page, however long the log is. */
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { useCallback, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState, type Ref } from "react";
import { useTranslation } from "react-i18next";

import { useZone } from "../../../part/time";
import { clockOf } from "./clock";
import { Layout, MAX_HEIGHT, scaleOf } from "./layout";
import classes from "./Lines.module.css";
import { Row, type RowLook } from "./Row";
import type { LogStore } from "./store";

const LINE = 19;
const MORE = 12;

export interface LinesHandle {
  /** Bring a row of the log into sight, in the middle. */
  show: (row: number) => void;
  top: () => void;
  bottom: () => void;
  /** The first row in sight. */
  first: () => number;
}

interface Props {
  store: LogStore;
  rows: Int32Array;
  wrap: boolean;
  timestamps: boolean;
  sources: boolean;
  /** Begin at the end, and stay there until somebody scrolls up. */
  follow: boolean;
  pattern: RegExp | null;
  current: number | null;
  target: number | null;
  isOpen: (row: number) => boolean;
  onFold: (row: number) => void;
  onTarget: (row: number) => void;
  handle: Ref<LinesHandle>;
}

/** The width of a character in pixels. */
function useCharWidth(): [number, (node: HTMLElement | null) => void] {
  const [width, setWidth] = useState(7.5);
  const measure = useCallback((node: HTMLElement | null) => {
    if (node) setWidth(node.getBoundingClientRect().width / 20);
  }, []);
  return [width, measure];
}

export function Lines({ store, rows, wrap, timestamps, sources, follow, pattern, current, target, isOpen, onFold, onTarget, handle }: Props) {
  const { t } = useTranslation();
  const zone = useZone();
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: sized, width, height: viewport } = useElementSize<HTMLDivElement>();
  const ref = useMergedRef(scroller, sized);
  const [char, ruler] = useCharWidth();
  const [scrollTop, setScrollTop] = useState(0);
  const sticks = useRef(follow);
  const digits = Math.max(3, String(store.length).length);
  const look = useMemo<RowLook>(() => ({ timestamps, sources, clock: clockOf(zone), digits }), [timestamps, sources, zone, digits]);
  const layout = useMemo(() => {
    if (!wrap || !width) return new Layout(rows, LINE, store.texts, null);
    const level = matchMedia("(max-width: 48em)").matches ? 0 : 6;
    const gutter = digits + 2 + level + (timestamps ? 14 : 0) + (sources ? 26 : 0);
    const columns = Math.floor((width - 15) / char - gutter);
    const nested = store.groups > 0;
    return new Layout(rows, LINE, store.texts, (row) => columns - (nested ? 2 * store.depth(row) : 0));
  }, [rows, wrap, width, char, store, digits, timestamps, sources]);

  const scale = scaleOf(layout.height, viewport);
  const top = scrollTop * scale;
  const first = Math.max(0, layout.at(top) - MORE);
  const last = Math.min(layout.count, layout.at(top + viewport) + 1 + MORE);
  const shown = Array.from(rows.subarray(first, last));

  const go = useCallback(
    (pixel: number) => {
      const node = scroller.current;
      if (!node) return;
      node.scrollTop = pixel / scaleOf(layout.height, node.clientHeight);
      setScrollTop(node.scrollTop);
    },
    [layout],
  );
  useImperativeHandle(
    handle,
    () => ({
      show: (row) => {
        const i = layout.indexOf(row);
        const node = scroller.current;
        if (!node) return;
        sticks.current = false;
        const at = layout.top(i);
        const above = node.scrollTop * scaleOf(layout.height, node.clientHeight);
        if (at < above + LINE || at > above + node.clientHeight - 3 * LINE) go(Math.max(0, at - node.clientHeight / 2));
      },
      top: () => {
        sticks.current = false;
        go(0);
      },
      bottom: () => {
        sticks.current = true;
        go(layout.height);
      },
      first: () => rows[layout.at(top)] ?? 0,
    }),
    [layout, go, rows, top],
  );
  // More came, or another size: stay at the end.
  useLayoutEffect(() => {
    const node = scroller.current;
    if (node && sticks.current) node.scrollTop = node.scrollHeight;
  }, [layout, viewport]);
  // An attempt that begins to run while it is looked at.
  useEffect(() => {
    if (follow) sticks.current = true;
  }, [follow]);

  return (
    <div
      ref={ref}
      className={`${classes.scroller} ${wrap ? classes.wrap : ""}`}
      role="region"
      aria-label={t("run.log.lines", { count: store.length })}
      // The lines are scrolled by keyboard.
      tabIndex={0}
      onScroll={(event) => {
        const node = event.currentTarget;
        sticks.current = node.scrollTop + node.clientHeight >= node.scrollHeight - 24;
        setScrollTop(node.scrollTop);
      }}
    >
      <span ref={ruler} aria-hidden style={{ position: "absolute", visibility: "hidden", whiteSpace: "pre" }}>{"0".repeat(20)}</span>
      <div style={{ height: Math.min(layout.height, MAX_HEIGHT) + 8, position: "relative" }}>
        <div className={classes.window} style={{ transform: `translateY(${scrollTop - (top - layout.top(first))}px)` }}>
          {shown.map((row) => (
            <Row
              key={row}
              store={store}
              row={row}
              look={look}
              pattern={pattern}
              isCurrent={row === current}
              isTarget={row === target}
              isOpen={store.isGroup(row) && isOpen(row)}
              onFold={onFold}
              onTarget={onTarget}
            />
          ))}
        </div>
      </div>
    </div>
  );
}
