import { Box, Group, Title } from "@mantine/core";
import type { ReactNode } from "react";

import { useTitle } from "./title";

/** A page with its heading, what can be done there, and its content. */
export function Page({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  useTitle(title);
  return (
    <Box p={{ base: "sm", sm: "lg" }} maw={1500} mx="auto">
      <Group justify="space-between" mb="md" gap="sm">
        <Title order={1}>{title}</Title>
        <Group gap="xs">{actions}</Group>
      </Group>
      {children}
    </Box>
  );
}
