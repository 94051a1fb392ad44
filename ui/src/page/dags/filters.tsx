/** The filters of the list of DAGs, all of them in the address. */
import { Group, MultiSelect, Select, SegmentedControl, TagsInput, TextInput } from "@mantine/core";
import { useDebouncedCallback, useHotkeys } from "@mantine/hooks";
import { IconSearch, IconStar, IconTag, IconUser } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { client, data } from "../../api/client";
import { useParam } from "../../part/DataTable";
import type { Params } from "../../query";
import { RUN_STATES } from "../../state";

export type DagsParams = NonNullable<Params<"/api/v2/dags">>;

const SHOWN = ["active", "paused", "all"] as const;

/** What the address asks of the server. */
export function useDagFilters(): DagsParams {
  const [search] = useSearchParams();
  const shown = search.get("show") ?? "active";
  const filters: DagsParams = { exclude_stale: true };
  const name = search.get("q");
  const tags = search.getAll("tag");
  const owners = search.getAll("owner");
  const state = search.get("state");
  if (name) filters.dag_display_name_pattern = name;
  if (tags.length) Object.assign(filters, { tags, tags_match_mode: search.get("tags") === "all" ? "all" : "any" });
  if (owners.length) filters.owners = owners;
  if (state) filters.last_dag_run_state = state as DagsParams["last_dag_run_state"];
  if (shown !== "all") filters.paused = shown === "paused";
  if (search.get("favorite")) filters.is_favorite = true;
  return filters;
}

/** `owners` are suggestions: others can be typed. */
export function DagFilters({ owners }: { owners: string[] }) {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const [name, setName] = useParam("q");
  const [shown, setShown] = useParam("show");
  const [state, setState] = useParam("state");
  const [favorite, setFavorite] = useParam("favorite");
  const [typed, setTyped] = useState(name ?? "");
  const input = useRef<HTMLInputElement>(null);
  const apply = useDebouncedCallback((value: string) => setName(value.trim() || null), 200);
  useHotkeys([["mod+shift+k", () => input.current?.focus()]]);
  const tags = useQuery({
    queryKey: ["dags", "tags"],
    queryFn: () => data(client.GET("/api/v2/dagTags", { params: { query: { limit: 100 } } })),
  });
  const setAll = (param: "tag" | "owner") => (values: string[]) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        next.delete(param);
        next.delete("page");
        values.forEach((value) => next.append(param, value));
        return next;
      },
      { replace: true },
    );
  return (
    <Group gap="xs" mb="sm">
      <TextInput
        ref={input}
        flex="1 1 220px"
        maw={360}
        leftSection={<IconSearch size={16} />}
        placeholder={t("home.dags.search")}
        aria-label={t("home.dags.search")}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          apply(event.currentTarget.value);
        }}
      />
      <SegmentedControl
        size="sm"
        aria-label={t("home.dags.show")}
        data={SHOWN.map((value) => ({ value, label: t(`home.dags.${value}`) }))}
        value={shown ?? "active"}
        onChange={(value) => setShown(value === "active" ? null : value)}
      />
      <Select
        w={170}
        clearable
        placeholder={t("home.dags.lastState")}
        aria-label={t("home.dags.lastState")}
        data={RUN_STATES.map((value) => ({ value, label: t(`state.${value}`) }))}
        value={state}
        onChange={setState}
      />
      {!!tags.data?.tags.length && (
        <MultiSelect
          w={170}
          leftSection={<IconTag size={15} />}
          placeholder={search.getAll("tag").length ? undefined : t("home.dags.tags")}
          aria-label={t("home.dags.tags")}
          searchable
          clearable
          data={tags.data.tags}
          value={search.getAll("tag")}
          onChange={setAll("tag")}
        />
      )}
      <TagsInput
        w={150}
        leftSection={<IconUser size={15} />}
        placeholder={search.getAll("owner").length ? undefined : t("home.dags.owners")}
        aria-label={t("home.dags.owners")}
        clearable
        data={owners}
        value={search.getAll("owner")}
        onChange={setAll("owner")}
      />
      <Select
        w={140}
        clearable
        leftSection={<IconStar size={15} />}
        placeholder={t("home.dags.favorites")}
        aria-label={t("home.dags.favorites")}
        data={[{ value: "1", label: t("home.dags.favoritesOnly") }]}
        value={favorite}
        onChange={setFavorite}
      />
    </Group>
  );
}
