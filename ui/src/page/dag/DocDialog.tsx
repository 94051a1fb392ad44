import { Modal, Typography } from "@mantine/core";
import { lazy, Suspense } from "react";

import { Loading } from "../../part/Problem";

const Text = lazy(async () => {
  const [{ default: Markdown }, { default: gfm }] = await Promise.all([import("react-markdown"), import("remark-gfm")]);
  return { default: ({ text }: { text: string }) => <Markdown remarkPlugins={[gfm]}>{text}</Markdown> };
});

/** Markdown as its author meant it; raw HTML in it is shown, not run. */
export function Markdown({ text }: { text: string }) {
  return (
    <Typography fz="sm">
      <Suspense fallback={<Loading />}>
        <Text text={text} />
      </Suspense>
    </Typography>
  );
}

export function DocDialog({ title, text, opened, onClose }: { title: string; text: string; opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} size="lg">
      <Markdown text={text} />
    </Modal>
  );
}
