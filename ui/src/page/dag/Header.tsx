/** Who this DAG is, how it does, when it runs next, and what can be done with it. */
import { Anchor, Badge, Button, Group, Skeleton, Title, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBook2, IconCalendarRepeat, IconClock, IconPlayerPlay, IconTag, IconUser, IconVersions } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useCan } from "../../api/session";
import { StateBadge } from "../../part/StateBadge";
import { Time } from "../../part/time";
import { dagQuery, recentRunsQuery, type DagDetails } from "../../query";
import { Favorite } from "../dags/Favorite";
import { PauseSwitch } from "../dags/PauseSwitch";
import { TriggerDialog } from "../run/TriggerDialog";
import { dagAt, runAt } from "./address";
import { Banners } from "./Banners";
import classes from "./Dag.module.css";
import { DocDialog } from "./DocDialog";
import { HeaderMenu } from "./HeaderMenu";
import { useTriggerLink } from "./triggerLink";

export function Header({ dagId }: { dagId: string }) {
  const { t } = useTranslation();
  const can = useCan();
  const { data: dag } = useQuery(dagQuery(dagId));
  const { data: recent } = useQuery(recentRunsQuery([dagId], 1));
  const latest = recent?.dags[0]?.runs[0];
  const trigger = useTriggerLink();
  const mayTrigger = can("can_create", "DAG Runs", dagId);
  return (
    <header className={classes.header}>
      <Group px="md" pt={10} pb={4} gap="sm" justify="space-between">
        <Group gap="sm" miw={0} flex={{ base: "1 1 auto", sm: 1 }}>
          <Title order={1} fz="lg" lh={1.3} style={{ overflowWrap: "anywhere" }}>
            <Anchor component={Link} to={dagAt(dagId)} inherit c="inherit" underline="never">{dag?.dag_display_name ?? dagId}</Anchor>
          </Title>
          <Favorite dagId={dagId} name={dag?.dag_display_name} />
          {latest && (
            <Link to={runAt(dagId, latest.run_id)} aria-label={`${t("dag.latestRun")}: ${t(`state.${latest.state}`)}`} style={{ display: "grid", textDecoration: "none" }}>
              <StateBadge state={latest.state} />
            </Link>
          )}
          {dag && <PauseSwitch dagId={dagId} isPaused={dag.is_paused} withWords />}
        </Group>
        <Group gap={6} wrap="nowrap" ml="auto">
          {mayTrigger && (
            <Button size="xs" leftSection={<IconPlayerPlay size={15} />} onClick={trigger.open}>{t("dag.trigger")}</Button>
          )}
          <HeaderMenu dagId={dagId} fileToken={dag?.file_token} />
        </Group>
      </Group>
      <Group px="md" pb={9} gap="4px 18px" className={classes.facts} mih={30}>
        {dag ? <Facts dag={dag} latestAt={latest?.run_after} /> : <Skeleton h={16} w={320} />}
      </Group>
      {dag && <Banners dag={dag} />}
      {mayTrigger && <TriggerDialog dagId={dagId} opened={trigger.opened} onClose={trigger.close} conf={trigger.conf} />}
    </header>
  );
}

function Facts({ dag, latestAt }: { dag: DagDetails; latestAt: string | undefined }) {
  const { t } = useTranslation();
  const [reading, doc] = useDisclosure();
  const version = dag.latest_dag_version?.version_number;
  return (
    <>
      <Fact icon={<IconCalendarRepeat size={15} stroke={1.7} />} label={dag.timetable_description ?? t("dag.noScheduleText")}>
        {dag.timetable_summary ?? t("dag.noSchedule")}
      </Fact>
      {dag.next_dagrun_run_after && !dag.is_paused && (
        <span className={classes.fact}>
          <IconClock size={15} stroke={1.7} aria-hidden /> {t("dag.next")} <Time value={dag.next_dagrun_run_after} relative />
        </span>
      )}
      {latestAt && <span className={classes.fact}>{t("dag.last")} <Time value={latestAt} relative /></span>}
      {dag.owners.length > 0 && (
        <Fact icon={<IconUser size={15} stroke={1.7} />} label={t("dag.owner")}>
          <span>{dag.owners.map((owner, i) => {
            const link = dag.owner_links?.[owner];
            return (
              <span key={owner}>
                {i > 0 && ", "}
                {typeof link === "string" && /^(https?|mailto):/.test(link) ? <Anchor inherit href={link} target="_blank" rel="noreferrer">{owner}</Anchor> : owner}
              </span>
            );
          })}</span>
        </Fact>
      )}
      {version !== undefined && (
        <Fact icon={<IconVersions size={15} stroke={1.7} />} label={t("dag.version")}>
          <Anchor component={Link} inherit c="inherit" to={dagAt(dag.dag_id, "code")}>v{version}</Anchor>
        </Fact>
      )}
      {dag.tags.length > 0 && (
        <Group gap={4} component="span">
          <IconTag size={15} stroke={1.7} aria-hidden />
          {dag.tags.slice(0, 6).map((tag) => (
            <Badge key={tag.name} size="sm" variant="default" tt="none" fw={500} component={Link} to={`/dags?tag=${encodeURIComponent(tag.name)}`} style={{ cursor: "pointer" }}>
              {tag.name}
            </Badge>
          ))}
          {dag.tags.length > 6 && (
            <Tooltip label={dag.tags.slice(6).map((tag) => tag.name).join(", ")}><Badge size="xs" variant="default">+{dag.tags.length - 6}</Badge></Tooltip>
          )}
        </Group>
      )}
      {dag.doc_md && (
        <>
          <Button size="compact-xs" variant="subtle" leftSection={<IconBook2 size={14} />} onClick={doc.open}>{t("dag.doc")}</Button>
          <DocDialog title={dag.dag_display_name} text={dag.doc_md} opened={reading} onClose={doc.close} />
        </>
      )}
    </>
  );
}

function Fact({ icon, label, children }: { icon: ReactNode; label: string; children: ReactNode }) {
  return (
    <Tooltip label={label}>
      <span className={classes.fact}>{icon}{children}</span>
    </Tooltip>
  );
}
