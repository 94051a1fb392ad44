import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";

import { marked, spansOf } from "./ansi";
import classes from "./Lines.module.css";
import { LEVELS } from "./record";
import type { LogStore } from "./store";

const SHORT = ["", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

export interface RowLook {
  timestamps: boolean;
  sources: boolean;
  clock: (ms: number) => string;
  /** Characters that a line number takes. */
  digits: number;
}

interface Props {
  store: LogStore;
  row: number;
  look: RowLook;
  pattern: RegExp | null;
  isCurrent: boolean;
  isTarget: boolean;
  isOpen: boolean;
  onFold: (row: number) => void;
  onTarget: (row: number) => void;
}

/** One line. What it shows of the store never changes once it is there. */
export const Row = memo(function Row({ store, row, look, pattern, isCurrent, isTarget, isOpen, onFold, onTarget }: Props) {
  const { t } = useTranslation();
  const level = store.level(row);
  const more = store.isMore(row);
  const time = store.time(row);
  const number = row + 1;
  const spans = marked(spansOf(store.texts[row]!), pattern);
  const words = spans.map((span, i) => {
    const className = [...span.classes.map((name) => classes[name]), span.hit && classes.hit].filter(Boolean).join(" ") || undefined;
    const style = span.color || span.background ? { color: span.color, background: span.background } : undefined;
    return span.href ? (
      <a key={i} href={span.href} target="_blank" rel="noreferrer noopener" className={className} style={{ color: "var(--mantine-color-anchor)", ...style }}>{span.text}</a>
    ) : span.hit ? (
      <mark key={i} className={className} style={style}>{span.text}</mark>
    ) : (
      <span key={i} className={className} style={style}>{span.text}</span>
    );
  });
  const look_ = [classes.row, classes[LEVELS[level] ?? "other"], isCurrent && classes.current, (isTarget || isCurrent) && classes.target];
  return (
    <div className={look_.filter(Boolean).join(" ")} id={`L${number}`}>
      <a
        href={`#L${number}`}
        className={classes.number}
        style={{ width: `${look.digits + 2}ch` }}
        tabIndex={-1}
        aria-label={t("run.log.line", { number })}
        onClick={(event) => {
          event.preventDefault();
          onTarget(row);
        }}
      >
        {number}
      </a>
      {look.timestamps && <span className={classes.time}>{more || Number.isNaN(time) ? "" : look.clock(time)}</span>}
      <span className={classes.level}>{more || store.isGroup(row) ? "" : SHORT[level]}</span>
      {look.sources && (
        <span className={classes.source} title={`${store.logger(row)} ${store.source(row)}`}>
          {more ? "" : store.source(row) || store.logger(row)}
        </span>
      )}
      <span className={classes.text} style={{ paddingLeft: `${store.depth(row) * 2}ch` }}>
        {store.isGroup(row) ? (
          <button type="button" className={classes.group} aria-expanded={isOpen} onClick={() => onFold(row)}>
            {isOpen ? <IconChevronDown size={13} /> : <IconChevronRight size={13} />}
            <span>{words}</span>
          </button>
        ) : (
          words
        )}
      </span>
    </div>
  );
});
