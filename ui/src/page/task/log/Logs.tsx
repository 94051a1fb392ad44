/** The log of one try: read live, searched, filtered, folded, linked to by line. */
import { Badge, Box, Center, Loader, Progress, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconFileText } from "@tabler/icons-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate } from "react-router";

import { formatBytes, formatNumber } from "../../../part/number";
import { Empty, Problem } from "../../../part/Problem";
import { Lines, type LinesHandle } from "./Lines";
import { save } from "./save";
import { matchFrom } from "./search";
import { Toolbar } from "./Toolbar";
import { LEVELS } from "./record";
import type { LogPlace } from "./reader";
import { useLog } from "./useLog";
import { useLogOptions } from "./useLogOptions";
import { useSearch } from "./useSearch";
import classes from "./Logs.module.css";

const NONE: ReadonlySet<number> = new Set();
const lineIn = (hash: string): number | null => {
  const found = /^#L(\d+)$/.exec(hash);
  return found ? Number(found[1]) - 1 : null;
};

interface Props {
  place: LogPlace;
  /** Whether the try goes on. */
  isLive: boolean;
  /** Whether people want to see the end first. */
  fromEnd: boolean;
}

export function Logs({ place, isLive, fromEnd }: Props) {
  const { t } = useTranslation();
  const { store, version, phase, error, retry } = useLog(place, isLive);
  const options = useLogOptions();
  const { hash, pathname, search: query } = useLocation();
  const navigate = useNavigate();
  const lines = useRef<LinesHandle>(null);
  const box = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [full, setFull] = useState(false);
  const [allOpen, setAllOpen] = useState(false);
  const [toggled, setToggled] = useState(NONE);
  const [wanted, setWanted] = useState("");
  const search = useSearch(store, version, wanted.trim());
  const [at, setAt] = useState<number | null>(null);
  const target = lineIn(hash);
  const levels = options.levels.join();
  const loggers = options.loggers.join();
  const isFiltered = !!levels || !!loggers;
  const rows = useMemo(
    () =>
      store.visible({
        levels: levels ? new Set(levels.split(",").map((name) => (LEVELS as readonly string[]).indexOf(name))) : null,
        loggers: loggers ? new Set(loggers.split(",")) : null,
        allOpen,
        toggled,
      }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the store grows in place; `version` tells
    [store, version, levels, loggers, allOpen, toggled],
  );
  const isOpen = useCallback((row: number) => allOpen !== toggled.has(row), [allOpen, toggled]);
  const fold = useCallback((row: number) => {
    setToggled((before) => {
      const next = new Set(before);
      if (!next.delete(row)) next.add(row);
      return next;
    });
  }, []);

  /** Open what a row is folded into, and bring it into sight after that. */
  const [wish, setWish] = useState<number | null>(null);
  const show = useCallback(
    (row: number) => {
      const closed = store.around(row).filter((group) => !isOpen(group));
      if (closed.length) setToggled((before) => { const next = new Set(before); for (const group of closed) if (!next.delete(group)) next.add(group); return next; });
      setWish(row);
    },
    [store, isOpen],
  );
  useEffect(() => {
    if (wish === null) return;
    lines.current?.show(wish);
    // eslint-disable-next-line react-hooks/set-state-in-effect -- the wish is granted
    setWish(null);
  }, [wish, rows]);

  const shown = useRef<string | null>(null);
  useEffect(() => {
    const key = `${store.length > 0 ? place.tryNumber : ""}${hash}`;
    if (target === null || target >= store.length || shown.current === key) return;
    shown.current = key;
     
    show(target);
  }, [target, store, version, hash, place.tryNumber, show]);

  const current = at === null ? null : (search.rows[at] ?? null);
  // The first match that is in sight, or follows, is the one to begin with.
  const began = useRef("");
  useEffect(() => {
    const key = wanted.trim();
    if (key !== search.wanted) return;
    if (!key || !search.rows.length || began.current === key) {
      if (!key) began.current = "";
      return;
    }
    began.current = key;
    const index = matchFrom(search.rows, lines.current?.first() ?? 0);
     
    setAt(index);
    show(search.rows[index]!);
  }, [search.rows, search.wanted, wanted, show]);
  const step = (by: 1 | -1) => {
    const n = search.rows.length;
    if (!n) return;
    const next = ((at ?? 0) + by + n) % n;
    setAt(next);
    show(search.rows[next]!);
  };

  const setTarget = useCallback(
    (row: number) => void navigate({ pathname, search: query, hash: `#L${row + 1}` }, { replace: true, preventScrollReset: true }),
    [navigate, pathname, query],
  );
  const download = () => save(store, `${place.dagId}.${place.taskId}.${place.tryNumber}.log`);
  const toggleGroups = () => {
    setAllOpen((open) => !open);
    setToggled(NONE);
  };
  useHotkeys([
    ["w", options.toggleWrap],
    ["t", options.toggleTimestamps],
    ["s", options.toggleSources],
    ["e", toggleGroups],
    ["f", () => setFull((on) => !on)],
    ["d", download],
    ["mod+ArrowUp", () => lines.current?.top()],
    ["mod+ArrowDown", () => lines.current?.bottom()],
    ["Escape", () => setFull(false)],
  ]);
  useEffect(() => {
    // "/" searches everything elsewhere; here it searches the log, as the browser cannot.
    const listen = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && (event.target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName));
      const finds = event.key === "f" && (event.ctrlKey || event.metaKey) && box.current?.contains(document.activeElement);
      if (!(finds || (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey))) return;
      event.preventDefault();
      event.stopPropagation();
      input.current?.focus();
      input.current?.select();
    };
    window.addEventListener("keydown", listen, true);
    return () => window.removeEventListener("keydown", listen, true);
  }, []);

  if (phase === "failed" && !store.length) return <Problem error={error} retry={retry} />;
  return (
    <Box ref={box} className={full ? `${classes.viewer} ${classes.full}` : classes.viewer}>
      <Toolbar
        store={store}
        options={options}
        search={search}
        wanted={wanted}
        setWanted={setWanted}
        at={at ?? 0}
        step={step}
        searchRef={input}
        allOpen={allOpen}
        toggleGroups={toggleGroups}
        full={full}
        toggleFull={() => setFull((on) => !on)}
        download={download}
        top={() => lines.current?.top()}
        bottom={() => lines.current?.bottom()}
        status={
          <Text size="xs" c="dimmed" role="status" component="div" style={{ whiteSpace: "nowrap" }}>
            {isFiltered && `${formatNumber(rows.length)} / `}
            {t("run.log.lines", { count: store.length })} · {formatBytes(store.bytes)}
            {phase === "live" && <Badge ml={6} size="xs" variant="light" className="pulse">{t("live.live")}</Badge>}
          </Text>
        }
      />
      {phase === "loading" && store.length > 0 && <Progress value={100} animated size={2} radius={0} aria-label={t("loading")} />}
      {phase === "failed" && <Problem error={error} retry={retry} />}
      {store.length === 0 ? (
        <Center flex={1}>{phase === "loading" ? <Loader type="dots" aria-label={t("loading")} /> : <Empty icon={IconFileText} title={t("run.log.empty")}>{t("run.log.emptyText")}</Empty>}</Center>
      ) : isFiltered && rows.length === 0 ? (
        <Empty icon={IconFileText} title={t("run.log.none")}>{t("run.log.noneText")}</Empty>
      ) : (
        <Lines
          store={store}
          rows={rows}
          wrap={options.wrap}
          timestamps={options.timestamps}
          sources={options.sources}
          follow={target === null && (isLive || fromEnd)}
          pattern={search.pattern}
          current={current}
          target={target}
          isOpen={isOpen}
          onFold={fold}
          onTarget={setTarget}
          handle={lines}
        />
      )}
    </Box>
  );
}
