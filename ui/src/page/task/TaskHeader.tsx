import { Anchor, Button, Select, Text } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { client } from "../../api/client";
import { useCan } from "../../api/session";
import { useParam } from "../../part/DataTable";
import { Duration, Time } from "../../part/time";
import type { TaskInstance } from "../../query";
import { ClearOrMark } from "../run/ClearOrMark";
import { Head } from "../run/Head";
import { codeLink, runLink } from "../run/link";
import { NoteButton, NoteShown } from "../run/Note";
import { linksQuery, triesQuery, type Place } from "../run/query";

export function TaskHeader({ place, ti, tryNumber }: { place: Place; ti: TaskInstance; tryNumber: number }) {
  const { t } = useTranslation();
  const can = useCan();
  const { dagId, runId, taskId, mapIndex } = place;
  const { data: tries } = useQuery({ ...triesQuery(place), enabled: ti.try_number > 1 });
  const { data: links } = useQuery({ ...linksQuery(place, tryNumber), enabled: tryNumber > 0 });
  const canEdit = can("can_edit", "Task Instances", dagId);
  const shown = tryNumber === ti.try_number ? ti : (tries?.task_instances.find((each) => each.try_number === tryNumber) ?? ti);
  const saveNote = (note: string) =>
    client.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}", {
      params: { path: { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex }, query: { update_mask: ["note"] } },
      body: { note, include_downstream: false, include_future: false, include_past: false, include_upstream: false },
    });
  const target = { kind: "tasks" as const, dagId, runId, tasks: [{ task_id: taskId, ...(mapIndex >= 0 ? { map_index: mapIndex } : {}) }] };
  const version = ti.dag_version?.version_number;
  const extra = Object.entries(links?.extra_links ?? {}).filter((link): link is [string, string] => !!link[1] && /^https?:\/\//.test(link[1]));
  return (
    <Head
      kind={ti.operator_name ?? ti.operator ?? t("run.fact.task")}
      name={<>{ti.task_display_name}{mapIndex >= 0 && <Text span inherit c="dimmed"> [{ti.rendered_map_index ?? mapIndex}]</Text>}</>}
      copy={taskId}
      state={shown.state}
      facts={[
        [t("run.fact.run"), <Anchor component={Link} to={runLink(dagId, runId)} size="sm">{runId}</Anchor>],
        [t("run.fact.start"), <Time value={shown.start_date} />],
        [t("run.fact.end"), <Time value={shown.end_date} />],
        [t("run.fact.duration"), <Duration start={shown.start_date} end={shown.end_date} />],
        ...(version ? [[t("run.fact.version"), <Anchor component={Link} to={codeLink(dagId, version)} size="sm">v{version}</Anchor>] as [string, React.ReactNode]] : []),
      ]}
      actions={
        <>
          {ti.try_number > 1 && <Tries value={tryNumber} last={ti.try_number} />}
          {extra.map(([name, href]) => (
            <Button key={name} size="xs" variant="default" component="a" href={href} target="_blank" rel="noreferrer noopener" rightSection={<IconExternalLink size={14} />}>{name}</Button>
          ))}
          {canEdit && !ti.note && <NoteButton dagId={dagId} note={ti.note} save={saveNote} />}
          {canEdit && <ClearOrMark target={target} />}
        </>
      }
    >
      <NoteShown dagId={dagId} note={ti.note} canEdit={canEdit} save={saveNote} />
    </Head>
  );
}

function Tries({ value, last }: { value: number; last: number }) {
  const { t } = useTranslation();
  const [, setTry] = useParam("try_number");
  return (
    <Select
      size="xs"
      w={160}
      aria-label={t("run.fact.tries")}
      allowDeselect={false}
      data={Array.from({ length: last }, (_, i) => ({ value: String(i + 1), label: t("run.tryOf", { n: i + 1, last }) }))}
      value={String(value)}
      onChange={(next) => setTry(next === String(last) ? null : next)}
    />
  );
}
