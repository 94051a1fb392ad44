/** The head of a run's and of a task instance's page: name and state, facts, what one can do. */
import { Box, CopyButton, Group, Stack, Text, Title, Tooltip, UnstyledButton } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { StateBadge } from "../../part/StateBadge";
import type { State } from "../../state";

interface Props {
  kind: string;
  name: ReactNode;
  copy: string;
  state: State;
  facts: [label: string, value: ReactNode][];
  actions: ReactNode;
  children?: ReactNode;
}

export function Head({ kind, name, copy, state, facts, actions, children }: Props) {
  const { t } = useTranslation();
  return (
    <Stack gap={8} px="md" pt="sm" pb="xs">
      <Group justify="space-between" gap="xs" wrap="wrap">
        <Group gap="sm" wrap="nowrap" miw={0} style={{ flex: "1 1 260px" }}>
          <StateBadge state={state} size="lg" />
          <Box miw={0}>
            <Text size="xs" c="dimmed" lh={1.2}>{kind}</Text>
            <CopyButton value={copy}>
              {({ copied, copy: run }) => (
                <Tooltip label={copied ? t("action.copied") : `${copy} – ${t("action.copy")}`}>
                  <UnstyledButton onClick={run} maw="100%" display="block">
                    <Title order={2} fz="md" lh={1.3} style={{ overflowWrap: "anywhere" }}>{name}</Title>
                  </UnstyledButton>
                </Tooltip>
              )}
            </CopyButton>
          </Box>
        </Group>
        <Group gap={6}>{actions}</Group>
      </Group>
      <Group component="dl" gap="4px 24px" m={0}>
        {facts.map(([label, value]) => (
          <div key={label} style={{ minWidth: 0, maxWidth: "100%" }}>
            <Text component="dt" size="xs" c="dimmed" lh={1.3}>{label}</Text>
            <Text component="dd" size="sm" m={0} lh={1.4} mih={20} style={{ overflowWrap: "anywhere" }}>{value ?? "–"}</Text>
          </div>
        ))}
      </Group>
      {children}
    </Stack>
  );
}
