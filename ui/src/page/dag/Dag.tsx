/** A DAG's page: its header, its grid or graph, and beside that the page that the address names. */
import { ActionIcon, Box, Button, Splitter, Tooltip } from "@mantine/core";
import { useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand, IconRouteOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { createPortal } from "react-dom";
import { useTranslation } from "react-i18next";
import { Link, NavLink, Outlet, useLocation, useMatches } from "react-router";

import { ApiError } from "../../api/client";
import { useCan } from "../../api/session";
import { Empty, Loading, Problem } from "../../part/Problem";
import { useInSight } from "../../part/inSight";
import { useTitle } from "../../part/title";
import { dagQuery } from "../../query";
import { dagAt, useDagId } from "./address";
import classes from "./Dag.module.css";
import { Header } from "./Header";
import { LeftPane } from "./LeftPane";

const TABS: [path: string, label: string, resource: string][] = [
  ["", "overview", "DAGs"],
  ["runs", "runs", "DAG Runs"],
  ["tasks", "tasks", "DAGs"],
  ["gantt", "gantt", "Task Instances"],
  ["calendar", "calendar", "DAG Runs"],
  ["backfills", "backfills", "DAG Runs"],
  ["events", "events", "Audit Logs"],
  ["code", "code", "DAG Code"],
  ["details", "details", "DAGs"],
];

export function Component() {
  const dagId = useDagId();
  const { error, refetch, data } = useQuery(dagQuery(dagId));
  if (error instanceof ApiError && error.status === 404 && !data) return <Missing dagId={dagId} />;
  if (error && !data) return <Problem error={error} retry={() => void refetch()} />;
  return (
    <div className={classes.page}>
      <Header key={dagId} dagId={dagId} />
      <Body key={`body ${dagId}`} dagId={dagId} />
    </div>
  );
}

function Missing({ dagId }: { dagId: string }) {
  const { t } = useTranslation();
  const title = t("dag.missing", { dagId });
  useTitle(title);
  return (
    <Empty icon={IconRouteOff} title={title}>
      {t("dag.missingText")}
      <Box mt="md"><Button component={Link} to="/dags" variant="light">{t("home.dags.showAll")}</Button></Box>
    </Empty>
  );
}

const SIZES: [number, number] = [46, 54];

function Body({ dagId }: { dagId: string }) {
  const { t } = useTranslation();
  const phone = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const [hidden, hide] = useHidden(phone);
  const [sizes, setSizes] = useLocalStorage<number[]>({ key: "slipstream.paneSizes", defaultValue: SIZES, getInitialValueInEffect: false });
  const [left, right] = [useKept(), useKept()];
  const page = (
    <div className={classes.pane}>
      <Tabs dagId={dagId} hidden={hidden} onHide={() => hide(!hidden)} />
      <div className={classes.scroll} tabIndex={0} role="region" aria-label={t("dag.page")}>
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </div>
    </div>
  );
  return (
    <>
      {!hidden && createPortal(<LeftPane dagId={dagId} />, left)}
      {createPortal(page, right)}
      {hidden ? (
        <div className={classes.body}><Place of={right} /></div>
      ) : phone ? (
        <div className={classes.body}>
          <div className={`${classes.pane} ${classes.phonePane}`}><Place of={left} /></div>
          <Place of={right} />
        </div>
      ) : (
        <Panes sizes={sizes} setSizes={setSizes} left={left} right={right} />
      )}
    </>
  );
}

/** An element for what must live on when the page is laid out anew: a dialog in it, and what was typed there. */
function useKept(): HTMLElement {
  const [element] = useState(() => {
    const made = document.createElement("div");
    made.style.display = "contents";
    return made;
  });
  return element;
}

function Place({ of }: { of: HTMLElement }) {
  return <div ref={(place) => void place?.append(of)} style={{ display: "contents" }} />;
}

interface PanesProps {
  sizes: number[];
  setSizes: (sizes: number[]) => void;
  left: HTMLElement;
  right: HTMLElement;
}

function Panes({ sizes, setSizes, left, right }: PanesProps) {
  return (
    <Splitter
      className={classes.body}
      sizes={sizes}
      onSizeChange={(next) => setSizes(next.map((size) => (typeof size === "number" ? size : parseFloat(size))))}
      lineSize={1}
      handleColor="var(--mantine-color-default-border)"
    >
      <Splitter.Pane defaultSize={SIZES[0]} min={15} className={classes.pane}><Place of={left} /></Splitter.Pane>
      <Splitter.Pane defaultSize={SIZES[1]} min={20} className={classes.pane}><Place of={right} /></Splitter.Pane>
    </Splitter>
  );
}

/** Whether the grid is away. On a phone it makes room for a run or a task as soon as one is chosen. */
function useHidden(phone: boolean): [boolean, (hidden: boolean) => void] {
  const { runId = "", taskId = "" } = useMatches().at(-1)?.params ?? {};
  const place = `${runId} ${taskId}`;
  const [hidden, setHidden] = useLocalStorage({ key: "slipstream.paneHidden", defaultValue: false, getInitialValueInEffect: false });
  const [here, setHere] = useState<{ place: string; hidden: boolean } | null>(null);
  if (!phone) return [hidden, setHidden];
  return [here?.place === place ? here.hidden : place !== " ", (next) => setHere({ place, hidden: next })];
}

/** Pages of runs and of tasks have headers of their own, so that they have the room. */
function Tabs({ dagId, hidden, onHide }: { dagId: string; hidden: boolean; onHide: () => void }) {
  const { t } = useTranslation();
  const { runId, taskId } = useMatches().at(-1)?.params ?? {};
  const row = useInSight<HTMLElement>(useLocation().pathname);
  const ofDag = runId === undefined && taskId === undefined;
  const words = t(hidden ? "dag.pane.show" : "dag.pane.hide");
  return (
    <div className={classes.tabs}>
      <Tooltip label={words}>
        <ActionIcon variant="subtle" color="gray" ml={6} onClick={onHide} aria-label={words} aria-expanded={!hidden}>
          {hidden ? <IconLayoutSidebarLeftExpand size={18} stroke={1.6} /> : <IconLayoutSidebarLeftCollapse size={18} stroke={1.6} />}
        </ActionIcon>
      </Tooltip>
      <nav ref={row} className={classes.links} aria-label={t("dag.tabs")}>
        {ofDag ? (
          <DagTabs dagId={dagId} />
        ) : (
          <NavLink className={classes.tab} end to={dagAt(dagId)}>← {t("dag.toDag")}</NavLink>
        )}
      </nav>
    </div>
  );
}

function DagTabs({ dagId }: { dagId: string }) {
  const { t } = useTranslation();
  const can = useCan();
  const { pathname } = useLocation();
  const name = useQuery(dagQuery(dagId)).data?.dag_display_name ?? dagId;
  const at = TABS.find(([path]) => path && pathname === dagAt(dagId, path));
  useTitle(at && t(`dag.tab.${at[1]}`), name);
  return TABS.filter(([, , resource]) => can("can_read", resource, dagId)).map(([path, label]) => (
    <NavLink key={path} end className={classes.tab} to={path ? dagAt(dagId, path) : dagAt(dagId)}>
      {t(`dag.tab.${label}`)}
    </NavLink>
  ));
}
