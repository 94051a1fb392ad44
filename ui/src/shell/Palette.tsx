/** Go anywhere by typing, to pages and to DAGs as the server finds them, and do what is done often. */
import { createSpotlight, Spotlight, type SpotlightActionData, type SpotlightActionGroupData } from "@mantine/spotlight";
import { useDebouncedValue, useHotkeys } from "@mantine/hooks";
import { IconRoute, IconSearch } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { useCan } from "../api/session";
import { dagsQuery, type Dag } from "../query";
import { useDagActions, useSettingActions } from "./actions";
import { ADMIN, BROWSE, MAIN } from "./nav";

const [store, palette] = createSpotlight();
export const openPalette = palette.open;
const N_DAGS = 8;

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
  const isWanted = wanted.length > 0;
  // A DAG is known by its name to some and by its id to others.
  const [byName, byId] = useQueries({
    queries: (["dag_display_name_pattern", "dag_id_pattern"] as const).map((by) => ({ ...dagsQuery({ [by]: wanted, limit: N_DAGS }), enabled: isWanted })),
  });
  const isLooking = wanted !== typed.trim() || byName!.isFetching || byId!.isFetching;
  const pages: SpotlightActionData[] = [...MAIN, ...BROWSE, ...ADMIN]
    .filter(({ resource }) => !resource || can("can_read", resource))
    .map(({ to, label, icon: Icon }) => ({ id: to, label: t(label), leftSection: <Icon size={18} stroke={1.6} />, onClick: () => void navigate(to) }));
  // Until the server has answered, what it found for less is shown as far as it fits.
  const fits = (dag: Dag) => !isLooking || `${dag.dag_display_name} ${dag.dag_id}`.toLowerCase().includes(typed.trim().toLowerCase());
  const found = isWanted ? [...(byName!.data?.dags ?? []), ...(byId!.data?.dags ?? [])].filter(fits) : [];
  const dags: SpotlightActionData[] = [...new Map(found.map((dag) => [dag.dag_id, dag])).values()].slice(0, N_DAGS).map((dag) => ({
    id: `dag:${dag.dag_id}`,
    label: dag.dag_display_name,
    description: dag.dag_display_name === dag.dag_id ? (dag.description ?? undefined) : dag.dag_id,
    keywords: [typed, dag.dag_id],
    leftSection: <IconRoute size={18} stroke={1.6} />,
    onClick: () => void navigate(`/dags/${encodeURIComponent(dag.dag_id)}`),
  }));
  // Also from a field, such as the palette's own while it fades out.
  useHotkeys([["mod+K", openPalette]], []);
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
      // What was typed is forgotten at the end of its fading out, which does not come if it is opened again before.
      onSpotlightOpen={() => setTyped("")}
      shortcut="/"
      nothingFound={t(isLooking ? "palette.looking" : "palette.nothing")}
      centered={false}
      attributes={{ content: { "aria-label": t("palette.open") } }}
      highlightQuery
      scrollable
      maxHeight={420}
      searchProps={{ leftSection: <IconSearch size={18} />, placeholder: t("palette.placeholder"), "aria-label": t("palette.open"), onKeyDown: chooseFirst }}
    />
  );
}
