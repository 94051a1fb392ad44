import { Anchor, Badge, Button, Group, Paper } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef, RowSelectionState } from "@tanstack/react-table";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { client, data } from "../../api/client";
import { useCan } from "../../api/session";
import { confirm } from "../../part/confirm";
import { DataTable, usePaging, useParam } from "../../part/DataTable";
import { TextFilter } from "../../part/filters";
import { Plain } from "../../part/links";
import { useChange } from "../../part/mutate";
import { Page } from "../../part/Page";
import { Empty } from "../../part/Problem";
import { doneOrThrow } from "./bulk";
import { ConnectionForm } from "./ConnectionForm";
import { useEditing } from "./editing";
import { Unreadable } from "../../part/FormDialog";
import { connectionQuery, connectionsQuery, type Connection } from "./query";
import { RowActions, SelectionBar } from "./RowActions";

export function Component() {
  const { t } = useTranslation();
  const can = useCan();
  const paging = usePaging("connection_id");
  const [wanted] = useParam("q");
  const [selected, select] = useState<RowSelectionState>({});
  const editing = useEditing();
  const connections = useQuery(connectionsQuery({ ...paging, connection_id_pattern: wanted ?? undefined }));
  const remove = useChange({
    change: async (entities: string[]) =>
      doneOrThrow(
        await data(client.PATCH("/api/v2/connections", { body: { actions: [{ action: "delete", action_on_non_existence: "skip", entities }] } })),
      ),
    stale: [["connections"]],
    done: (names) => t("admin.deleted", { count: names.length, name: names[0] }),
    onDone: () => select({}),
  });
  const names = Object.keys(selected);
  const ask = (ids: string[]) =>
    confirm(t("admin.connection.confirm", { count: ids.length, name: ids[0] }), t("admin.connection.confirmText"), () => remove.mutate(ids));
  const mayEdit = can("can_edit", "Connections");
  const mayDelete = can("can_delete", "Connections");
  const mayAdd = can("can_create", "Connections");
  const columns: ColumnDef<Connection, unknown>[] = [
    {
      id: "id",
      header: t("admin.connection.id"),
      meta: { order: "connection_id" },
      cell: ({ row: { original: c } }) =>
        mayEdit ? <Anchor component="button" size="sm" maw={300} truncate title={c.connection_id} onClick={() => editing.edit(c.connection_id)}>{c.connection_id}</Anchor> : <Plain>{c.connection_id}</Plain>,
    },
    { id: "type", header: t("admin.connection.type"), meta: { order: "conn_type" }, cell: ({ row }) => <Badge variant="default" tt="none" radius="sm" fw={500}>{row.original.conn_type}</Badge> },
    { id: "host", header: t("admin.connection.host"), meta: { order: "host", wideOnly: true }, cell: ({ row }) => <Plain>{row.original.host}</Plain> },
    { id: "port", header: t("admin.connection.port"), meta: { order: "port", align: "right", wideOnly: true }, cell: ({ row }) => <Plain>{row.original.port}</Plain> },
    { id: "login", header: t("admin.connection.login"), meta: { wideOnly: true }, cell: ({ row }) => <Plain>{row.original.login}</Plain> },
    { id: "description", header: t("admin.description"), meta: { wideOnly: true }, cell: ({ row }) => <Plain>{row.original.description}</Plain> },
    {
      id: "actions",
      header: "",
      meta: { pinned: true },
      cell: ({ row: { original: c } }) => (
        <RowActions name={c.connection_id} onEdit={mayEdit ? () => editing.edit(c.connection_id) : undefined} onDelete={mayDelete ? () => ask([c.connection_id]) : undefined} />
      ),
    },
  ];
  return (
    <Page title={t("nav.connections")} actions={mayAdd && <Button leftSection={<IconPlus size={16} />} onClick={editing.add}>{t("admin.connection.add")}</Button>}>
      <Group gap="xs" mb="sm">
        <TextFilter name="q" label={t("admin.connection.id")} />
      </Group>
      <Paper>
        <DataTable
          label={t("nav.connections")}
          columns={columns}
          rows={connections.data?.connections}
          total={connections.data?.total_entries}
          paging={paging}
          rowId={(c) => c.connection_id}
          error={connections.error}
          retry={() => void connections.refetch()}
          selection={mayDelete ? [selected, select] : undefined}
          empty={
            wanted ? (
              <Empty icon={IconPlugConnected} title={t("admin.noMatch")}>{t("admin.noMatchText", { wanted })}</Empty>
            ) : (
              <Empty icon={IconPlugConnected} title={t("admin.connection.none")}>
                {t("admin.connection.noneText")}
                {mayAdd && <Defaults />}
              </Empty>
            )
          }
        />
      </Paper>
      <SelectionBar count={names.length} onDelete={() => ask(names)} onClear={() => select({})} busy={remove.isPending} />
      {editing.adding && mayAdd && <ConnectionForm onClose={editing.close} />}
      {editing.edited !== null && mayEdit && <Edit id={editing.edited} onClose={editing.close} />}
    </Page>
  );
}

function Edit({ id, onClose }: { id: string; onClose: () => void }) {
  const connection = useQuery(connectionQuery(id));
  if (connection.error) return <Unreadable title={id} error={connection.error} onClose={onClose} />;
  return connection.data ? <ConnectionForm key={id} before={connection.data} onClose={onClose} /> : null;
}

/** Makes the connections that providers use unless told otherwise. */
function Defaults() {
  const { t } = useTranslation();
  const create = useChange({ change: () => client.POST("/api/v2/connections/defaults"), stale: [["connections"]] });
  return <Group justify="center" mt="md"><Button variant="light" onClick={() => create.mutate()} loading={create.isPending}>{t("admin.connection.defaults")}</Button></Group>;
}
