import { ActionIcon, Menu, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconDots, IconPlayerPlay, IconTrash } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";

import { client } from "../../api/client";
import { useCan } from "../../api/session";
import { Duration, Time } from "../../part/time";
import { isUnfinished } from "../../state";
import { useChange } from "../../part/mutate";
import { keysOfRuns, type DagRun } from "../../query";
import { ClearOrMark } from "./ClearOrMark";
import { Head } from "./Head";
import { codeLink, dagLink } from "./link";
import { NoteButton, NoteShown } from "./Note";

const TriggerDialog = lazy(() => import("./TriggerDialog").then((module) => ({ default: module.TriggerDialog })));

export function RunHeader({ run }: { run: DagRun }) {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const { dag_id: dagId, dag_run_id: runId } = run;
  const [again, setAgain] = useState(false);
  const canEdit = can("can_edit", "DAG Runs", dagId);
  const canCreate = can("can_create", "DAG Runs", dagId);
  const canDelete = can("can_delete", "DAG Runs", dagId);
  const path = { dag_id: dagId, dag_run_id: runId };
  const remove = useChange({
    stale: keysOfRuns(dagId),
    change: () => client.DELETE("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", { params: { path } }),
    done: () => t("run.delete.done", { name: runId }),
    onDone: () => void navigate(dagLink(dagId)),
  });
  const confirmDelete = () =>
    modals.openConfirmModal({
      title: t("run.delete.title"),
      children: <Text size="sm" style={{ overflowWrap: "anywhere" }}>{t("run.delete.text", { name: runId })}</Text>,
      labels: { confirm: t("action.delete"), cancel: t("action.cancel") },
      confirmProps: { color: "red" },
      onConfirm: () => remove.mutate(),
    });
  const saveNote = (note: string) => client.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", { params: { path, query: { update_mask: ["note"] } }, body: { note } });
  const versions = run.dag_versions.map((version) => version.version_number);
  const target = { kind: "runs" as const, dagId, runIds: [runId] };
  return (
    <Head
      kind={t("run.kind", { type: t(`runType.${run.run_type}`) })}
      name={runId}
      copy={runId}
      state={run.state}
      facts={[
        ...(run.logical_date ? [[t("run.fact.logicalDate"), <Time value={run.logical_date} />] as [string, React.ReactNode]] : []),
        [t("run.fact.start"), <Time value={run.start_date} />],
        [t("run.fact.end"), <Time value={run.end_date} />],
        [t("run.fact.duration"), <Duration start={run.start_date} end={run.end_date} />],
        [t("run.fact.version"), versions.length ? <Link to={codeLink(dagId, versions.at(-1))} style={{ color: "var(--mantine-color-anchor)" }}>v{versions.join(", v")}</Link> : "–"],
        [t("run.fact.triggeredBy"), run.triggering_user_name ?? (run.triggered_by ? t(`run.by.${run.triggered_by}`) : "–")],
      ]}
      actions={
        <>
          {canEdit && !run.note && <NoteButton dagId={dagId} note={run.note} save={saveNote} />}
          {canEdit && <ClearOrMark target={target} />}
          {(canCreate || canDelete) && (
            <Menu position="bottom-end">
              <Menu.Target><ActionIcon variant="default" size={30} aria-label={t("run.more")}><IconDots size={16} /></ActionIcon></Menu.Target>
              <Menu.Dropdown>
                {canCreate && <Menu.Item leftSection={<IconPlayerPlay size={15} />} onClick={() => setAgain(true)}>{t("run.again")}</Menu.Item>}
                {canDelete && <Menu.Item color="var(--mantine-color-red-text)" leftSection={<IconTrash size={15} />} disabled={isUnfinished(run.state) && run.state === "running"} onClick={confirmDelete}>{t("run.delete.title")}</Menu.Item>}
              </Menu.Dropdown>
            </Menu>
          )}
        </>
      }
    >
      <NoteShown dagId={dagId} note={run.note} canEdit={canEdit} save={saveNote} />
      {again && <Suspense><TriggerDialog dagId={dagId} opened onClose={() => setAgain(false)} fromRun={runId} /></Suspense>}
    </Head>
  );
}
