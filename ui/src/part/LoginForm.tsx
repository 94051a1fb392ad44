import { Alert, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { client } from "../api/client";

/** A window below this form does not hear of its Escape key. */
const KEPT = { "data-mantine-stop-propagation": true };

/** Asks for a name and a password; of somebody whose name is known, for the password alone. */
export function LoginForm({ name, onDone }: { name?: string; onDone: () => Promise<void> | void }) {
  const { t } = useTranslation();
  const [username, setUsername] = useState(name ?? "");
  const [password, setPassword] = useState("");
  const login = useMutation({ mutationFn: () => client.POST("/auth/login", { body: { username, password } }), onSuccess: onDone });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate();
  };
  return (
    <Stack component="form" onSubmit={submit}>
      {login.error && <Alert color="red" role="alert">{login.error.message}</Alert>}
      <TextInput {...KEPT} label={t("login.name")} autoComplete="username" autoFocus={!name} readOnly={!!name} required value={username} onChange={(e) => setUsername(e.currentTarget.value)} />
      <PasswordInput
        {...KEPT}
        label={t("login.password")}
        autoComplete="current-password"
        autoFocus={!!name}
        data-autofocus={name ? true : undefined}
        required
        value={password}
        onChange={(e) => setPassword(e.currentTarget.value)}
        visibilityToggleButtonProps={{ "aria-label": t("login.show") }}
      />
      <Button {...KEPT} type="submit" loading={login.isPending}>{t("login.submit")}</Button>
    </Stack>
  );
}
