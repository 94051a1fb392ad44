import { Anchor, Badge, Button, Group, Paper, Text } from "@mantine/core";
import { IconCheck, IconPlus, IconUserOff, IconUsers } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useTranslation } from "react-i18next";

import { client } from "../../api/client";
import { useCan, useSession } from "../../api/session";
import { confirm } from "../../part/confirm";
import { DataTable, usePaging } from "../../part/DataTable";
import { Plain } from "../../part/links";
import { useChange } from "../../part/mutate";
import { Empty } from "../../part/Problem";
import { Time } from "../../part/time";
import { useEditing } from "./editing";
import { Unreadable } from "../../part/FormDialog";
import { userQuery, usersQuery, type User } from "./query";
import { RowActions } from "./RowActions";
import { UserForm } from "./UserForm";

export function UserTable() {
  const { t } = useTranslation();
  const can = useCan();
  const { username: me } = useSession().user;
  const paging = usePaging("username");
  const editing = useEditing();
  const users = useQuery(usersQuery(paging));
  const remove = useChange({
    change: (username: string) => client.DELETE("/auth/fab/v1/users/{username}", { params: { path: { username } } }),
    stale: [["users"]],
    done: (_, name) => t("admin.deleted", { count: 1, name }),
  });
  const ask = (name: string) => confirm(t("admin.user.confirm", { name }), t("admin.user.confirmText"), () => remove.mutate(name));
  const mayEdit = can("can_edit", "Users");
  const columns: ColumnDef<User, unknown>[] = [
    {
      id: "username",
      header: t("admin.user.username"),
      meta: { order: "username" },
      cell: ({ row: { original: u } }) => (
        <Group gap="xs" wrap="nowrap">
          {mayEdit ? <Anchor component="button" size="sm" truncate onClick={() => editing.edit(u.username)}>{u.username}</Anchor> : <Plain>{u.username}</Plain>}
          {u.username === me && <Badge size="xs" variant="light" tt="none">{t("admin.user.you")}</Badge>}
        </Group>
      ),
    },
    { id: "name", header: t("admin.user.name"), meta: { order: "last_name", wideOnly: true }, cell: ({ row: { original: u } }) => <Plain>{[u.first_name, u.last_name].filter(Boolean).join(" ") || null}</Plain> },
    { id: "email", header: t("admin.user.email"), meta: { order: "email", wideOnly: true }, cell: ({ row }) => <Plain>{row.original.email}</Plain> },
    {
      id: "roles",
      header: t("admin.user.roles"),
      cell: ({ row }) => (
        <Group gap={4}>
          {row.original.roles?.map(({ name }) => <Badge key={name} variant="default" tt="none" radius="sm" fw={500}>{name}</Badge>)}
          {!row.original.roles?.length && <Text size="sm" c="dimmed">{t("admin.user.noRoles")}</Text>}
        </Group>
      ),
    },
    {
      id: "active",
      header: t("admin.user.active"),
      meta: { order: "active" },
      cell: ({ row }) =>
        row.original.active ? (
          <Badge variant="light" color="teal" tt="none" leftSection={<IconCheck size={12} />}>{t("admin.user.isActive")}</Badge>
        ) : (
          <Badge variant="light" color="gray" tt="none" leftSection={<IconUserOff size={12} />}>{t("admin.user.isInactive")}</Badge>
        ),
    },
    { id: "login", header: t("admin.user.lastLogin"), meta: { order: "last_login", wideOnly: true }, cell: ({ row }) => <Time value={row.original.last_login} relative /> },
    {
      id: "actions",
      header: "",
      meta: { pinned: true },
      cell: ({ row: { original: u } }) => (
        <RowActions
          name={u.username}
          onEdit={mayEdit ? () => editing.edit(u.username) : undefined}
          onDelete={can("can_delete", "Users") && u.username !== me ? () => ask(u.username) : undefined}
        />
      ),
    },
  ];
  return (
    <>
      {can("can_create", "Users") && (
        <Group justify="end" mb="sm">
          <Button leftSection={<IconPlus size={16} />} onClick={editing.add}>{t("admin.user.add")}</Button>
        </Group>
      )}
      <Paper>
        <DataTable
          label={t("nav.users")}
          columns={columns}
          rows={users.data?.users}
          total={users.data?.total_entries}
          paging={paging}
          rowId={(u) => u.username}
          error={users.error}
          retry={() => void users.refetch()}
          empty={<Empty icon={IconUsers} title={t("admin.user.none")} />}
        />
      </Paper>
      {editing.adding && can("can_create", "Users") && <UserForm onClose={editing.close} />}
      {editing.edited !== null && mayEdit && <Edit name={editing.edited} onClose={editing.close} />}
    </>
  );
}

function Edit({ name, onClose }: { name: string; onClose: () => void }) {
  const user = useQuery(userQuery(name));
  if (user.error) return <Unreadable title={name} error={user.error} onClose={onClose} />;
  return user.data ? <UserForm key={name} before={user.data} onClose={onClose} /> : null;
}
