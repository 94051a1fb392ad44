import { Alert, Button, Center, Group, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";

import { client, prefix } from "../api/client";
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
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const login = useMutation({
    mutationFn: () => client.POST("/auth/login", { body: { username, password } }),
    onSuccess: async () => {
      queries.clear();
      await navigate(safeNext(search.get("next")), { replace: true });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate();
  };
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack w="100%" maw={360} gap="lg">
        <Group gap="sm" justify="center">
          <img src={`${prefix}/static/favicon.svg`} alt="" width={36} height={36} />
          <Title order={1}>Slipstream</Title>
        </Group>
        <Paper p="lg" shadow="sm" component="form" onSubmit={submit}>
          <Stack>
            <Title order={2}>{t("login.title")}</Title>
            {login.error && <Alert color="red" role="alert">{login.error.message}</Alert>}
            <TextInput label={t("login.name")} autoComplete="username" autoFocus required value={username} onChange={(e) => setUsername(e.currentTarget.value)} />
            <PasswordInput label={t("login.password")} autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.currentTarget.value)} />
            <Button type="submit" loading={login.isPending}>{t("login.submit")}</Button>
            <Text size="xs" c="dimmed">{t("login.hint")}</Text>
          </Stack>
        </Paper>
      </Stack>
    </Center>
  );
}
