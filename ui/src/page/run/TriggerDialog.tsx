/** Trigger a DAG, with a form for its params; `fromRun` begins with another run's configuration. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";

import { Loading, Problem } from "../../part/Problem";
import { dagQuery, runQuery } from "../../query";
import { Dialog } from "./Dialog";

const Form = lazy(() => import("./trigger/Form"));

interface Props {
  dagId: string;
  opened: boolean;
  onClose: () => void;
  fromRun?: string;
  /** What to begin with, as a link may say. */
  conf?: Record<string, unknown>;
}

export function TriggerDialog({ dagId, opened, onClose, fromRun, conf }: Props) {
  const { t } = useTranslation();
  const dag = useQuery({ ...dagQuery(dagId), enabled: opened });
  const run = useQuery({ ...runQuery(dagId, fromRun ?? ""), enabled: opened && !!fromRun });
  const error = dag.error ?? run.error;
  const isReady = !!dag.data && (!fromRun || !!run.data);
  return (
    <Dialog opened={opened} onClose={onClose} size="lg" title={t("run.trigger.title", { name: dag.data?.dag_display_name ?? dagId })}>
      {error ? (
        <Problem error={error} retry={() => void (dag.error ? dag.refetch() : run.refetch())} />
      ) : isReady ? (
        <Suspense fallback={<Loading />}>
          <Form dag={dag.data} conf={conf ?? run.data?.conf ?? {}} onClose={onClose} />
        </Suspense>
      ) : (
        <Loading />
      )}
    </Dialog>
  );
}
