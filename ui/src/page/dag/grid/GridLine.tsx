/** One row of the grid: a task or group and its states. Drawn anew only if something in it changed. */
import { IconChevronDown, IconChevronRight, IconStack2 } from "@tabler/icons-react";
import type { TFunction } from "i18next";
import { memo } from "react";
import { useTranslation } from "react-i18next";

import { COLUMN, ROW } from "./geometry";
import classes from "./grid.module.css";
import type { Cell, Row } from "./rows";
import { pictureOf } from "./Sprite";

interface Props {
  row: Row;
  index: number;
  top: number;
  name: number;
  /** Columns from `first` on. */
  cells: Cell[];
  noted: boolean[];
  first: number;
  /** The column that the keyboard is in; null: not in this row. */
  active: number | null;
  selected: boolean;
  n: number;
}

/** Thousands of cells say the same few words. */
const words = new WeakMap<TFunction, Map<Cell, string>>();

function wordsOf(t: TFunction, state: Cell): string {
  let known = words.get(t);
  if (!known) words.set(t, (known = new Map<Cell, string>()));
  let found = known.get(state);
  if (found === undefined) known.set(state, (found = state === undefined ? t("dag.grid.noInstance") : t(`state.${state ?? "none"}`)));
  return found;
}

const list = <T,>(a: T[], b: T[]) => a.length === b.length && a.every((each, i) => each === b[i]);

export const GridLine = memo(Line, (a, b) => {
  for (const key of ["index", "top", "name", "first", "active", "selected", "n"] as const) if (a[key] !== b[key]) return false;
  return a.row.node === b.row.node && a.row.open === b.row.open && a.row.depth === b.row.depth && list(a.cells, b.cells) && list(a.noted, b.noted);
});

function Line({ row, index, top, name, cells, noted, first, active, selected }: Props) {
  const { t } = useTranslation();
  const { node, depth, open } = row;
  const group = node.kind === "group";
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-level={depth + 1}
      aria-expanded={group ? open : undefined}
      aria-selected={selected || undefined}
      className={selected ? `${classes.row} ${classes.selectedRow}` : classes.row}
      style={{ top, height: ROW }}
      data-i={index}
    >
      <div
        role="rowheader"
        id={`grid-${index}--1`}
        aria-colindex={1}
        className={active === -1 ? `${classes.name} ${classes.active}` : classes.name}
        style={{ width: name, paddingLeft: 6 + depth * 14 }}
        data-c={-1}
        title={node.tooltip ?? node.id}
      >
        <span className={classes.fold} data-fold={group || undefined}>
          {group && (open ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />)}
        </span>
        <span className={group ? `${classes.label} ${classes.group}` : classes.label}>{node.label}</span>
        {node.is_mapped && <IconStack2 size={13} stroke={1.8} role="img" aria-label={t("dag.mapped")} opacity={0.6} style={{ flexShrink: 0 }} />}
      </div>
      {cells.map((state, i) => {
        const column = first + i;
        return (
          <div
            key={column}
            role="gridcell"
            id={`grid-${index}-${column}`}
            aria-colindex={column + 2}
            aria-label={wordsOf(t, state)}
            className={`${classes.cell} ${noted[i] ? classes.cellNote : ""} ${active === column ? classes.active : ""} ${state === "running" ? "pulse" : ""}`}
            style={{ left: name + column * COLUMN, width: COLUMN, height: ROW, backgroundImage: state === undefined ? undefined : pictureOf(state) }}
            data-c={column}
          />
        );
      })}
    </div>
  );
}
