/** Why a task instance does not run, or never ran, as the engine itself says. */
import { Alert, Anchor, Box, List, Skeleton, Spoiler, Text } from "@mantine/core";
import { IconAlertTriangle, IconHelpCircle, IconHourglass } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useZone } from "../../part/time";
import type { TaskInstance } from "../../query";
import { taskLink } from "../run/link";
import { explainQuery, type Place } from "../run/query";
import classes from "./Why.module.css";
import { sentence } from "../run/words";

interface Named {
  task_id: string;
  map_index: number;
}

const QUIET = new Set(["success", "running", "removed"]);
const BAD = new Set(["failed", "upstream_failed"]);

const upstreamOf = (data: Record<string, unknown>): Named[] =>
  (Array.isArray(data.upstream) ? (data.upstream as Partial<Named>[]) : []).filter((each): each is Named => typeof each.task_id === "string");

export function Why({ place, ti }: { place: Place; ti: TaskInstance }) {
  const { t } = useTranslation();
  const zone = useZone();
  const isQuiet = QUIET.has(ti.state ?? "");
  // "in 12 s" goes by without a change that the stream could tell.
  const why = useQuery({ ...explainQuery(place), enabled: !isQuiet, refetchInterval: BAD.has(ti.state ?? "") || ti.state === "skipped" ? false : 5000 });
  if (isQuiet || why.error) return null;
  if (!why.data) return <Box px="md" pb="sm"><Skeleton h={58} /></Box>;
  const { data, code } = why.data;
  const reasons = why.data.reasons.map((reason) => sentence(t, "reason", reason, zone));
  const isBad = BAD.has(ti.state ?? "");
  const upstream = upstreamOf(data);
  const Icon = isBad ? IconAlertTriangle : code === "retry" || code === "reschedule" ? IconHourglass : IconHelpCircle;
  const title = ti.state === "failed" ? "run.why.failed" : isBad ? "run.why.neverRan" : ti.state === "skipped" ? "run.why.skipped" : ti.state === "queued" ? "run.why.queued" : "run.why.title";
  return (
    <Box px="md" pb="sm">
      <Alert color="gray" icon={<Icon size={20} />} title={t(title)} py="xs" px="sm" role="status" classNames={{ root: classes.why, title: classes.title, icon: classes.icon }} style={{ "--why": `var(--mantine-color-${isBad ? "red" : ti.state === "skipped" ? "grape" : "blue"}-6)` }}>
        {/* An exception's text may be pages long, and the log is below. */}
        <Spoiler maxHeight={132} showLabel={t("run.why.more")} hideLabel={t("run.why.less")} styles={{ control: { fontSize: "var(--mantine-font-size-xs)" } }}>
          {reasons.length === 1 ? (
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>{reasons[0]}</Text>
          ) : (
            <List size="sm" spacing={2} withPadding={false}>
              {reasons.map((reason) => <List.Item key={reason} style={{ overflowWrap: "anywhere" }}>{reason}</List.Item>)}
            </List>
          )}
        </Spoiler>
        {upstream.length > 0 && (
          <Text size="xs" mt={4} component="div">
            {t("run.why.goTo")}{" "}
            {upstream.slice(0, 5).map((each, i) => {
              const name = each.task_id + (each.map_index >= 0 ? ` [${each.map_index}]` : "");
              return <span key={name}>{i > 0 && ", "}<Anchor component={Link} size="xs" underline="always" to={taskLink(place.dagId, place.runId, each.task_id, each.map_index)}>{name}</Anchor></span>;
            })}
          </Text>
        )}
      </Alert>
    </Box>
  );
}

