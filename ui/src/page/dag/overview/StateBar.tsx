import { Group, Progress, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { StateIcon } from "../../../part/StateBadge";
import { lookOf, RUN_STATES, TASK_STATES } from "../../../state";

const ORDER = [...new Set<string>([...TASK_STATES, ...RUN_STATES])];

/** How many are in which state. */
export function StateBar({ states }: { states: (string | null)[] }) {
  const { t } = useTranslation();
  const counts = new Map<string | null, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  const found = [...counts].sort(([a], [b]) => ORDER.indexOf(a ?? "") - ORDER.indexOf(b ?? ""));
  return (
    <>
      <Progress.Root size={8} mt="md" aria-hidden>
        {found.map(([state, n]) => (
          <Progress.Section key={state} value={(100 * n) / states.length} color={lookOf(state).color} withAria={false} />
        ))}
      </Progress.Root>
      <Group gap="md" mt={8}>
        {found.map(([state, n]) => (
          <Group key={state} gap={6}>
            <StateIcon state={state} size={14} />
            <Text size="xs" c="dimmed">{t(`state.${state ?? "none"}`)} {n}</Text>
          </Group>
        ))}
      </Group>
    </>
  );
}
