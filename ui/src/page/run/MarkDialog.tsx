/** Say that task instances or runs succeeded or failed, after seeing which. */
import { Alert, Button, Group, SegmentedControl, Stack, Text, Textarea } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { lookOf } from "../../state";
import { useChange } from "../../part/mutate";
import { keysOfRuns, runQuery } from "../../query";
import { Affected } from "./Affected";
import { Dialog } from "./Dialog";
import { mark, NO_SCOPE, previewMark, type MarkState, type Scope, type Target } from "./change";
import { ScopeChoice } from "./ScopeChoice";
import { titleOf } from "./title";

interface Props {
  target: Target;
  /** What to begin with. */
  state: MarkState;
  opened: boolean;
  onClose: () => void;
  onDone?: () => void;
}

export function MarkDialog(props: Props) {
  const { t } = useTranslation();
  return (
    <Dialog opened={props.opened} onClose={props.onClose} size="lg" title={titleOf(t, "run.mark.title", props.target)}>
      <Form {...props} />
    </Dialog>
  );
}

function Form({ target, state: first, onClose, onDone }: Props) {
  const { t } = useTranslation();
  const { dagId } = target;
  const { data: run } = useQuery({ ...runQuery(dagId, target.kind === "tasks" ? target.runId : ""), enabled: target.kind === "tasks" });
  const [state, setState] = useState<MarkState>(first);
  const [scope, setScope] = useState<Scope>(NO_SCOPE);
  const [note, setNote] = useState("");
  const preview = useQuery({
    queryKey: ["run", dagId, target.kind === "tasks" ? target.runId : "*", "mark", target, state, scope],
    queryFn: () => previewMark(target, state, scope),
    gcTime: 0,
    staleTime: 0,
  });
  const change = useChange({
    stale: keysOfRuns(dagId),
    change: () => mark(target, state, scope, note),
    done: () => t("run.mark.done", { state: t(`state.${state}`) }),
    onDone: () => {
      onDone?.();
      onClose();
    },
  });
  const isRun = target.kind === "runs";
  const n = preview.data?.length ?? 0;
  const { icon: Icon } = lookOf(state);
  return (
    <Stack gap="md">
      <SegmentedControl
        aria-label={t("run.mark.state")}
        value={state}
        onChange={setState}
        data={(["success", "failed"] as const).map((value) => ({ value, label: t(`state.${value}`) }))}
      />
      <Text size="sm" c="dimmed">{t(`run.mark.${isRun ? "run_" : ""}${state}`)}</Text>
      {!isRun && <ScopeChoice scope={scope} onChange={setScope} hasDate={!!run?.logical_date} />}
      <Affected rows={preview.data} error={preview.error} retry={() => void preview.refetch()} nothing={t(isRun ? "run.mark.nothingRun" : "run.mark.nothing", { state: t(`state.${state}`) })} />
      {isRun && n > 0 && <Alert variant="light" color="gray" icon={<IconInfoCircle />} p="xs">{t("run.mark.unfinished")}</Alert>}
      <Textarea label={t("run.note.title")} placeholder={t("run.note.why")} autosize minRows={1} maxRows={5} maxLength={1000} value={note} onChange={(e) => setNote(e.currentTarget.value)} />
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose} data-autofocus>{t("action.cancel")}</Button>
        <Button
          color={state === "success" ? "green" : "red"}
          leftSection={<Icon size={16} />}
          disabled={preview.isFetching || (!isRun && !n)}
          loading={change.isPending}
          onClick={() => change.mutate()}
          data-autofocus
        >
          {isRun ? t("run.mark.doRun", { count: target.runIds.length, state: t(`state.${state}`) }) : t("run.mark.do", { count: n, state: t(`state.${state}`) })}
        </Button>
      </Group>
    </Stack>
  );
}
