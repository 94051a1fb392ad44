import { Badge, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { client, data } from "../api/client";
import { useChange } from "../part/mutate";
import { Loading, Problem } from "../part/Problem";
import { Time } from "../part/time";

/** One's own logins, browsers' and programs', each of which can be ended. */
export function LoginsDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const logins = useQuery({ queryKey: ["users", "logins"], queryFn: () => data(client.GET("/auth/sessions")) });
  const end = useChange({
    change: (session_id: string) => client.DELETE("/auth/sessions/{session_id}", { params: { path: { session_id } } }),
    stale: [["users", "logins"]],
  });
  return (
    <Modal opened onClose={onClose} title={t("user.sessions")} size="lg">
      {logins.error ? (
        <Problem error={logins.error} retry={() => void logins.refetch()} />
      ) : !logins.data ? (
        <Loading />
      ) : (
        <Stack gap="sm">
          {logins.data.sessions.map((login) => (
            <Group key={login.id} justify="space-between" wrap="nowrap">
              <Stack gap={2} miw={0}>
                <Group gap="xs">
                  <Text size="sm" fw={600}>{t(`user.kind.${login.kind}`, { defaultValue: login.kind })}</Text>
                  {login.is_current && <Badge size="xs" tt="none" variant="light">{t("user.thisOne")}</Badge>}
                  <Text size="xs" c="dimmed"><Time value={login.created_at} relative /></Text>
                </Group>
                <Text size="xs" c="dimmed" truncate title={login.agent ?? undefined}>{[login.address, login.agent].filter(Boolean).join(" · ")}</Text>
              </Stack>
              {!login.is_current && (
                <Button size="compact-sm" variant="light" color="red" style={{ flexShrink: 0 }} loading={end.isPending && end.variables === login.id} onClick={() => end.mutate(login.id)}>
                  {t("user.end")}
                </Button>
              )}
            </Group>
          ))}
        </Stack>
      )}
    </Modal>
  );
}
