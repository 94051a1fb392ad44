/** Text that people wrote in markdown. HTML in it is shown as text. */
import { Text, Typography } from "@mantine/core";
import { lazy, Suspense } from "react";

const Rendered = lazy(() => import("./MarkdownRendered"));

export function Markdown({ children, small = false }: { children: string; small?: boolean }) {
  return (
    <Suspense fallback={<Text size={small ? "xs" : "sm"} style={{ whiteSpace: "pre-wrap" }}>{children}</Text>}>
      <Typography fz={small ? "xs" : "sm"} style={{ overflowWrap: "anywhere" }}>
        <Rendered>{children}</Rendered>
      </Typography>
    </Suspense>
  );
}
