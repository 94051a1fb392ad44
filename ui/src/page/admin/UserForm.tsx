import { MultiSelect, PasswordInput, SimpleGrid, Switch, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { client, data } from "../../api/client";
import type { components } from "../../api/schema";
import { useCan, useSession } from "../../api/session";
import { useChange } from "../../part/mutate";
import { FormDialog } from "../../part/FormDialog";
import { roleNamesQuery, type User } from "./query";

type Patch = components["schemas"]["UserPatch"];

/** Adds a user, or changes one: their name, roles, whether they may log in, and a new password. */
export function UserForm({ before: given, onClose }: { before?: User; onClose: () => void }) {
  const { t } = useTranslation();
  const can = useCan();
  const me = useSession().user.username;
  const [before] = useState(given);
  const rolesBefore = before?.roles?.map(({ name }) => name) ?? [];
  const [draft, setDraft] = useState({
    username: before?.username ?? "",
    email: before?.email ?? "",
    first_name: before?.first_name ?? "",
    last_name: before?.last_name ?? "",
    password: "",
  });
  const [roles, setRoles] = useState<string[]>(before ? rolesBefore : ["Viewer"]);
  const [active, setActive] = useState(before?.active ?? true);
  const known = useQuery({ ...roleNamesQuery, enabled: can("can_read", "Roles") });
  const field = (name: keyof typeof draft) => ({
    label: t(`admin.user.${name}`),
    value: draft[name],
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => {
      const { value } = event.currentTarget;
      setDraft((was) => ({ ...was, [name]: value }));
    },
  });
  const save = useChange({
    change: () => {
      const named = roles.map((name) => ({ name }));
      if (!before) return data(client.POST("/auth/fab/v1/users", { body: { ...draft, roles: named } }));
      const body: Patch = {};
      for (const name of ["email", "first_name", "last_name"] as const) if (draft[name] !== before[name]) body[name] = draft[name];
      if (draft.password) body.password = draft.password;
      if (active !== before.active) body.active = active;
      if ([...roles].sort().join() !== [...rolesBefore].sort().join()) body.roles = named;
      return data(client.PATCH("/auth/fab/v1/users/{username}", { params: { path: { username: before.username } }, body }));
    },
    // Who changes their own roles may see other pages from then on.
    stale: before?.username === me ? [["users"], ["session"]] : [["users"]],
    done: t("admin.saved", { name: draft.username }),
    onDone: onClose,
  });
  return (
    <FormDialog
      title={before ? t("admin.editNamed", { name: before.username }) : t("admin.user.add")}
      onClose={onClose}
      onSubmit={() => save.mutate()}
      busy={save.isPending}
      disabled={!draft.username || !draft.email || (!before && !draft.password)}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput {...field("username")} required disabled={!!before} autoComplete="off" data-autofocus={before ? undefined : true} />
        <TextInput {...field("email")} required type="email" autoComplete="off" data-autofocus={before ? true : undefined} />
        <TextInput {...field("first_name")} autoComplete="off" />
        <TextInput {...field("last_name")} autoComplete="off" />
      </SimpleGrid>
      <MultiSelect
        label={t("admin.user.roles")}
        description={t("admin.user.rolesHint")}
        data={[...new Set([...(known.data ?? []), ...roles])]}
        value={roles}
        onChange={setRoles}
        searchable
        clearable
      />
      <PasswordInput
        {...field("password")}
        label={t(before ? "admin.user.newPassword" : "admin.user.password")}
        description={before ? t("admin.user.newPasswordHint") : undefined}
        required={!before}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ "aria-label": t("admin.showPassword") }}
      />
      {before && (
        <Switch label={t("admin.user.mayLogIn")} description={t("admin.user.mayLogInHint")} checked={active} disabled={before.username === me} onChange={(e) => setActive(e.currentTarget.checked)} />
      )}
    </FormDialog>
  );
}
