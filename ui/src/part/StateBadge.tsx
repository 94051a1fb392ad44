import { Badge, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { lookOf, type State } from "../state";

/** A state in words, with its colour and icon. */
export function StateBadge({ state, size = "md" }: { state: State; size?: "sm" | "md" | "lg" }) {
  const { t } = useTranslation();
  const { color, on, icon: Icon } = lookOf(state);
  return (
    <Badge
      size={size}
      radius="sm"
      tt="none"
      fw={600}
      leftSection={<Icon size={size === "sm" ? 11 : 13} stroke={2.6} aria-hidden />}
      styles={{ root: { background: color, color: on, flexShrink: 0 } }}
      className={state === "running" ? "pulse" : undefined}
    >
      {t(`state.${state ?? "none"}`)}
    </Badge>
  );
}

/** A state as an icon in a small coloured square, for where there is no room for words. */
export function StateIcon({ state, size = 16 }: { state: State; size?: number }) {
  const { t } = useTranslation();
  const { color, on, icon: Icon } = lookOf(state);
  const words = t(`state.${state ?? "none"}`);
  return (
    <Tooltip label={words}>
      <span
        role="img"
        aria-label={words}
        className={state === "running" ? "pulse" : undefined}
        style={{
          display: "inline-grid",
          placeItems: "center",
          width: size,
          height: size,
          borderRadius: 4,
          background: color,
          color: on,
          flexShrink: 0,
        }}
      >
        <Icon size={size * 0.72} stroke={2.8} aria-hidden />
      </span>
    </Tooltip>
  );
}
