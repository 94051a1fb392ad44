import { Button, Group } from "@mantine/core";
import { IconLock, IconMapOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useRouteError } from "react-router";

import { ApiError } from "../api/client";
import { Empty, Problem } from "../part/Problem";
import { useTitle } from "../part/title";

/** What is shown in place of a page that failed; the frame around it stays. */
export function Crash() {
  const error = useRouteError();
  if (error instanceof ApiError && error.status === 403) return <Forbidden />;
  return <Broken error={error} />;
}

function Broken({ error }: { error: unknown }) {
  const { t } = useTranslation();
  useTitle(t("problem.page"));
  return <Problem error={error} retry={() => location.reload()} />;
}

export function NotFound() {
  const { t } = useTranslation();
  useTitle(t("problem.notFound"));
  return (
    <Empty icon={IconMapOff} title={t("problem.notFound")}>
      {t("problem.notFoundText")}
      <Group justify="center" mt="md">
        <Button component={Link} to="/" variant="light">{t("problem.home")}</Button>
      </Group>
    </Empty>
  );
}

/** In place of a page that this user's roles do not allow. */
export function Forbidden() {
  const { t } = useTranslation();
  useTitle(t("problem.forbidden"));
  return (
    <Empty icon={IconLock} title={t("problem.forbidden")}>
      {t("problem.forbiddenText")}
      <Group justify="center" mt="md">
        <Button component={Link} to="/" variant="light">{t("problem.home")}</Button>
      </Group>
    </Empty>
  );
}
