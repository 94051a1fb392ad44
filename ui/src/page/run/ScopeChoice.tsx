import { Chip, Group, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Scope } from "./change";

const NAMES = ["include_past", "include_future", "include_upstream", "include_downstream"] as const;

interface Props {
  scope: Scope;
  onChange: (scope: Scope) => void;
  /** Runs without a logical date have no past and no future. */
  hasDate: boolean;
}

/** Which other task instances belong to it: in earlier and later runs, and up and down the graph. */
export function ScopeChoice({ scope, onChange, hasDate }: Props) {
  const { t } = useTranslation();
  return (
    <Group gap="xs" role="group" aria-label={t("run.change.scope")}>
      {NAMES.map((name) => {
        const isOff = !hasDate && (name === "include_past" || name === "include_future");
        return (
          <Tooltip key={name} label={t(isOff ? "run.change.noDate" : `run.change.${name}Help`)} multiline maw={280}>
            <Chip size="sm" checked={scope[name]} disabled={isOff} onChange={(on) => onChange({ ...scope, [name]: on })}>
              {t(`run.change.${name}`)}
            </Chip>
          </Tooltip>
        );
      })}
    </Group>
  );
}
