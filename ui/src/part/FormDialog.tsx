import { Button, Group, Modal, Stack } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import type { FormEvent, ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Problem } from "./Problem";

interface Props {
  title: string;
  onClose: () => void;
  onSubmit: () => void;
  busy: boolean;
  verb?: string;
  disabled?: boolean;
  /** Left of the buttons. */
  aside?: ReactNode;
  size?: string;
  children: ReactNode;
}

/** A form in a window of its own, which is the whole screen on a phone. */
export function FormDialog({ title, onClose, onSubmit, busy, verb, disabled, aside, size = "lg", children }: Props) {
  const { t } = useTranslation();
  const phone = useMediaQuery("(max-width: 36em)");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    if (!disabled && !busy) onSubmit();
  };
  return (
    <Modal opened onClose={onClose} title={title} size={size} fullScreen={phone}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          {children}
          <Group justify="space-between" mt="xs" gap="xs">
            <div>{aside}</div>
            <Group gap="xs" ml="auto">
              <Button variant="default" onClick={onClose}>{t("action.cancel")}</Button>
              <Button type="submit" loading={busy} disabled={disabled}>{verb ?? t("action.save")}</Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** In place of the form of something that cannot be read: it is gone, perhaps. */
export function Unreadable({ title, error, onClose }: { title: string; error: Error; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={title}>
      <Problem error={error} />
    </Modal>
  );
}
