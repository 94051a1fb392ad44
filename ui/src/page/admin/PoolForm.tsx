import { Checkbox, NumberInput, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { client, data } from "../../api/client";
import { useChange } from "../../part/mutate";
import { FormDialog } from "../../part/FormDialog";
import type { Pool } from "./query";

export function PoolForm({ before, onClose }: { before?: Pool; onClose: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState(before?.name ?? "");
  const [slots, setSlots] = useState<number | string>(before?.slots ?? 8);
  const [description, setDescription] = useState(before?.description ?? "");
  const [include_deferred, setDeferred] = useState(before?.include_deferred ?? false);
  const isDefault = before?.name === "default_pool";
  const save = useChange({
    change: () => {
      const values = { slots: Number(slots), description, include_deferred };
      if (!before) return data(client.POST("/api/v2/pools", { body: { name: name.trim(), ...values } }));
      // The default pool keeps its name and words; the server refuses any other change of it.
      const query = isDefault ? { update_mask: ["slots", "include_deferred"] } : {};
      return data(client.PATCH("/api/v2/pools/{pool_name}", { params: { path: { pool_name: before.name }, query }, body: { pool: before.name, ...values } }));
    },
    stale: [["pools"], ["overview"]],
    done: t("admin.saved", { name: name.trim() }),
    onDone: onClose,
  });
  return (
    <FormDialog
      title={before ? t("admin.editNamed", { name: before.name }) : t("admin.pool.add")}
      onClose={onClose}
      onSubmit={() => save.mutate()}
      busy={save.isPending}
      disabled={!name.trim() || slots === "" || Number(slots) < -1}
      size="md"
    >
      <TextInput label={t("admin.pool.name")} required maxLength={250} disabled={!!before} data-autofocus={before ? undefined : true} value={name} onChange={(e) => setName(e.currentTarget.value)} />
      <NumberInput label={t("admin.pool.slots")} description={t("admin.pool.slotsHint")} required min={-1} max={2147483647} allowDecimal={false} data-autofocus={before ? true : undefined} value={slots} onChange={setSlots} />
      <Textarea label={t("admin.description")} autosize minRows={1} maxRows={4} disabled={isDefault} value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
      <Checkbox label={t("admin.pool.includeDeferred")} description={t("admin.pool.deferredHint")} checked={include_deferred} onChange={(e) => setDeferred(e.currentTarget.checked)} />
    </FormDialog>
  );
}
