import { Switch, Tooltip } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { client } from "../../api/client";
import { useCan } from "../../api/session";
import { useChange } from "../../part/mutate";

/** Pauses a DAG and lets it go on, in place: shown at once, taken back if the server refuses. */
export function PauseSwitch({ dagId, isPaused, withWords = false }: { dagId: string; isPaused: boolean; withWords?: boolean }) {
  const { t } = useTranslation();
  const can = useCan();
  const [wanted, setWanted] = useState<boolean | null>(null);
  const change = useChange({
    change: (is_paused: boolean) =>
      client.PATCH("/api/v2/dags/{dag_id}", { params: { path: { dag_id: dagId } }, body: { is_paused } }),
    stale: [["dags"], ["dag", dagId], ["overview"]],
  });
  const paused = wanted ?? isPaused;
  const tip = t(paused ? "home.dags.unpause" : "home.dags.pause", { name: dagId });
  return (
    <Tooltip label={tip}>
      <Switch
        size={withWords ? "sm" : "xs"}
        aria-label={withWords ? t("dag.pauseSwitch") : tip}
        label={withWords && t(paused ? "dag.paused" : "dag.active")}
        checked={!paused}
        disabled={!can("can_edit", "DAGs", dagId)}
        onChange={() => {
          setWanted(!paused);
          change.mutate(!paused, { onSettled: () => setWanted(null) });
        }}
      />
    </Tooltip>
  );
}
