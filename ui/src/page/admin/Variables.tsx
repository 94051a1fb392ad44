import { Anchor, Button, Code, Group, Paper, Tooltip } from "@mantine/core";
import { IconDownload, IconLock, IconPlus, IconUpload, IconVariable } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
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
import { useEditing } from "./editing";
import { Unreadable } from "../../part/FormDialog";
import { ImportDialog } from "./ImportDialog";
import { allPages, MOST, variableQuery, variablesQuery, type Variable } from "./query";
import { RowActions, SelectionBar } from "./RowActions";
import { save } from "./save";
import { fileOf } from "./variable";
import { VariableForm } from "./VariableForm";

export function Component() {
  const { t } = useTranslation();
  const can = useCan();
  const paging = usePaging("key");
  const [wanted] = useParam("q");
  const [selected, select] = useState<RowSelectionState>({});
  const [importing, setImporting] = useState(false);
  const editing = useEditing();
  const variables = useQuery(variablesQuery({ ...paging, variable_key_pattern: wanted ?? undefined }));
  const remove = useChange({
    change: async (entities: string[]) =>
      doneOrThrow(await data(client.PATCH("/api/v2/variables", { body: { actions: [{ action: "delete", action_on_non_existence: "skip", entities }] } }))),
    stale: [["variables"]],
    done: (names) => t("admin.deleted", { count: names.length, name: names[0] }),
    onDone: () => select({}),
  });
  const names = Object.keys(selected);
  const ask = (keys: string[]) =>
    confirm(t("admin.variable.confirm", { count: keys.length, name: keys[0] }), t("admin.variable.confirmText"), () => remove.mutate(keys));
  const mayEdit = can("can_edit", "Variables");
  const mayDelete = can("can_delete", "Variables");
  const mayAdd = can("can_create", "Variables");
  const columns: ColumnDef<Variable, unknown>[] = [
    {
      id: "key",
      header: t("admin.variable.key"),
      meta: { order: "key" },
      cell: ({ row: { original: v } }) =>
        mayEdit ? <Anchor component="button" size="sm" maw="clamp(150px, 20cqi, 300px)" truncate title={v.key} onClick={() => editing.edit(v.key)}>{v.key}</Anchor> : <Plain>{v.key}</Plain>,
    },
    {
      id: "value",
      header: t("admin.variable.value"),
      cell: ({ row: { original: v } }) => <Code maw="clamp(150px, 25cqi, 420px)" title={v.value ?? ""} style={{ display: "block", width: "fit-content", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{v.value?.slice(0, 200)}</Code>,
    },
    { id: "description", header: t("admin.description"), meta: { wideOnly: true }, cell: ({ row }) => <Plain>{row.original.description}</Plain> },
    {
      id: "encrypted",
      header: t("admin.variable.encrypted"),
      meta: { order: "is_encrypted", wideOnly: true },
      cell: ({ row }) =>
        row.original.is_encrypted ? <Tooltip label={t("admin.variable.isEncrypted")}><IconLock size={16} aria-label={t("admin.variable.isEncrypted")} /></Tooltip> : <Plain>{null}</Plain>,
    },
    {
      id: "actions",
      header: "",
      meta: { pinned: true },
      cell: ({ row: { original: v } }) => <RowActions name={v.key} onEdit={mayEdit ? () => editing.edit(v.key) : undefined} onDelete={mayDelete ? () => ask([v.key]) : undefined} />,
    },
  ];
  return (
    <Page
      title={t("nav.variables")}
      actions={
        <>
          {mayAdd && <Button variant="default" leftSection={<IconUpload size={16} />} onClick={() => setImporting(true)}>{t("admin.variable.importVerb")}</Button>}
          <Export pattern={wanted} disabled={!variables.data?.total_entries} />
          {mayAdd && <Button leftSection={<IconPlus size={16} />} onClick={editing.add}>{t("admin.variable.add")}</Button>}
        </>
      }
    >
      <Group gap="xs" mb="sm">
        <TextFilter name="q" label={t("admin.variable.key")} />
      </Group>
      <Paper>
        <DataTable
          label={t("nav.variables")}
          columns={columns}
          rows={variables.data?.variables}
          total={variables.data?.total_entries}
          paging={paging}
          rowId={(v) => v.key}
          error={variables.error}
          retry={() => void variables.refetch()}
          selection={mayDelete ? [selected, select] : undefined}
          empty={
            wanted ? (
              <Empty icon={IconVariable} title={t("admin.noMatch")}>{t("admin.noMatchText", { wanted })}</Empty>
            ) : (
              <Empty icon={IconVariable} title={t("admin.variable.none")}>{t("admin.variable.noneText", { template: "{{ var.value.key }}" })}</Empty>
            )
          }
        />
      </Paper>
      <SelectionBar count={names.length} onDelete={() => ask(names)} onClear={() => select({})} busy={remove.isPending} />
      {importing && <ImportDialog onClose={() => setImporting(false)} mayOverwrite={mayEdit} />}
      {editing.adding && mayAdd && <VariableForm onClose={editing.close} />}
      {editing.edited !== null && mayEdit && <Edit id={editing.edited} onClose={editing.close} />}
    </Page>
  );
}

function Edit({ id, onClose }: { id: string; onClose: () => void }) {
  const variable = useQuery(variableQuery(id));
  if (variable.error) return <Unreadable title={id} error={variable.error} onClose={onClose} />;
  return variable.data ? <VariableForm key={id} before={variable.data} onClose={onClose} /> : null;
}

/** Writes all variables that the search finds into a file; secrets, which the server keeps, are left out. */
function Export({ pattern, disabled }: { pattern: string | null; disabled: boolean }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const write = useChange({
    change: async () => {
      const all = await allPages(async (offset) => {
        const query = { limit: MOST, offset, order_by: ["key"], variable_key_pattern: pattern ?? undefined };
        const page = await queries.fetchQuery({ ...variablesQuery(query), staleTime: 0 });
        return { rows: page.variables, total: page.total_entries };
      });
      const { text, hidden } = fileOf(all);
      save("variables.json", text, "application/json");
      return { n: all.length - hidden.length, hidden };
    },
    done: ({ n, hidden }) => [t("admin.variable.exported", { count: n }), hidden.length ? t("admin.variable.hidden", { count: hidden.length }) : ""].join(" "),
  });
  return <Button variant="default" leftSection={<IconDownload size={16} />} onClick={() => write.mutate()} loading={write.isPending} disabled={disabled}>{t("admin.variable.export")}</Button>;
}
