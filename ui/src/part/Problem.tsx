import { Alert, Button, Center, Loader, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconAlertTriangle, IconLock, type Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import { refusal } from "./refusal";

/** What went wrong, and a way to try again. */
export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  if (error instanceof ApiError && error.status === 403) return <Refused error={error} />;
  return (
    <Alert color="red" icon={<IconAlertTriangle />} title={t("problem.title")} m="md" role="alert">
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {error instanceof Error ? error.message : String(error)}
      </Text>
      {retry && (
        <Button mt="sm" size="xs" variant="light" color="red" onClick={retry}>
          {t("problem.retry")}
        </Button>
      )}
    </Alert>
  );
}

/** A refusal is nobody's mistake: it says which permission is missing, and who can give it. */
function Refused({ error }: { error: ApiError }) {
  const { t } = useTranslation();
  return (
    <Empty icon={IconLock} title={t("problem.refused")}>
      {refusal(error, t)}
    </Empty>
  );
}

export function Loading() {
  const { t } = useTranslation();
  return (
    <Center mih={160}>
      <Loader type="dots" aria-label={t("loading")} />
    </Center>
  );
}

/** A place where nothing is yet, which says what will be here and how to get it. */
export function Empty({ icon: Icon, title, children }: { icon: Icon; title: string; children?: ReactNode }) {
  return (
    <Center py="xl" px="md">
      <Stack align="center" gap="xs" maw={440} ta="center">
        <ThemeIcon size={52} radius="xl" variant="light">
          <Icon size={26} />
        </ThemeIcon>
        <Title order={3} size="h4">{title}</Title>
        <Text c="dimmed" size="sm" component="div">{children}</Text>
      </Stack>
    </Center>
  );
}
