import { Anchor, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { runQuery } from "../../../query";
import type { Pane } from "../pane";

/** Says that the run beside the grid is not in it, and leads there. */
export function Elsewhere({ dagId, runId, change }: { dagId: string; runId: string; change: (change: Partial<Pane>) => void }) {
  const { t } = useTranslation();
  const { data: run } = useQuery(runQuery(dagId, runId));
  if (!run) return null;
  return (
    <Group px="sm" py={5} gap="xs" bg="var(--mantine-primary-color-light)" role="status">
      <Text size="xs">{t("dag.grid.elsewhere")}</Text>
      <Anchor component="button" size="xs" onClick={() => change({ until: run.run_after, state: [], run_type: [], user: null, offset: 0 })}>{t("dag.grid.showIt")}</Anchor>
    </Group>
  );
}
