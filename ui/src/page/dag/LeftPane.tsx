/** The DAG at a glance: its runs as a grid, or its tasks as a graph. */
import { Box } from "@mantine/core";
import { useDebouncedValue, useHotkeys } from "@mantine/hooks";
import { IconLayoutGrid } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";

import { Empty, Loading, Problem } from "../../part/Problem";
import { Elsewhere } from "./grid/Elsewhere";
import { Grid } from "./grid/Grid";
import { GridSkeleton } from "./grid/GridSkeleton";
import { Toolbar } from "./grid/Toolbar";
import { usePane } from "./pane";
import { useFolded } from "./useFolded";
import { useGrid, useSelection } from "./useGrid";

const GraphView = lazy(() => import("./graph/GraphView"));

export function LeftPane({ dagId }: { dagId: string }) {
  const { t } = useTranslation();
  const [pane, change] = usePane(dagId);
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed, 120);
  const folding = useFolded(dagId);
  const selection = useSelection();
  const { data: grid, error, refetch, isPlaceholderData } = useGrid(dagId, pane);
  useHotkeys([["g", () => change({ view: pane.view === "grid" ? "graph" : "grid" })]]);
  const filtered = pane.run_type.length + pane.state.length > 0 || !!pane.until || !!pane.user || pane.offset > 0;
  return (
    <>
      <Toolbar pane={pane} change={change} grid={grid} search={typed} setSearch={setTyped} folding={folding} />
      {pane.view === "graph" ? (
        <Suspense fallback={<Loading />}>
          <GraphView dagId={dagId} grid={grid} selection={selection} folding={folding} search={search} />
        </Suspense>
      ) : error && !grid ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : !grid ? (
        <GridSkeleton />
      ) : grid.nodes.length === 0 ? (
        <Empty icon={IconLayoutGrid} title={t("dag.grid.noTasks")}>{t("dag.grid.noTasksText")}</Empty>
      ) : (
        <Box flex={1} mih={0} display="flex" style={{ flexDirection: "column", opacity: isPlaceholderData ? 0.6 : 1 }}>
          {selection.runId !== undefined && !isPlaceholderData && !grid.runs.some((run) => run.run_id === selection.runId) && (
            <Elsewhere dagId={dagId} runId={selection.runId} change={change} />
          )}
          <Grid dagId={dagId} grid={grid} selection={selection} folding={folding} search={search} hint={grid.runs.length ? null : t(filtered ? "dag.grid.noneFit" : "dag.grid.noRuns")} />
        </Box>
      )}
    </>
  );
}
