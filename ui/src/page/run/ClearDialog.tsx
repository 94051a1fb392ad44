/** Run task instances again, after seeing which. */
import { Button, Checkbox, Group, Stack, Text, Textarea } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useChange } from "../../part/mutate";
import { keysOfRuns, dagQuery, runQuery } from "../../query";
import { Affected } from "./Affected";
import { Dialog } from "./Dialog";
import { clear, NO_SCOPE, type ClearOptions, type Target } from "./change";
import { ScopeChoice } from "./ScopeChoice";
import { titleOf } from "./title";

interface Props {
  target: Target;
  opened: boolean;
  onClose: () => void;
  onDone?: () => void;
}

export function ClearDialog(props: Props) {
  const { t } = useTranslation();
  return (
    <Dialog opened={props.opened} onClose={props.onClose} size="lg" title={titleOf(t, "run.clear.title", props.target)}>
      <Form {...props} />
    </Dialog>
  );
}

function Form({ target, onClose, onDone }: Props) {
  const { t } = useTranslation();
  const { dagId } = target;
  const { data: dag } = useQuery(dagQuery(dagId));
  const { data: run } = useQuery({ ...runQuery(dagId, target.kind === "tasks" ? target.runId : ""), enabled: target.kind === "tasks" });
  const [note, setNote] = useState("");
  const [chosen, setChosen] = useState<Partial<ClearOptions>>({ include_downstream: target.kind === "tasks" });
  const options: ClearOptions = { ...NO_SCOPE, only_failed: false, run_on_latest_version: dag?.rerun_with_latest_version ?? false, ...chosen, note };
  // What a note says and which version runs do not change what is concerned.
  const asked: ClearOptions = { ...options, run_on_latest_version: false, note: "" };
  const preview = useQuery({
    queryKey: ["run", dagId, target.kind === "tasks" ? target.runId : "*", "clear", target, asked],
    queryFn: () => clear(target, asked, true),
    gcTime: 0,
    staleTime: 0,
  });
  const change = useChange({
    stale: keysOfRuns(dagId),
    change: () => clear(target, options, false),
    done: () => t("run.clear.done", { count: preview.data?.length ?? 0 }),
    onDone: () => {
      onDone?.();
      onClose();
    },
  });
  const set = (next: Partial<ClearOptions>) => setChosen((before) => ({ ...before, ...next }));
  const n = preview.data?.length ?? 0;
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">{t(target.kind === "tasks" ? "run.clear.text" : "run.clear.textRun")}</Text>
      {target.kind === "tasks" && <ScopeChoice scope={options} onChange={set} hasDate={!!run?.logical_date} />}
      <Group gap="lg" align="flex-start">
        <Checkbox size="sm" label={t("run.clear.onlyFailed")} checked={options.only_failed} onChange={(e) => set({ only_failed: e.currentTarget.checked })} />
        <Checkbox size="sm" label={t("run.clear.latest")} description={t("run.clear.latestHelp")} checked={options.run_on_latest_version} onChange={(e) => set({ run_on_latest_version: e.currentTarget.checked })} />
      </Group>
      <Affected rows={preview.data} error={preview.error} retry={() => void preview.refetch()} nothing={t("run.clear.nothing")} />
      <Textarea label={t("run.note.title")} placeholder={t("run.note.why")} autosize minRows={1} maxRows={5} maxLength={1000} value={note} onChange={(e) => setNote(e.currentTarget.value)} />
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose} data-autofocus>{t("action.cancel")}</Button>
        <Button leftSection={<IconRefresh size={16} />} disabled={!n || preview.isFetching} loading={change.isPending} onClick={() => change.mutate()} data-autofocus>
          {t("run.clear.do", { count: n })}
        </Button>
      </Group>
    </Stack>
  );
}
