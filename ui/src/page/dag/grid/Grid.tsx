/**
 * Runs by tasks. Only what is seen is in the document, in both directions; what the pointer is over is
 * found from the element, not by a listener in each cell.
 */
import { useElementSize, useHotkeys, useMergedRef } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { prefix } from "../../../api/client";
import type { Grid as Data } from "../../../query";
import { groupAt, instanceAt, runAt, taskAt } from "../address";
import type { Folding } from "../useFolded";
import type { Selection } from "../useGrid";
import { COLUMN, HEAD, moved, nameWidth, ROW, runOfColumn, type Place } from "./geometry";
import { GridHead } from "./GridHead";
import { GridLine } from "./GridLine";
import { GridTip, type TipHandle } from "./GridTip";
import classes from "./grid.module.css";
import { cellOf, countsOf, rowsOf, treeOf, type Cell } from "./rows";
import { Sprite } from "./Sprite";

/** Each cell that pulses is a layer of its own to the browser: two hundred cost it a tenth of a second a frame. */
const MOST_PULSES = 32;

interface Props {
  dagId: string;
  grid: Data;
  selection: Selection;
  folding: Folding;
  search: string;
  /** What to say below the names if there are no runs. */
  hint: string | null;
}

export function Grid({ dagId, grid, selection, folding, search, hint }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const scroll = useRef<HTMLDivElement>(null);
  const strip = useRef<HTMLDivElement>(null);
  const tip = useRef<TipHandle>(null);
  const size = useElementSize();
  const ref = useMergedRef(scroll, size.ref);
  const [active, setActive] = useState<Place | null>(null);

  const tree = useMemo(() => treeOf(grid.nodes), [grid.nodes]);
  const rows = useMemo(() => rowsOf(tree, folding.folded, search), [tree, folding.folded, search]);
  const notes = useMemo(() => grid.notes.map((line) => new Set(line)), [grid.notes]);
  const n = grid.runs.length;
  const name = nameWidth(size.width, n);

  const virtualRows = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    paddingStart: HEAD,
    scrollPaddingStart: HEAD,
    overscan: 10,
  });
  const virtualColumns = useVirtualizer({
    horizontal: true,
    count: n,
    getScrollElement: () => scroll.current,
    estimateSize: () => COLUMN,
    paddingStart: name,
    scrollPaddingStart: name,
    overscan: 8,
  });
  const columns = virtualColumns.getVirtualItems();
  const first = columns[0]?.index ?? 0;
  const last = columns.at(-1)?.index ?? -1;
  const lines = virtualRows.getVirtualItems();
  const height = Math.max(virtualRows.getTotalSize(), HEAD);

  const chosenColumn = n - 1 - grid.runs.findIndex((run) => run.run_id === selection.runId);
  const chosen = selection.runId !== undefined && chosenColumn < n ? chosenColumn : null;
  const node = selection.taskId ?? selection.groupId;

  // What the address names is in sight; else the newest run is, at the right.
  const chosenRow = node === undefined ? -1 : rows.findIndex((row) => row.node.id === node);
  const newest = grid.runs[0]?.run_id;
  useLayoutEffect(() => {
    if (!scroll.current || size.width === 0) return;
    if (chosen !== null) virtualColumns.scrollToIndex(chosen);
    else scroll.current.scrollLeft = scroll.current.scrollWidth;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- who scrolls away is only fetched back by these
  }, [newest, n, size.width, selection.runId]);
  useLayoutEffect(() => {
    if (chosenRow >= 0 && size.width > 0) virtualRows.scrollToIndex(chosenRow);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- rows that move by folding or searching are not followed
  }, [node, size.width > 0]);

  const open = (place: Place, elsewhere = false) => {
    const run = grid.runs[runOfColumn(place.column, n)];
    const node = rows[place.row]?.node;
    const to =
      place.column < 0
        ? node && node.kind === "task" ? taskAt(dagId, node.id) : null
        : !run ? null
        : !node ? runAt(dagId, run.run_id)
        : node.kind === "group" ? groupAt(dagId, run.run_id, node.id)
        : instanceAt(dagId, run.run_id, node.id);
    if (to && elsewhere) window.open(prefix + to, "_blank");
    else if (to) void navigate(to);
    else if (node?.kind === "group") folding.toggle(node.id);
  };

  const show = (place: Place) => {
    setActive(place);
    tip.current?.show(null);
    if (place.row >= 0) virtualRows.scrollToIndex(place.row);
    if (place.column >= 0) virtualColumns.scrollToIndex(place.column);
  };

  /** Shift and an arrow: from what the page shows to its neighbour, from wherever the focus is. */
  const walk = (key: string) => {
    const from: Place = { row: chosenRow, column: chosen ?? n };
    const to = moved(from, key, rows.length, n);
    if (!to || to.column < 0) return;
    show(to);
    open(to);
  };
  useHotkeys([
    ["shift+ArrowUp", () => walk("ArrowUp")],
    ["shift+ArrowDown", () => walk("ArrowDown")],
    ["shift+ArrowLeft", () => walk("ArrowLeft")],
    ["shift+ArrowRight", () => walk("ArrowRight")],
  ]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    const place = active ?? { row: 0, column: -1 };
    const row = rows[place.row];
    if (event.key === "Enter") open(place);
    else if (event.key === " " && row?.node.kind === "group") folding.toggle(row.node.id);
    else if (row?.node.kind === "group" && place.column < 0 && event.key === (row.open ? "ArrowLeft" : "ArrowRight")) folding.toggle(row.node.id);
    else {
      const to = moved(place, event.key, rows.length, n);
      if (!to) return;
      show(to.row < 0 && to.column < 0 ? { row: 0, column: -1 } : to);
    }
    event.preventDefault();
  };

  const placeOf = (event: MouseEvent): (Place & { element: HTMLElement }) | null => {
    const element = (event.target as HTMLElement).closest<HTMLElement>("[data-c]");
    const line = element?.closest<HTMLElement>("[data-i]");
    return element && line ? { row: Number(line.dataset.i), column: Number(element.dataset.c), element } : null;
  };
  const onClick = (event: MouseEvent) => {
    const place = placeOf(event);
    if (!place || event.button > 1) return;
    const group = rows[place.row]?.node;
    setActive({ row: place.row, column: place.column });
    if (place.column < 0 && group?.kind === "group") folding.toggle(group.id);
    else open(place, event.button === 1 || event.ctrlKey || event.metaKey);
  };
  const onMouseOver = (event: MouseEvent) => {
    const place = placeOf(event);
    const run = place && place.column >= 0 ? grid.runs[runOfColumn(place.column, n)] : undefined;
    if (strip.current) {
      strip.current.style.display = run ? "block" : "none";
      if (run && place) strip.current.style.transform = `translateX(${name + place.column * COLUMN}px)`;
    }
    if (!run || !place) return tip.current?.show(null);
    const row = rows[place.row];
    const r = runOfColumn(place.column, n);
    tip.current?.show({
      at: place.element.getBoundingClientRect(),
      run,
      task: row && {
        label: row.node.id,
        state: cellOf(row, grid.cells[r] ?? [], grid.states),
        counts: row.node.kind === "group" ? countsOf(row, grid.cells[r] ?? [], grid.states) : [],
        noted: row.node.kind === "task" && !!notes[r]?.has(row.tasks[0] ?? -1),
      },
    });
  };
  const onMouseLeave = () => {
    if (strip.current) strip.current.style.display = "none";
    tip.current?.show(null);
  };

  let nRunning = 0;
  const drawn = lines.map((line) => {
    const row = rows[line.index]!;
    const cells: Cell[] = [];
    const noted: boolean[] = [];
    for (let column = first; column <= last; column++) {
      const r = runOfColumn(column, n);
      const cell = cellOf(row, grid.cells[r] ?? [], grid.states);
      if (cell === "running") nRunning++;
      cells.push(cell);
      noted.push(row.node.kind === "task" && !!notes[r]?.has(row.tasks[0] ?? -1));
    }
    return (
      <GridLine
        key={row.node.id}
        row={row}
        index={line.index}
        top={line.start}
        name={name}
        cells={cells}
        noted={noted}
        first={first}
        active={active?.row === line.index ? active.column : null}
        selected={row.node.id === node}
        n={n}
      />
    );
  });

  return (
    <>
      <Sprite />
      <div
        ref={ref}
        className={classes.scroll}
        role="treegrid"
        tabIndex={0}
        aria-label={t("dag.grid.label", { dagId })}
        aria-rowcount={rows.length + 1}
        aria-colcount={n + 1}
        aria-activedescendant={active ? `grid-${active.row}-${active.column}` : undefined}
        onKeyDown={onKeyDown}
        onClick={onClick}
        onAuxClick={onClick}
        onMouseOver={onMouseOver}
        onMouseLeave={onMouseLeave}
        onScroll={() => tip.current?.show(null)}
        onBlur={() => setActive(null)}
      >
        <div role="rowgroup" className={classes.canvas} data-calm={nRunning > MOST_PULSES || undefined} style={{ height, width: name + n * COLUMN + 8 }}>
          <GridHead runs={grid.runs} first={first} last={last} name={name} height={height} active={active?.row === -1 ? active.column : null} selected={selection.runId} />
          {chosen !== null && <div aria-hidden className={`${classes.strip} ${classes.chosen}`} style={{ width: COLUMN, height, transform: `translateX(${name + chosen * COLUMN}px)` }} />}
          <div ref={strip} aria-hidden className={classes.strip} style={{ width: COLUMN, height, display: "none" }} />
          {drawn}
        </div>
        {rows.length === 0 ? <div className={classes.hint}>{t("dag.grid.noMatch")}</div> : hint && <div className={classes.hint}>{hint}</div>}
      </div>
      <GridTip ref={tip} />
    </>
  );
}
