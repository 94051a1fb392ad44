import { Anchor, Group, Paper, SimpleGrid } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { dagPath } from "../../part/links";
import { useNow } from "../../part/time";
import { favoritesQuery, recentRunsQuery } from "../../query";
import { Latest } from "../dags/DagCard";
import { Favorite } from "../dags/Favorite";
import { RecentRuns } from "../dags/RecentRuns";

const SHOWN = 12;

/** The DAGs that somebody gave a star, and how their runs went. Nothing without any: the stars are in the list. */
export function Favorites({ title }: { title: string }) {
  const favorites = useQuery(favoritesQuery).data?.dags.slice(0, SHOWN) ?? [];
  const recent = useQuery(recentRunsQuery(favorites.map((dag) => dag.dag_id)));
  const runs = new Map(recent.data?.dags.map((dag) => [dag.dag_id, dag.runs]));
  const now = useNow(10_000);
  if (!favorites.length) return null;
  return (
    <SimpleGrid component="section" aria-label={title} cols={{ base: 1, sm: 2, lg: 4 }} spacing="md">
      {favorites.map((dag) => {
        const ran = runs.get(dag.dag_id) ?? (recent.isPending ? undefined : []);
        return (
          <Paper key={dag.dag_id} p="sm">
            <Group gap={4} wrap="nowrap" justify="space-between" mb={6}>
              <Anchor component={Link} to={dagPath(dag.dag_id)} fw={600} size="sm" truncate title={dag.dag_display_name}>{dag.dag_display_name}</Anchor>
              <Favorite dagId={dag.dag_id} name={dag.dag_display_name} size="sm" />
            </Group>
            <Group gap="xs" justify="space-between" align="end" wrap="nowrap">
              <Latest dagId={dag.dag_id} runs={ran} />
              <RecentRuns dagId={dag.dag_id} runs={ran} now={now} />
            </Group>
          </Paper>
        );
      })}
    </SimpleGrid>
  );
}
