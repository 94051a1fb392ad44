import { Code, Group, Paper, ScrollArea, Stack, Text } from "@mantine/core";
import { IconCircleCheck, IconFileAlert } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { client, data } from "../../api/client";
import type { components } from "../../api/schema";
import { TextFilter } from "../../part/filters";
import { Page } from "../../part/Page";
import { Empty, Loading, Problem } from "../../part/Problem";
import { Time } from "../../part/time";
import { parseTrace } from "./trace";

type ImportError = components["schemas"]["ImportErrorResponse"];

export function Component() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const query = { limit: 100, order_by: ["-timestamp"], filename_pattern: search.get("file") ?? undefined };
  const errors = useQuery({
    queryKey: ["import_errors", query],
    queryFn: () => data(client.GET("/api/v2/importErrors", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const found = errors.data?.import_errors;
  return (
    <Page title={t("nav.importErrors")}>
      <Group mb="sm">
        <TextFilter name="file" label={t("browse.file")} />
      </Group>
      {errors.error ? (
        <Problem error={errors.error} retry={() => void errors.refetch()} />
      ) : !found ? (
        <Loading />
      ) : !found.length ? (
        <Paper>
          <Empty icon={IconCircleCheck} title={t("browse.noErrors")}>{t("browse.noErrorsText")}</Empty>
        </Paper>
      ) : (
        <Stack>
          {found.map((error) => (
            <Broken key={error.import_error_id} error={error} />
          ))}
        </Stack>
      )}
    </Page>
  );
}

/** A file with its error: first what and where, then the way there. */
function Broken({ error }: { error: ImportError }) {
  const { t } = useTranslation();
  const { message, line, source } = parseTrace(error.stack_trace, error.filename);
  return (
    <Paper p="md" component="article" aria-label={error.filename}>
      <Group gap="xs" wrap="nowrap" align="start">
        <IconFileAlert size={20} color="var(--mantine-color-red-6)" style={{ flexShrink: 0 }} />
        <Stack gap={2} miw={0} flex={1}>
          <Text fw={650} style={{ overflowWrap: "anywhere" }}>
            {error.filename}
            {line !== null && <Text span c="dimmed" fw={400}> · {t("browse.line", { line })}</Text>}
          </Text>
          <Text size="sm" c="red" style={{ overflowWrap: "anywhere" }}>{message}</Text>
        </Stack>
        <Text size="sm" c="dimmed"><Time value={error.timestamp} relative /></Text>
      </Group>
      {source && (
        <Code block mt="sm" style={{ borderInlineStart: "3px solid var(--mantine-color-red-6)" }}>
          {line !== null ? `${line}  ` : ""}
          {source}
        </Code>
      )}
      <details>
        <Text component="summary" size="sm" mt="sm" style={{ cursor: "pointer" }}>{t("browse.trace")}</Text>
        <ScrollArea.Autosize mah={420} mt="xs">
          <Code block>{error.stack_trace}</Code>
        </ScrollArea.Autosize>
      </details>
    </Paper>
  );
}
