import { Box, Group, Highlight, Paper, Skeleton, Stack, Table, Text, Title } from "@mantine/core";
import { IconEyeOff, IconSettings } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../../api/client";
import { useParam } from "../../part/DataTable";
import { TextFilter } from "../../part/filters";
import { Page } from "../../part/Page";
import { Empty, Problem } from "../../part/Problem";
import { matching, type Section } from "./options";
import { configQuery } from "./query";

export function Component() {
  const { t } = useTranslation();
  const [wanted] = useParam("q");
  const config = useQuery(configQuery);
  const sections = useMemo(() => matching(config.data?.sections ?? [], wanted ?? ""), [config.data, wanted]);
  const isHidden = config.error instanceof ApiError && config.error.status === 403;
  return (
    <Page title={t("nav.config")}>
      {isHidden ? (
        <Paper>
          <Empty icon={IconEyeOff} title={t("admin.config.hidden")}>{config.error?.message}</Empty>
        </Paper>
      ) : config.error ? (
        <Problem error={config.error} retry={() => void config.refetch()} />
      ) : (
        <>
          <Group mb="sm">
            <TextFilter name="q" label={t("admin.config.search")} />
          </Group>
          {!config.data ? (
            <Stack>{[0, 1, 2].map((i) => <Skeleton key={i} h={160} />)}</Stack>
          ) : !sections.length ? (
            <Paper>
              <Empty icon={IconSettings} title={t("admin.noMatch")}>{t("admin.noMatchText", { wanted })}</Empty>
            </Paper>
          ) : (
            <Stack>{sections.map((section) => <Options key={section.name} section={section} wanted={wanted ?? ""} />)}</Stack>
          )}
        </>
      )}
    </Page>
  );
}

function Options({ section, wanted }: { section: Section; wanted: string }) {
  return (
    <Paper component="section" aria-label={section.name} style={{ overflow: "hidden" }}>
      <Box px="md" py={8} bg="var(--mantine-color-default-hover)">
        <Title order={2} ff="monospace" fz="md">[{section.name}]</Title>
      </Box>
      <Table layout="fixed">
        <Table.Tbody>
          {section.options.map(({ key, value }) => (
            <Table.Tr key={key}>
              <Table.Th scope="row" w="42%" pl="md" fw={500} style={{ overflowWrap: "anywhere" }}>
                <Highlight size="sm" ff="monospace" highlight={wanted} component="span">{key}</Highlight>
              </Table.Th>
              <Table.Td pr="md" style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
                {value === "" ? <Text size="sm" c="dimmed">–</Text> : <Text size="sm" ff="monospace">{String(value)}</Text>}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}
