import { Alert, Anchor, Badge, Code, Group, Paper, ScrollArea, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconExternalLink, IconPackage, IconPuzzle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useCan } from "../../api/session";
import { DataTable, usePaging } from "../../part/DataTable";
import { Page } from "../../part/Page";
import { Empty } from "../../part/Problem";
import { partsOf } from "./plugin";
import { pluginErrorsQuery, pluginsQuery, providersQuery, type Plugin, type Provider } from "./query";

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
  const paging = usePaging(undefined, 25, "plugins.");
  const plugins = useQuery(pluginsQuery({ limit: paging.limit, offset: paging.offset }));
  const errors = useQuery(pluginErrorsQuery);
  const columns: ColumnDef<Plugin, unknown>[] = [
    { id: "name", header: t("admin.plugin.name"), cell: ({ row }) => <Text size="sm" fw={600}>{row.original.name}</Text> },
    { id: "source", header: t("admin.plugin.source"), cell: ({ row }) => <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>{row.original.source}</Text> },
    { id: "adds", header: t("admin.plugin.adds"), cell: ({ row }) => <Parts plugin={row.original} /> },
  ];
  return (
    <Section id="plugins" title={t("admin.plugin.title")} count={plugins.data?.total_entries}>
      {errors.data?.import_errors.map(({ source, error }) => (
        <Alert key={source} color="red" icon={<IconAlertTriangle />} title={t("admin.plugin.broken", { source })} mb="sm">
          <ScrollArea.Autosize mah={240}><Code block>{error}</Code></ScrollArea.Autosize>
        </Alert>
      ))}
      <Paper>
        <DataTable
          label={t("admin.plugin.title")}
          columns={columns}
          rows={plugins.data?.plugins}
          total={plugins.data?.total_entries}
          paging={paging}
          rowId={(plugin) => `${plugin.name} ${plugin.source}`}
          error={plugins.error}
          retry={() => void plugins.refetch()}
          empty={<Empty icon={IconPuzzle} title={t("admin.plugin.none")}>{t("admin.plugin.noneText")}</Empty>}
        />
      </Paper>
    </Section>
  );
}

function Parts({ plugin }: { plugin: Plugin }) {
  const { t } = useTranslation();
  const parts = partsOf(plugin);
  return (
    <Group gap={6}>
      {parts.map(([part, n]) => <Badge key={part} variant="light" tt="none" radius="sm">{t(`admin.plugin.part.${part}`)}{n > 1 ? ` × ${n}` : ""}</Badge>)}
      {!parts.length && <Text size="sm" c="dimmed">–</Text>}
    </Group>
  );
}

/** Only addresses of the web are linked to: they come from packages. */
const isWeb = (address: string | null | undefined): address is string => /^https?:\/\//.test(address ?? "");

function Providers() {
  const { t } = useTranslation();
  const paging = usePaging(undefined, 25, "providers.");
  const providers = useQuery(providersQuery({ limit: paging.limit, offset: paging.offset }));
  const columns: ColumnDef<Provider, unknown>[] = [
    {
      id: "package",
      header: t("admin.provider.package"),
      cell: ({ row: { original: { package_name, documentation_url } } }) =>
        isWeb(documentation_url) ? (
          <Anchor href={documentation_url} target="_blank" rel="noreferrer" size="sm">
            {package_name} <IconExternalLink size={12} aria-label={t("admin.provider.docs")} />
          </Anchor>
        ) : (
          <Text size="sm">{package_name}</Text>
        ),
    },
    { id: "version", header: t("admin.provider.version"), cell: ({ row }) => <Code>{row.original.version}</Code> },
    { id: "description", header: t("admin.description"), meta: { wideOnly: true }, cell: ({ row }) => <Text size="sm" c="dimmed" lineClamp={2}>{row.original.description}</Text> },
  ];
  return (
    <Section id="providers" title={t("admin.provider.title")} count={providers.data?.total_entries}>
      <Paper>
        <DataTable
          label={t("admin.provider.title")}
          columns={columns}
          rows={providers.data?.providers}
          total={providers.data?.total_entries}
          paging={paging}
          rowId={(provider) => provider.package_name}
          error={providers.error}
          retry={() => void providers.refetch()}
          empty={<Empty icon={IconPackage} title={t("admin.provider.none")}>{t("admin.provider.noneText")}</Empty>}
        />
      </Paper>
    </Section>
  );
}
