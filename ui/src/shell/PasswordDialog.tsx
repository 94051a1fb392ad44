import { PasswordInput, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { client } from "../api/client";
import { FormDialog } from "../part/FormDialog";
import { useChange } from "../part/mutate";

/** Change one's own password, which ends one's other logins. */
export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const change = useChange({
    change: () => client.PUT("/auth/password", { body: { current, new: next } }),
    done: t("user.passwordChanged"),
    onDone: onClose,
  });
  const differs = !!again && next !== again;
  return (
    <FormDialog title={t("user.password")} size="sm" onClose={onClose} onSubmit={() => change.mutate()} busy={change.isPending} disabled={!current || !next || next !== again}>
      <PasswordInput data-autofocus label={t("user.current")} autoComplete="current-password" required value={current} onChange={(e) => setCurrent(e.currentTarget.value)} />
      <PasswordInput label={t("user.new")} autoComplete="new-password" required value={next} onChange={(e) => setNext(e.currentTarget.value)} />
      <PasswordInput label={t("user.again")} autoComplete="new-password" required value={again} onChange={(e) => setAgain(e.currentTarget.value)} error={differs ? t("user.differs") : undefined} />
      <Text size="xs" c="dimmed">{t("user.passwordHint")}</Text>
    </FormDialog>
  );
}
