import { Box, Button } from "@mantine/core";
import { IconRouteOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { ApiError } from "../../api/client";
import { dagPath } from "../../part/links";
import { Empty } from "../../part/Problem";

export const isGone = (error: unknown): boolean => error instanceof ApiError && error.status === 404;

/** In place of a run or a task instance that is not there, or not any more. */
export function Gone({ dagId, title }: { dagId: string; title: string }) {
  const { t } = useTranslation();
  return (
    <Empty icon={IconRouteOff} title={title}>
      {t("run.goneText")}
      <Box mt="md"><Button component={Link} to={`${dagPath(dagId)}/runs`} variant="light">{t("run.goneTo")}</Button></Box>
    </Empty>
  );
}
