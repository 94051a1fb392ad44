import { Button, Group, Paper, SimpleGrid, Skeleton, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconInfinity, IconMoon, IconPlus, IconSwimming } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { client } from "../../api/client";
import { useCan } from "../../api/session";
import { confirm } from "../../part/confirm";
import { Pages, useParam, usePaging } from "../../part/DataTable";
import { ChoiceFilter, TextFilter } from "../../part/filters";
import { Unreadable } from "../../part/FormDialog";
import { useChange } from "../../part/mutate";
import { Page } from "../../part/Page";
import { Empty, Problem } from "../../part/Problem";
import { Bars } from "../home/Bars";
import { useEditing } from "./editing";
import { PoolForm } from "./PoolForm";
import { poolQuery, poolsQuery, type Pool } from "./query";
import { RowActions } from "./RowActions";

const ORDERS = ["name", "-name", "slots", "-slots"];

export function Component() {
  const { t } = useTranslation();
  const can = useCan();
  const editing = useEditing();
  const [wanted] = useParam("q");
  const paging = usePaging("name", 50);
  const pools = useQuery(poolsQuery({ limit: paging.limit, offset: paging.offset, order_by: paging.order_by, pool_name_pattern: wanted ?? undefined }));
  const found = pools.data?.pools;
  return (
    <Page title={t("nav.pools")} actions={can("can_create", "Pools") && <Button leftSection={<IconPlus size={16} />} onClick={editing.add}>{t("admin.pool.add")}</Button>}>
      <Group gap="xs" mb="sm">
        <TextFilter name="q" label={t("admin.pool.name")} />
        <ChoiceFilter name="order" label={t("admin.pool.order")} data={ORDERS.map((value) => ({ value, label: t(`admin.pool.by.${value.replace("-", "minus_")}`) }))} />
      </Group>
      {pools.error ? (
        <Problem error={pools.error} retry={() => void pools.refetch()} />
      ) : found?.length === 0 ? (
        <Paper>
          <Empty icon={IconSwimming} title={t("admin.noMatch")}>{t("admin.noMatchText", { wanted })}</Empty>
        </Paper>
      ) : (
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
          {found ? found.map((pool) => <PoolCard key={pool.name} pool={pool} onEdit={() => editing.edit(pool.name)} />) : [0, 1].map((i) => <Skeleton key={i} h={150} />)}
        </SimpleGrid>
      )}
      <Pages total={pools.data?.total_entries} paging={paging} />
      {editing.adding && can("can_create", "Pools") && <PoolForm onClose={editing.close} />}
      {editing.edited !== null && can("can_edit", "Pools") && <Edit name={editing.edited} onClose={editing.close} />}
    </Page>
  );
}

function Edit({ name, onClose }: { name: string; onClose: () => void }) {
  const pool = useQuery(poolQuery(name));
  if (pool.error) return <Unreadable title={name} error={pool.error} onClose={onClose} />;
  return pool.data ? <PoolForm key={name} before={pool.data} onClose={onClose} /> : null;
}

function PoolCard({ pool, onEdit }: { pool: Pool; onEdit: () => void }) {
  const { t } = useTranslation();
  const can = useCan();
  const remove = useChange({
    change: () => client.DELETE("/api/v2/pools/{pool_name}", { params: { path: { pool_name: pool.name } } }),
    stale: [["pools"], ["overview"]],
    done: t("admin.deleted", { count: 1, name: pool.name }),
  });
  const isDefault = pool.name === "default_pool";
  const ask = () => confirm(t("admin.pool.confirm", { name: pool.name }), t("admin.pool.confirmText"), () => remove.mutate());
  const counts = {
    running: pool.running_slots,
    queued: pool.queued_slots,
    scheduled: pool.scheduled_slots,
    deferred: pool.deferred_slots,
    open: Math.max(0, pool.open_slots),
  };
  return (
    <Paper p="md" component="article" aria-label={pool.name}>
      <Group justify="space-between" wrap="nowrap" align="start" gap="xs">
        <Stack gap={2} miw={0}>
          <Title order={2} style={{ overflowWrap: "anywhere" }}>{pool.name}</Title>
          <Text size="sm" c="dimmed">{pool.description || t("admin.pool.noDescription")}</Text>
        </Stack>
        <RowActions name={pool.name} onEdit={can("can_edit", "Pools") ? onEdit : undefined} onDelete={can("can_delete", "Pools") && !isDefault ? ask : undefined} />
      </Group>
      <Group gap="lg" my="sm">
        <Group gap={6}>
          {pool.slots < 0 ? <IconInfinity size={18} aria-hidden /> : null}
          <Text size="sm">{pool.slots < 0 ? t("admin.pool.unlimited") : t("admin.pool.taken", { n: pool.occupied_slots, total: pool.slots })}</Text>
        </Group>
        {pool.include_deferred && (
          <Tooltip label={t("admin.pool.deferredHint")}>
            <Group gap={6} c="dimmed">
              <IconMoon size={16} aria-hidden />
              <Text size="sm">{t("admin.pool.withDeferred")}</Text>
            </Group>
          </Tooltip>
        )}
      </Group>
      <Bars counts={counts} label={(key) => `home.slot.${key}`} empty={t("admin.pool.idle")} />
    </Paper>
  );
}
