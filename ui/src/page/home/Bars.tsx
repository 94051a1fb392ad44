import { Anchor, Group, Skeleton, Stack, Text, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { formatNumber } from "../../part/number";
import { StateIcon } from "../../part/StateBadge";
import { lookOf, TASK_STATES } from "../../state";

const ORDER = ["failed", ...TASK_STATES];

/** No state has a name where states are keys. */
const stateOf = (key: string) => (key === "none" || key === "no_status" ? null : key);

/** Counts by state: one bar in which each has its part, and the figures below it. There is no bar where one of them has no end. */
export function Bars({ counts, to, label = (key) => `state.${stateOf(key) ?? "none"}`, empty, endless }: { counts: Record<string, number> | undefined; to?: (state: string) => string; label?: (key: string) => string; empty: string; endless?: string }) {
  const { t } = useTranslation();
  if (!counts) return <Skeleton h={60} />;
  const shown = Object.entries(counts)
    .filter(([, n]) => n > 0)
    .sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
  const total = shown.reduce((sum, [, n]) => sum + n, 0);
  if (!total && !endless) return <Text size="sm" c="dimmed">{empty}</Text>;
  return (
    <Stack gap="sm">
      {!endless && (
        <Group gap={2} wrap="nowrap" h={12} aria-hidden>
          {shown.map(([state, n]) => (
            <Tooltip key={state} label={`${t(label(state))}: ${formatNumber(n)}`}>
              <div style={{ flex: `${n} 1 0`, minWidth: 4, height: "100%", borderRadius: 3, background: lookOf(stateOf(state)).color }} />
            </Tooltip>
          ))}
        </Group>
      )}
      <Group gap="6px 16px">
        {shown.map(([state, n]) => {
          const words = (
            <Group gap={6} wrap="nowrap">
              <StateIcon state={stateOf(state)} size={14} />
              <Text size="sm" component="span">{t(label(state))}</Text>
              <Text size="sm" fw={650} component="span">{formatNumber(n)}</Text>
            </Group>
          );
          return to ? <Anchor key={state} component={Link} to={to(state)} c="inherit" underline="hover">{words}</Anchor> : <span key={state}>{words}</span>;
        })}
        {endless && (
          <Group gap={6} wrap="nowrap" component="span">
            <StateIcon state={stateOf(endless)} size={14} />
            <Text size="sm" component="span">{t(label(endless))}</Text>
            <Text size="sm" fw={650} component="span">∞</Text>
          </Group>
        )}
      </Group>
    </Stack>
  );
}
