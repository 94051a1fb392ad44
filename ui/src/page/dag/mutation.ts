/** What can be done with a DAG. The server's words say what went wrong. */
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { client } from "../../api/client";
import { dagQuery } from "../../query";

/** A mutation that tells of its failure, and of its success if there are words for it. */
export function useAct<V, R = unknown>(act: (value: V) => Promise<R>, stale: QueryKey[], done?: string) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: async () => {
      if (done) notifications.show({ message: done, color: "teal" });
      await Promise.all(stale.map((queryKey) => queries.invalidateQueries({ queryKey })));
    },
    onError: (error) => notifications.show({ color: "red", title: t("problem.title"), message: error.message }),
  });
}

/** Pause or not; the switch moves at once, and back if the server refuses. */
export function usePause(dag_id: string) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { queryKey } = dagQuery(dag_id);
  return useMutation({
    mutationFn: (is_paused: boolean) => client.PATCH("/api/v2/dags/{dag_id}", { params: { path: { dag_id } }, body: { is_paused } }),
    onMutate: (is_paused) => {
      const before = queries.getQueryData(queryKey);
      if (before) queries.setQueryData(queryKey, { ...before, is_paused });
      return before;
    },
    onError: (error, _, before) => {
      if (before) queries.setQueryData(queryKey, before);
      notifications.show({ color: "red", title: t("problem.title"), message: error.message });
    },
    onSettled: () => Promise.all([queries.invalidateQueries({ queryKey }), queries.invalidateQueries({ queryKey: ["dags"] })]),
  });
}
