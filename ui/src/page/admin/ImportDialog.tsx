import { Alert, FileInput, Radio, Stack, Text } from "@mantine/core";
import { IconFileUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { client, data } from "../../api/client";
import { useChange } from "../../part/mutate";
import { doneOrThrow } from "./bulk";
import { FormDialog } from "../../part/FormDialog";
import { parseFile } from "./variable";

const CONFLICTS = ["fail", "skip", "overwrite"] as const;
type Conflict = (typeof CONFLICTS)[number];
type Entities = ReturnType<typeof parseFile>;

/** Reads variables from a JSON file, and says what it found before anything is changed. */
export function ImportDialog({ onClose, mayOverwrite }: { onClose: () => void; mayOverwrite: boolean }) {
  const { t } = useTranslation();
  const [file, setFile] = useState<File | null>(null);
  const [found, setFound] = useState<Entities | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [conflict, setConflict] = useState<Conflict>("fail");
  const choose = async (chosen: File | null) => {
    setFile(chosen);
    setFound(null);
    setProblem(null);
    if (!chosen) return;
    try {
      setFound(parseFile(await chosen.text()));
    } catch (error) {
      setProblem(t("admin.variable.badFile", { problem: (error as Error).message }));
    }
  };
  const load = useChange({
    change: async (entities: Entities) =>
      doneOrThrow(await data(client.PATCH("/api/v2/variables", { body: { actions: [{ action: "create", action_on_existence: conflict, entities }] } }))),
    stale: [["variables"]],
    done: (names) => t("admin.variable.imported", { count: names.length }),
    onDone: onClose,
  });
  return (
    <FormDialog title={t("admin.variable.import")} verb={t("admin.variable.importVerb")} onClose={onClose} onSubmit={() => found && load.mutate(found)} busy={load.isPending} disabled={!found?.length} size="md">
      <FileInput
        label={t("admin.variable.file")}
        description={t("admin.variable.fileHint")}
        accept="application/json,.json"
        leftSection={<IconFileUpload size={16} />}
        placeholder={t("admin.variable.choose")}
        clearable
        clearButtonProps={{ "aria-label": t("action.clear") }}
        value={file}
        onChange={(chosen) => void choose(chosen)}
        error={problem}
      />
      {found && (
        <Alert color={found.length ? "teal" : "yellow"} role="status" title={t("admin.variable.found", { count: found.length })}>
          <Text size="sm" lineClamp={3} style={{ overflowWrap: "anywhere" }}>{found.map(({ key }) => key).join(", ")}</Text>
        </Alert>
      )}
      <Radio.Group label={t("admin.variable.conflict")} value={conflict} onChange={(value) => setConflict(value)}>
        <Stack gap={6} mt={6}>
          {CONFLICTS.filter((value) => value !== "overwrite" || mayOverwrite).map((value) => (
            <Radio key={value} value={value} label={t(`admin.variable.on.${value}`)} />
          ))}
        </Stack>
      </Radio.Group>
    </FormDialog>
  );
}
