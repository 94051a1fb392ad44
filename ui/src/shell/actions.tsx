/** What the palette offers to do: with the DAG of the page, and with how pages look and speak. */
import { useMantineColorScheme } from "@mantine/core";
import type { SpotlightActionData } from "@mantine/spotlight";
import { IconClock, IconDeviceDesktop, IconLanguage, IconMoon, IconPlayerPause, IconPlayerPlay, IconStar, IconSun, type Icon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useMatches, useNavigate } from "react-router";

import { client } from "../api/client";
import { useCan } from "../api/session";
import { LANGUAGES, language, speak, type Language } from "../i18n";
import { dagPath } from "../part/links";
import { useChange } from "../part/mutate";
import { chooseZone, localZone, useZone } from "../part/time";
import { dagQuery, favoritesQuery } from "../query";

const action = (id: string, label: string, Icon: Icon, onClick: () => void, description?: string): SpotlightActionData => ({
  id,
  label,
  description,
  leftSection: <Icon size={18} stroke={1.6} />,
  onClick,
});

/** Trigger, pause and favor the DAG whose page is open; nothing elsewhere. */
export function useDagActions(): SpotlightActionData[] {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const dagId = useMatches().at(-1)?.params.dagId ?? "";
  const dag = useQuery({ ...dagQuery(dagId), enabled: !!dagId }).data;
  const favorites = useQuery({ ...favoritesQuery, enabled: !!dagId }).data;
  const params = { path: { dag_id: dagId } };
  const pause = useChange({
    change: (is_paused: boolean) => client.PATCH("/api/v2/dags/{dag_id}", { params, body: { is_paused } }),
    stale: [["dags"], ["dag", dagId], ["overview"]],
    done: (_, is_paused) => t(is_paused ? "palette.paused" : "palette.unpaused", { name: dagId }),
  });
  const favor = useChange({
    change: (to: boolean) => (to ? client.POST("/api/v2/dags/{dag_id}/favorite", { params }) : client.POST("/api/v2/dags/{dag_id}/unfavorite", { params })),
    stale: [["dags"]],
  });
  if (!dag) return [];
  const name = dag.dag_display_name;
  const isFavorite = favorites?.dags.some((each) => each.dag_id === dagId) ?? false;
  return [
    ...(can("can_create", "DAG Runs", dagId) ? [action("trigger", t("home.dags.trigger", { name }), IconPlayerPlay, () => void navigate(`${dagPath(dagId)}?trigger=1`))] : []),
    ...(can("can_edit", "DAGs", dagId)
      ? [action("pause", t(dag.is_paused ? "home.dags.unpause" : "home.dags.pause", { name }), dag.is_paused ? IconPlayerPlay : IconPlayerPause, () => pause.mutate(!dag.is_paused))]
      : []),
    action("favorite", t(isFavorite ? "home.dags.unfavorite" : "home.dags.favorite", { name }), IconStar, () => favor.mutate(!isFavorite)),
  ];
}

const SCHEMES = [["light", IconSun], ["dark", IconMoon], ["auto", IconDeviceDesktop]] as const;

/** Appearance, language and time zone: each choice but the one that is made. */
export function useSettingActions(): SpotlightActionData[] {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const zone = useZone();
  return [
    ...SCHEMES.filter(([scheme]) => scheme !== colorScheme).map(([scheme, icon]) =>
      action(`scheme:${scheme}`, `${t("user.appearance")}: ${t(`user.${scheme}`)}`, icon, () => setColorScheme(scheme)),
    ),
    ...Object.entries(LANGUAGES)
      .filter(([key]) => key !== language())
      .map(([key, name]) => action(`language:${key}`, `${t("user.language")}: ${name}`, IconLanguage, () => void speak(key as Language))),
    ...[...new Set(["UTC", localZone])]
      .filter((name) => name !== zone)
      .map((name) => action(`zone:${name}`, `${t("user.zone")}: ${name}`, IconClock, () => chooseZone(name), name === localZone ? t("user.zoneLocal") : undefined)),
  ];
}
