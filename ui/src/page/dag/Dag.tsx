/** A DAG's page: its header, its grid or graph, and beside that the page that the address names. */
import { Splitter, Tooltip, ActionIcon } from "@mantine/core";
import { useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand, IconRouteOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, Outlet, useMatches } from "react-router";

import { ApiError } from "../../api/client";
import { useCan } from "../../api/session";
import { Empty, Loading, Problem } from "../../part/Problem";
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
  const { t } = useTranslation();
  const dagId = useDagId();
  const { error, refetch, data } = useQuery(dagQuery(dagId));
  if (error instanceof ApiError && error.status === 404 && !data)
    return <Empty icon={IconRouteOff} title={t("dag.missing", { dagId })}>{t("dag.missingText")}</Empty>;
  if (error && !data) return <Problem error={error} retry={() => void refetch()} />;
  return (
    <div className={classes.page}>
      <title>{`${data?.dag_display_name ?? dagId} · Slipstream`}</title>
      <Header key={dagId} dagId={dagId} />
      <Body key={`body ${dagId}`} dagId={dagId} />
    </div>
  );
}

const SIZES: [number, number] = [46, 54];

function Body({ dagId }: { dagId: string }) {
  const { t } = useTranslation();
  const phone = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const [hidden, setHidden] = useLocalStorage({ key: "slipstream.paneHidden", defaultValue: false, getInitialValueInEffect: false });
  const [sizes, setSizes] = useLocalStorage<number[]>({ key: "slipstream.paneSizes", defaultValue: SIZES, getInitialValueInEffect: false });
  const right = (
    <div className={classes.pane}>
      <Tabs dagId={dagId} hidden={hidden} onHide={() => setHidden(!hidden)} />
      <div className={classes.scroll} tabIndex={0} role="region" aria-label={t("dag.page")}>
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </div>
    </div>
  );
  if (hidden) return <div className={classes.body}>{right}</div>;
  if (phone)
    return (
      <div className={classes.body}>
        <div className={`${classes.pane} ${classes.phonePane}`}><LeftPane dagId={dagId} /></div>
        {right}
      </div>
    );
  return (
    <Splitter
      className={classes.body}
      sizes={sizes}
      onSizeChange={(next) => setSizes(next.map((size) => (typeof size === "number" ? size : parseFloat(size))))}
      lineSize={1}
      handleColor="var(--mantine-color-default-border)"
    >
      <Splitter.Pane defaultSize={SIZES[0]} min={15} className={classes.pane}><LeftPane dagId={dagId} /></Splitter.Pane>
      <Splitter.Pane defaultSize={SIZES[1]} min={20} className={classes.pane}>{right}</Splitter.Pane>
    </Splitter>
  );
}

/** Pages of runs and of tasks have headers of their own, so that they have the room. */
function Tabs({ dagId, hidden, onHide }: { dagId: string; hidden: boolean; onHide: () => void }) {
  const { t } = useTranslation();
  const can = useCan();
  const { runId, taskId } = useMatches().at(-1)?.params ?? {};
  const ofDag = runId === undefined && taskId === undefined;
  const words = t(hidden ? "dag.pane.show" : "dag.pane.hide");
  return (
    <div className={classes.tabs}>
      <Tooltip label={words}>
        <ActionIcon variant="subtle" color="gray" ml={6} onClick={onHide} aria-label={words} aria-expanded={!hidden}>
          {hidden ? <IconLayoutSidebarLeftExpand size={18} stroke={1.6} /> : <IconLayoutSidebarLeftCollapse size={18} stroke={1.6} />}
        </ActionIcon>
      </Tooltip>
      <nav className={classes.links} aria-label={t("dag.tabs")}>
        {ofDag ? (
          TABS.filter(([, , resource]) => can("can_read", resource, dagId)).map(([path, label]) => (
            <NavLink key={path} end className={classes.tab} to={path ? dagAt(dagId, path) : dagAt(dagId)}>
              {t(`dag.tab.${label}`)}
            </NavLink>
          ))
        ) : (
          <NavLink className={classes.tab} end to={dagAt(dagId)}>← {t("dag.toDag")}</NavLink>
        )}
      </nav>
    </div>
  );
}
