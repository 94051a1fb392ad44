import { ActionIcon, Tooltip } from "@mantine/core";
import { IconStar, IconStarFilled } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { client } from "../../api/client";
import { useChange } from "../../part/mutate";
import { favoritesQuery } from "../../query";

/** A star that puts a DAG among one's favorites, or takes it out. */
export function Favorite({ dagId, name = dagId, size = "md" }: { dagId: string; name?: string; size?: "sm" | "md" }) {
  const { t } = useTranslation();
  const favorites = useQuery(favoritesQuery);
  const was = favorites.data?.dags.some((dag) => dag.dag_id === dagId) ?? false;
  const params = { path: { dag_id: dagId } };
  const change = useChange({
    change: (to: boolean) => (to ? client.POST("/api/v2/dags/{dag_id}/favorite", { params }) : client.POST("/api/v2/dags/{dag_id}/unfavorite", { params })),
    stale: [["dags"]],
  });
  const is = change.isPending ? change.variables : was;
  const label = t(is ? "home.dags.unfavorite" : "home.dags.favorite", { name });
  const Icon = is ? IconStarFilled : IconStar;
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color={is ? "yellow.6" : "gray"} size={size} aria-label={label} aria-pressed={is} onClick={() => change.mutate(!is)}>
        <Icon size={size === "sm" ? 15 : 17} stroke={1.6} />
      </ActionIcon>
    </Tooltip>
  );
}
