/** A note on a run or a task instance: shown as markdown, written in a dialog with a preview. */
import { ActionIcon, Button, Group, Paper, SegmentedControl, Stack, Text, Textarea, Tooltip } from "@mantine/core";
import { IconEdit, IconNote } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useChange } from "../../part/mutate";
import { keysOfRuns } from "../../query";
import { Dialog } from "./Dialog";
import classes from "./Note.module.css";
import { Markdown } from "./Markdown";

const MAX = 1000;

interface Props {
  dagId: string;
  note: string | null;
  canEdit: boolean;
  save: (note: string) => Promise<unknown>;
}

/** The button that begins a note where there is none; with one, see NoteShown. */
export function NoteButton({ dagId, note, save, onOpen }: Omit<Props, "canEdit"> & { onOpen?: () => void }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Tooltip label={t(note ? "run.note.edit" : "run.note.add")}>
        <ActionIcon
          variant="default"
          size={30}
          aria-label={t(note ? "run.note.edit" : "run.note.add")}
          onClick={() => {
            onOpen?.();
            setOpened(true);
          }}
        >
          {note ? <IconEdit size={16} /> : <IconNote size={16} />}
        </ActionIcon>
      </Tooltip>
      <NoteDialog dagId={dagId} note={note} save={save} opened={opened} onClose={() => setOpened(false)} />
    </>
  );
}

export function NoteShown({ dagId, note, canEdit, save }: Props) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  if (!note) return null;
  return (
    <Paper px="sm" py={6} className={classes.note}>
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <IconNote size={16} style={{ marginTop: 3, flexShrink: 0 }} aria-label={t("run.note.title")} />
        <div style={{ flex: 1, minWidth: 0, maxHeight: 120, overflowY: "auto" }}><Markdown>{note}</Markdown></div>
        {canEdit && (
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t("run.note.edit")} onClick={() => setOpened(true)}><IconEdit size={14} /></ActionIcon>
        )}
      </Group>
      <NoteDialog dagId={dagId} note={note} save={save} opened={opened} onClose={() => setOpened(false)} />
    </Paper>
  );
}

function NoteDialog({ opened, onClose, ...rest }: Omit<Props, "canEdit"> & { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog opened={opened} onClose={onClose} title={t("run.note.title")} size="md">
      <NoteForm {...rest} onClose={onClose} />
    </Dialog>
  );
}

function NoteForm({ dagId, note, save, onClose }: Omit<Props, "canEdit"> & { onClose: () => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(note ?? "");
  const [view, setView] = useState("write");
  const change = useChange({ stale: keysOfRuns(dagId), change: () => save(text), onDone: onClose });
  return (
    <Stack gap="sm" component="form" onSubmit={(event) => { event.preventDefault(); change.mutate(); }}>
      <SegmentedControl size="xs" value={view} onChange={setView} data={[{ value: "write", label: t("run.note.write") }, { value: "preview", label: t("run.note.preview") }]} />
      {view === "write" ? (
        <Textarea
          data-autofocus
          aria-label={t("run.note.title")}
          placeholder={t("run.note.placeholder")}
          autosize
          minRows={6}
          maxRows={16}
          maxLength={MAX}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) change.mutate();
          }}
        />
      ) : (
        <Paper p="sm" mih={150}>{text.trim() ? <Markdown>{text}</Markdown> : <Text size="sm" c="dimmed">{t("run.note.empty")}</Text>}</Paper>
      )}
      <Group justify="space-between">
        <Text size="xs" c="dimmed">{t("run.note.length", { n: text.length, max: MAX })}</Text>
        <Group gap="xs">
          <Button variant="default" onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="submit" loading={change.isPending} disabled={text === (note ?? "")}>{t("action.save")}</Button>
        </Group>
      </Group>
    </Stack>
  );
}
