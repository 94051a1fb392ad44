import { Alert, Autocomplete, Button, Group, NumberInput, PasswordInput, SimpleGrid, Text, Textarea, TextInput } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconPlugConnected } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { client, data } from "../../api/client";
import { useCan, useSession } from "../../api/session";
import { useChange } from "../../part/mutate";
import { bodyOf, changedOf, draftOf, KINDS, NEW, type Draft } from "./connection";
import { FormDialog } from "../../part/FormDialog";
import { hasMask, jsonProblem } from "./json";
import { JsonEditor } from "./JsonEditor";
import type { Connection } from "./query";

/** Adds a connection, or edits one. A secret is never shown: what is left as it was stays as it was. */
export function ConnectionForm({ before: given, onClose }: { before?: Connection; onClose: () => void }) {
  const { t } = useTranslation();
  // As it was when the form opened: a change by somebody else must not look like one made here.
  const [before] = useState(given);
  const [draft, setDraft] = useState<Draft>(before ? draftOf(before) : NEW);
  const set = (name: keyof Draft) => (value: string | number) => setDraft((was) => ({ ...was, [name]: String(value) }));
  const kind = KINDS[draft.conn_type.trim()];
  const name = (field: "host" | "login" | "password" | "schema") => t(`admin.connection.${kind?.names?.[field] ?? field}`);
  const changed = before ? changedOf(draft, before) : [];
  const extraProblem = jsonProblem(draft.extra) ?? (changed.includes("extra") && hasMask(draft.extra) ? t("admin.maskStored") : null);
  const isValid = /^[\w.-]+$/.test(draft.connection_id.trim()) && !!draft.conn_type.trim() && !extraProblem;
  const save = useChange({
    change: () => {
      const body = bodyOf(draft, before);
      if (!before) return data(client.POST("/api/v2/connections", { body }));
      const params = { path: { connection_id: before.connection_id }, query: { update_mask: changed } };
      return data(client.PATCH("/api/v2/connections/{connection_id}", { params, body }));
    },
    stale: [["connections"]],
    done: t("admin.saved", { name: draft.connection_id.trim() }),
    onDone: onClose,
  });
  return (
    <FormDialog
      title={before ? t("admin.editNamed", { name: before.connection_id }) : t("admin.connection.add")}
      onClose={onClose}
      onSubmit={() => (before && !changed.length ? onClose() : save.mutate())}
      busy={save.isPending}
      disabled={!isValid}
      aside={<Trial draft={draft} before={before} disabled={!isValid} key={JSON.stringify(draft)} />}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput
          label={t("admin.connection.id")}
          required
          disabled={!!before}
          data-autofocus={before ? undefined : true}
          value={draft.connection_id}
          onChange={(e) => set("connection_id")(e.currentTarget.value)}
          error={draft.connection_id && !/^[\w.-]+$/.test(draft.connection_id.trim()) ? t("admin.connection.idWrong") : null}
        />
        <Autocomplete
          label={t("admin.connection.type")}
          required
          data={Object.keys(KINDS)}
          filter={({ options, search }) => {
            const wanted = search.trim().toLowerCase();
            return options.filter((o) => "value" in o && `${o.value} ${KINDS[o.value]?.label}`.toLowerCase().includes(wanted));
          }}
          renderOption={({ option }) => (
            <Group gap="xs" wrap="nowrap">
              <Text size="sm">{KINDS[option.value]?.label}</Text>
              <Text size="xs" c="dimmed">{option.value}</Text>
            </Group>
          )}
          value={draft.conn_type}
          onChange={set("conn_type")}
          maxDropdownHeight={260}
        />
        <TextInput label={name("host")} data-autofocus={before ? true : undefined} value={draft.host} onChange={(e) => set("host")(e.currentTarget.value)} />
        <NumberInput label={t("admin.connection.port")} hideControls allowDecimal={false} allowNegative={false} max={65535} thousandSeparator="" placeholder={kind?.port ? String(kind.port) : undefined} value={draft.port} onChange={set("port")} />
        <TextInput label={name("login")} autoComplete="off" value={draft.login} onChange={(e) => set("login")(e.currentTarget.value)} />
        <PasswordInput
          label={name("password")}
          autoComplete="new-password"
          description={before?.password ? t("admin.connection.passwordKept") : undefined}
          inputWrapperOrder={["label", "input", "description", "error"]}
          value={draft.password}
          onFocus={(e) => e.currentTarget.select()}
          onChange={(e) => set("password")(e.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": t("admin.showPassword") }}
        />
        <TextInput label={name("schema")} value={draft.schema} onChange={(e) => set("schema")(e.currentTarget.value)} />
      </SimpleGrid>
      <Textarea label={t("admin.description")} autosize minRows={1} maxRows={4} value={draft.description} onChange={(e) => set("description")(e.currentTarget.value)} />
      <JsonEditor
        label={t("admin.connection.extra")}
        description={before && hasMask(before.extra ?? "") ? t("admin.connection.extraMasked") : undefined}
        value={draft.extra}
        onChange={set("extra")}
        error={extraProblem}
        placeholder={kind?.extra}
      />
    </FormDialog>
  );
}

/** Tries what the form holds, without saving it, where the server is set to allow that. */
function Trial({ draft, before, disabled }: { draft: Draft; before?: Connection; disabled: boolean }) {
  const { t } = useTranslation();
  const can = useCan();
  const { test_connection } = useSession().config;
  const trial = useMutation({ mutationFn: () => data(client.POST("/api/v2/connections/test", { body: bodyOf(draft, before) })) });
  if (test_connection !== "Enabled" || !can("can_create", "Connections")) return null;
  const { data: result, error } = trial;
  return (
    <Group gap="xs">
      <Button variant="light" leftSection={<IconPlugConnected size={16} />} onClick={() => trial.mutate()} loading={trial.isPending} disabled={disabled}>
        {t("admin.connection.test")}
      </Button>
      {(result ?? error) && (
        <Alert
          py={6}
          px="sm"
          maw={360}
          role="status"
          color={result?.status ? "teal" : "red"}
          icon={result?.status ? <IconCircleCheck /> : <IconCircleX />}
          title={t(result?.status ? "admin.connection.works" : "admin.connection.fails")}
        >
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>{result?.message ?? error?.message}</Text>
        </Alert>
      )}
    </Group>
  );
}
