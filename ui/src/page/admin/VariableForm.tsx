import { Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { client, data } from "../../api/client";
import { useChange } from "../../part/mutate";
import { FormDialog } from "../../part/FormDialog";
import { hasMask, jsonProblem, pretty, seemsJson } from "./json";
import { JsonEditor } from "./JsonEditor";
import type { Variable } from "./query";

/** Adds a variable, or edits one. Only what changed is sent, so that a masked value stays as it is. */
export function VariableForm({ before: given, onClose }: { before?: Variable; onClose: () => void }) {
  const { t } = useTranslation();
  const [before] = useState(given);
  const [shown] = useState(pretty(before?.value ?? ""));
  const [key, setKey] = useState(before?.key ?? "");
  const [value, setValue] = useState(shown);
  const [description, setDescription] = useState(before?.description ?? "");
  const isChanged = !before || value !== shown;
  const problem = isChanged && hasMask(value) ? t("admin.maskStored") : seemsJson(value) ? jsonProblem(value) : null;
  const mask = [isChanged && "value", description !== (before?.description ?? "") && "description"].filter((name) => name !== false);
  const save = useChange({
    change: () => {
      const body = { key: key.trim(), value, description };
      if (!before) return data(client.POST("/api/v2/variables", { body }));
      return data(client.PATCH("/api/v2/variables/{variable_key}", { params: { path: { variable_key: before.key }, query: { update_mask: mask } }, body }));
    },
    stale: [["variables"]],
    done: t("admin.saved", { name: key.trim() }),
    onDone: onClose,
  });
  return (
    <FormDialog
      title={before ? t("admin.editNamed", { name: before.key }) : t("admin.variable.add")}
      onClose={onClose}
      onSubmit={() => (mask.length ? save.mutate() : onClose())}
      busy={save.isPending}
      // Text that only looks like JSON may be meant so; only a mask is never meant.
      disabled={!key.trim() || (isChanged && hasMask(value))}
    >
      <TextInput label={t("admin.variable.key")} required maxLength={250} disabled={!!before} data-autofocus={before ? undefined : true} value={key} onChange={(e) => setKey(e.currentTarget.value)} />
      <JsonEditor
        label={t("admin.variable.value")}
        description={t(before?.value && hasMask(before.value) ? "admin.variable.masked" : "admin.variable.valueHint")}
        value={value}
        onChange={setValue}
        error={problem && (isChanged && hasMask(value) ? problem : t("admin.variable.notJson", { problem }))}
        isJson={seemsJson(value)}
      />
      <Textarea label={t("admin.description")} autosize minRows={1} maxRows={4} value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
    </FormDialog>
  );
}
