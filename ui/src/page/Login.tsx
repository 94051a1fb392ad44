import { Center, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";

import { prefix } from "../api/client";
import { LoginForm } from "../part/LoginForm";
import { useTitle } from "../part/title";

/** Only paths of ours are gone to: an address from elsewhere in `next` would be a trap. */
export function safeNext(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/";
}

export function Component() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [search] = useSearchParams();
  useTitle(t("login.title"));
  const enter = async () => {
    queries.clear();
    await navigate(safeNext(search.get("next")), { replace: true });
  };
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack w="100%" maw={360} gap="lg">
        <Group gap="sm" justify="center">
          <img src={`${prefix}/static/favicon.svg`} alt="" width={36} height={36} />
          <Title order={1}>Slipstream</Title>
        </Group>
        <Paper p="lg" shadow="sm">
          <Stack>
            <Title order={2}>{t("login.title")}</Title>
            <LoginForm onDone={enter} />
            <Text size="xs" c="dimmed">{t("login.hint")}</Text>
          </Stack>
        </Paper>
      </Stack>
    </Center>
  );
}
