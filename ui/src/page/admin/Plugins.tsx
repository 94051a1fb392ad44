import { Alert, Anchor, Badge, Code, Group, Paper, ScrollArea, Skeleton, Stack, Table, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconExternalLink, IconPackage, IconPuzzle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useCan } from "../../api/session";
import { Page } from "../../part/Page";
import { Empty, Problem } from "../../part/Problem";
import { partsOf } from "./plugin";
import { pluginErrorsQuery, pluginsQuery, providersQuery } from "./query";

export function Component() {
  const { t } = useTranslation();
  const can = useCan();
  return (
    <Page title={t("nav.plugins")}>
      <Stack gap="xl">
        {can("can_read", "Plugins") && <Plugins />}
        {can("can_read", "Providers") && <Providers />}
      </Stack>
    </Page>
  );
}

function Section({ id, title, count, children }: { id: string; title: string; count: number | undefined; children: ReactNode }) {
  return (
    <section aria-labelledby={id}>
      <Group gap="xs" mb="sm">
        <Title order={2} id={id}>{title}</Title>
        {!!count && <Badge variant="default">{count}</Badge>}
      </Group>
      {children}
    </section>
  );
}

function Plugins() {
  const { t } = useTranslation();
  const plugins = useQuery(pluginsQuery);
  const errors = useQuery(pluginErrorsQuery);
  const found = plugins.data?.plugins;
  return (
    <Section id="plugins" title={t("admin.plugin.title")} count={found?.length}>
      {errors.data?.import_errors.map(({ source, error }) => (
        <Alert key={source} color="red" icon={<IconAlertTriangle />} title={t("admin.plugin.broken", { source })} mb="sm">
          <ScrollArea.Autosize mah={240}><Code block>{error}</Code></ScrollArea.Autosize>
        </Alert>
      ))}
      <Paper>
        {plugins.error ? (
          <Problem error={plugins.error} retry={() => void plugins.refetch()} />
        ) : !found ? (
          <Skeleton h={120} />
        ) : !found.length ? (
          <Empty icon={IconPuzzle} title={t("admin.plugin.none")}>{t("admin.plugin.noneText")}</Empty>
        ) : (
          <ScrollArea type="auto">
            <Table aria-label={t("admin.plugin.title")} miw={480}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("admin.plugin.name")}</Table.Th>
                  <Table.Th>{t("admin.plugin.source")}</Table.Th>
                  <Table.Th>{t("admin.plugin.adds")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {found.map((plugin) => (
                  <Table.Tr key={`${plugin.name} ${plugin.source}`}>
                    <Table.Td fw={600}>{plugin.name}</Table.Td>
                    <Table.Td><Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>{plugin.source}</Text></Table.Td>
                    <Table.Td>
                      <Group gap={6}>
                        {partsOf(plugin).map(([part, n]) => <Badge key={part} variant="light" tt="none" radius="sm">{t(`admin.plugin.part.${part}`)}{n > 1 ? ` × ${n}` : ""}</Badge>)}
                        {!partsOf(plugin).length && <Text size="sm" c="dimmed">–</Text>}
                      </Group>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea>
        )}
      </Paper>
    </Section>
  );
}

/** Only addresses of the web are linked to: they come from packages. */
const isWeb = (address: string | null | undefined): address is string => /^https?:\/\//.test(address ?? "");

function Providers() {
  const { t } = useTranslation();
  const providers = useQuery(providersQuery);
  const found = providers.data?.providers;
  return (
    <Section id="providers" title={t("admin.provider.title")} count={found?.length}>
      <Paper>
        {providers.error ? (
          <Problem error={providers.error} retry={() => void providers.refetch()} />
        ) : !found ? (
          <Skeleton h={120} />
        ) : !found.length ? (
          <Empty icon={IconPackage} title={t("admin.provider.none")}>{t("admin.provider.noneText")}</Empty>
        ) : (
          <ScrollArea type="auto">
            <Table aria-label={t("admin.provider.title")} miw={480}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("admin.provider.package")}</Table.Th>
                  <Table.Th>{t("admin.provider.version")}</Table.Th>
                  <Table.Th>{t("admin.description")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {found.map((provider) => (
                  <Table.Tr key={provider.package_name}>
                    <Table.Td>
                      {isWeb(provider.documentation_url) ? (
                        <Anchor href={provider.documentation_url} target="_blank" rel="noreferrer" size="sm">
                          {provider.package_name} <IconExternalLink size={12} aria-label={t("admin.provider.docs")} />
                        </Anchor>
                      ) : (
                        <Text size="sm">{provider.package_name}</Text>
                      )}
                    </Table.Td>
                    <Table.Td><Code>{provider.version}</Code></Table.Td>
                    <Table.Td><Text size="sm" c="dimmed" lineClamp={2}>{provider.description}</Text></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea>
        )}
      </Paper>
    </Section>
  );
}
