/** Go anywhere by typing, to pages and to DAGs as the server finds them, and do what is done often. */
import { createSpotlight, Spotlight, type SpotlightActionData, type SpotlightActionGroupData } from "@mantine/spotlight";
import { useDebouncedValue } from "@mantine/hooks";
import { IconRoute, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { useCan } from "../api/session";
import { dagsQuery } from "../query";
import { useDagActions, useSettingActions } from "./actions";
import { ADMIN, BROWSE, MAIN } from "./nav";

const [store, palette] = createSpotlight();
export const openPalette = palette.open;

/** Enter goes to the first that was found unless another was chosen; what was chosen may be gone from the list. */
function chooseFirst(event: KeyboardEvent<HTMLInputElement>): void {
  const found = event.currentTarget.closest("[role=dialog]");
  if (event.key === "Enter" && !found?.querySelector("[data-selected]")) found?.querySelector<HTMLElement>("[data-action]")?.click();
}

export function Palette() {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const [wanted] = useDebouncedValue(typed.trim(), 150);
  const found = useQuery({ ...dagsQuery({ dag_display_name_pattern: wanted, limit: 8 }), enabled: wanted.length > 0 });
  const pages: SpotlightActionData[] = [...MAIN, ...BROWSE, ...ADMIN]
    .filter(({ resource }) => !resource || can("can_read", resource))
    .map(({ to, label, icon: Icon }) => ({ id: to, label: t(label), leftSection: <Icon size={18} stroke={1.6} />, onClick: () => void navigate(to) }));
  // Until the server has answered, what it found for less is shown as far as it fits.
  const fits = (name: string) => wanted === typed.trim() || name.toLowerCase().includes(typed.trim().toLowerCase());
  const dags: SpotlightActionData[] = (wanted ? (found.data?.dags ?? []) : []).filter((dag) => fits(dag.dag_display_name)).map((dag) => ({
    id: `dag:${dag.dag_id}`,
    label: dag.dag_display_name,
    description: dag.description ?? undefined,
    keywords: [typed, dag.dag_id],
    leftSection: <IconRoute size={18} stroke={1.6} />,
    onClick: () => void navigate(`/dags/${encodeURIComponent(dag.dag_id)}`),
  }));
  const ofDag = useDagActions();
  const settings = useSettingActions();
  const actions: SpotlightActionGroupData[] = [
    { group: t("palette.actions"), actions: ofDag },
    { group: t("palette.dags"), actions: dags },
    { group: t("palette.pages"), actions: pages },
    { group: t("palette.settings"), actions: settings },
  ];
  return (
    <Spotlight
      store={store}
      actions={actions}
      query={typed}
      onQueryChange={setTyped}
      shortcut={["mod + K", "/"]}
      nothingFound={t("palette.nothing")}
      highlightQuery
      scrollable
      maxHeight={420}
      searchProps={{ leftSection: <IconSearch size={18} />, placeholder: t("palette.placeholder"), "aria-label": t("palette.open"), onKeyDown: chooseFirst }}
    />
  );
}
