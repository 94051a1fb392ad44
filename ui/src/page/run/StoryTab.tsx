/** What happened to a run or a task instance, event by event, newest first. */
import { Anchor, Button, Center, Group, Skeleton, Stack, Text, Timeline } from "@mantine/core";
import { IconTimeline } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { Empty, Problem } from "../../part/Problem";
import { StateBadge } from "../../part/StateBadge";
import { formatDuration, formatTime, Time, useZone } from "../../part/time";
import { lookOf } from "../../state";
import { taskLink } from "./link";
import { told } from "./words";
import { storyQuery, type Place, type StoryEvent } from "./query";

export function StoryTab({ dagId, runId, place = null }: { dagId: string; runId: string; place?: Place | null }) {
  const { t } = useTranslation();
  const story = useInfiniteQuery(storyQuery(dagId, runId, place));
  if (story.error) return <Problem error={story.error} retry={() => void story.refetch()} />;
  if (!story.data) return <Stack p="md" gap="sm">{Array.from({ length: 6 }, (_, i) => <Skeleton key={i} h={30} />)}</Stack>;
  const events = story.data.pages.flatMap((page) => page.events);
  if (!events.length) return <Empty icon={IconTimeline} title={t("run.story.empty")}>{t("run.story.emptyText")}</Empty>;
  return (
    <Stack p="md" gap="md">
      <Timeline bulletSize={22} lineWidth={2} active={-1} color="gray" aria-label={t("run.tab.story")}>
        {events.map((event, i) => {
          const { color, on, icon: Icon } = lookOf(event.to_state);
          return (
            <Timeline.Item
              key={event.id}
              bullet={<span style={{ display: "grid", placeItems: "center", width: 20, height: 20, borderRadius: 20, background: color, color: on }}><Icon size={12} stroke={2.6} aria-hidden /></span>}
              styles={{ item: { paddingTop: 0, marginTop: i ? 14 : 0 } }}
            >
              <Event event={event} earlier={events[i + 1]} dagId={dagId} runId={runId} showTask={!place} />
            </Timeline.Item>
          );
        })}
      </Timeline>
      {story.hasNextPage && (
        <Center>
          <Button variant="default" size="xs" loading={story.isFetchingNextPage} onClick={() => void story.fetchNextPage()}>
            {t("run.story.more", { count: (story.data.pages[0]?.total_entries ?? 0) - events.length })}
          </Button>
        </Center>
      )}
    </Stack>
  );
}

function Event({ event, earlier, dagId, runId, showTask }: { event: StoryEvent; earlier?: StoryEvent; dagId: string; runId: string; showTask: boolean }) {
  const { t } = useTranslation();
  const zone = useZone();
  const since = earlier ? (Date.parse(event.at) - Date.parse(earlier.at)) / 1000 : 0;
  return (
    <>
      <Group gap={8} wrap="wrap">
        {showTask &&
          (event.task_id ? (
            <Anchor component={Link} to={taskLink(dagId, runId, event.task_id, event.map_index ?? -1)} size="sm" fw={600} style={{ overflowWrap: "anywhere", minWidth: 0 }}>
              {event.task_id}
              {(event.map_index ?? -1) >= 0 && ` [${event.map_index}]`}
            </Anchor>
          ) : (
            <Text size="sm" fw={600}>{t("run.story.run")}</Text>
          ))}
        <Text size="sm" style={{ overflowWrap: "anywhere", minWidth: 0 }}>{told(t, event, zone)}</Text>
        {event.to_state && event.to_state !== event.from_state && <StateBadge state={event.to_state} size="sm" />}
      </Group>
      <Text size="xs" c="dimmed" component="div">
        <span title={formatTime(event.at, zone, true)}><Time value={event.at} /></span>
        {since >= 0.001 && ` · ${t("run.story.after", { time: formatDuration(since) })}`}
        {!!event.try_number && ` · ${t("run.try", { n: event.try_number })}`}
      </Text>
    </>
  );
}
