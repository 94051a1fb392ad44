/** What is wrong with a DAG, above everything else of it. */
import { Alert, Anchor, Button, Code, Group, Modal, ScrollArea, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAlertTriangle, IconFileOff, IconHistory } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useCan } from "../../api/session";
import { Time } from "../../part/time";
import type { DagDetails } from "../../query";
import { dagAt } from "./address";
import { BackfillActions } from "./backfill/BackfillActions";
import { backfillsQuery, importErrorsQuery, warningsQuery } from "./query";

export function Banners({ dag }: { dag: DagDetails }) {
  const { t } = useTranslation();
  const can = useCan();
  const warnings = useQuery({ ...warningsQuery(dag.dag_id), enabled: can("can_read", "DAG Warnings", dag.dag_id) });
  const backfills = useQuery({ ...backfillsQuery(dag.dag_id, { limit: 5, order_by: ["-id"] }), enabled: can("can_read", "DAG Runs", dag.dag_id) });
  const filling = backfills.data?.backfills.filter((each) => !each.completed_at) ?? [];
  return (
    <>
      {dag.is_stale && <Alert radius={0} color="yellow" icon={<IconFileOff />} title={t("dag.stale")} py="xs">{t("dag.staleText")}</Alert>}
      {dag.has_import_errors && <Broken dag={dag} />}
      {warnings.data?.dag_warnings.map((warning) => (
        <Alert key={warning.warning_type + warning.message} radius={0} color="yellow" icon={<IconAlertTriangle />} py="xs">{warning.message}</Alert>
      ))}
      {filling.map((each) => (
        <Alert key={each.id} radius={0} color="blue" icon={<IconHistory />} py={6}>
          <Group gap="xs">
            <Text size="sm">{t(each.is_paused ? "dag.backfill.bannerPaused" : "dag.backfill.banner")}</Text>
            <Text size="sm"><Time value={each.from_date} /> – <Time value={each.to_date} /></Text>
            <Anchor size="sm" component={Link} to={dagAt(dag.dag_id, "backfills")}>{t("dag.backfill.see")}</Anchor>
            <BackfillActions of={each} />
          </Group>
        </Alert>
      ))}
    </>
  );
}

function Broken({ dag }: { dag: DagDetails }) {
  const { t } = useTranslation();
  const can = useCan();
  const [opened, { open, close }] = useDisclosure();
  const { data } = useQuery({ ...importErrorsQuery(), enabled: can("can_read", "ImportError") });
  const mine = data?.import_errors.filter(({ filename }) => !!filename && (dag.fileloc === filename || dag.relative_fileloc === filename || dag.fileloc.endsWith(`/${filename}`))) ?? [];
  return (
    <Alert radius={0} color="red" icon={<IconAlertTriangle />} title={t("dag.broken")} py="xs" role="alert">
      <Group gap="xs">
        <Text size="sm">{t("dag.brokenText")}</Text>
        {mine.length > 0 && <Button size="compact-xs" color="red" variant="light" onClick={open}>{t("dag.brokenShow")}</Button>}
      </Group>
      <Modal opened={opened} onClose={close} size="xl" title={t("dag.broken")}>
        {mine.map((error) => (
          <ScrollArea key={error.import_error_id}>
            <Text size="xs" c="dimmed" mb={4}>{error.filename} · <Time value={error.timestamp} /></Text>
            <Code block>{error.stack_trace}</Code>
          </ScrollArea>
        ))}
      </Modal>
    </Alert>
  );
}
