import { Button, Group } from "@mantine/core";
import { IconMapOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useRouteError } from "react-router";

import { Empty, Problem } from "../part/Problem";

/** What is shown in place of a page that failed; the frame around it stays. */
export function Crash() {
  const error = useRouteError();
  return <Problem error={error} retry={() => location.reload()} />;
}

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Empty icon={IconMapOff} title={t("problem.notFound")}>
      {t("problem.notFoundText")}
      <Group justify="center" mt="md">
        <Button component={Link} to="/" variant="light">{t("problem.home")}</Button>
      </Group>
    </Empty>
  );
}
