import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { wordsOf } from "./refusal";

interface Change<V, R> {
  /** Asks the server; its refusal is shown in its own words. */
  change: (value: V) => Promise<R>;
  /** Answers that are stale afterwards, by the beginnings of their keys. */
  stale?: QueryKey[];
  /** Said when it worked; nothing if not given. */
  done?: string | ((result: R, value: V) => string);
  onDone?: (result: R, value: V) => void;
  /** False: the caller shows errors itself. */
  tell?: boolean;
}

/** A change of the server's data, with a notification either way. */
export function useChange<V = void, R = unknown>({ change, stale = [], done, onDone, tell = true }: Change<V, R>) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (result, value) => {
      if (done) notifications.show({ color: "teal", message: typeof done === "function" ? done(result, value) : done });
      onDone?.(result, value);
    },
    onError: (error) => {
      if (tell) notifications.show({ color: "red", title: t("problem.title"), message: wordsOf(error, t), autoClose: 10_000 });
    },
    onSettled: () => Promise.all(stale.map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
}
