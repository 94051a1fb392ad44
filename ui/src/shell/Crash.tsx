import { Button, Group } from "@mantine/core";
import { IconLock, IconMapOff, IconPlugConnectedX } from "@tabler/icons-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link, useRouteError } from "react-router";

import { ApiError, prefix } from "../api/client";
import { Empty, Problem } from "../part/Problem";
import { useTitle } from "../part/title";
import { isMissingPart } from "./missingPart";

/** What is shown in place of a page that failed; the frame around it stays. */
export function Crash() {
  const error = useRouteError();
  if (error instanceof ApiError && error.status === 403) return <Problem error={error} />;
  return isMissingPart(error) ? <PartMissing /> : <Broken error={error} />;
}

const AGAIN_MS = 2000;
const KEY = "slipstream.loadedAnew";
/** A part that is missing although the server answers is not asked for for ever. */
const ONCE_MS = 20_000;

/** The server is away, or has other pages than this one by now: the page is loaded anew as soon as it answers. */
function PartMissing() {
  const { t } = useTranslation();
  useTitle(t("problem.part"));
  useEffect(() => {
    if (Date.now() - Number(sessionStorage.getItem(KEY)) < ONCE_MS) return;
    const timer = setInterval(() => {
      void fetch(`${prefix}/api/v2/version`, { cache: "no-store" }).then(
        ({ ok }) => {
          if (!ok) return;
          sessionStorage.setItem(KEY, String(Date.now()));
          location.reload();
        },
        () => {}, // still away
      );
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <Empty icon={IconPlugConnectedX} title={t("problem.part")}>
      {t("problem.partText")}
      <Group justify="center" mt="md">
        <Button variant="light" onClick={() => location.reload()}>{t("problem.retry")}</Button>
      </Group>
    </Empty>
  );
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
export function Forbidden({ resource }: { resource: string }) {
  const { t } = useTranslation();
  useTitle(t("problem.forbidden"));
  return (
    <Empty icon={IconLock} title={t("problem.forbidden")}>
      {t("problem.forbiddenText", { needs: `can_read on ${resource}` })}
      <Group justify="center" mt="md">
        <Button component={Link} to="/" variant="light">{t("problem.home")}</Button>
      </Group>
    </Empty>
  );
}
