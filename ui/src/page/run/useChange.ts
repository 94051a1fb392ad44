/** A change on the server: says what went wrong in the server's words, and has read anew what it concerns. */
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

interface Change<In, Out> {
  dagId: string;
  mutate: (given: In) => Promise<Out>;
  /** What to say when it is done; nothing where the page shows it anyway. */
  done?: (out: Out) => string | undefined;
  onDone?: (out: Out) => void;
  /** False: the caller shows errors itself. */
  tell?: boolean;
}

export function useChange<In = void, Out = unknown>({ dagId, mutate, done, onDone, tell = true }: Change<In, Out>) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: mutate,
    onError: (error) => {
      if (tell) notifications.show({ color: "red", title: t("problem.title"), message: error.message, autoClose: 10_000 });
    },
    onSuccess: (out) => {
      for (const about of ["run", "runs", "grid", "recent"]) void queries.invalidateQueries({ queryKey: about === "recent" ? [about] : [about, dagId] });
      void queries.invalidateQueries({ queryKey: ["runs", "~"] });
      void queries.invalidateQueries({ queryKey: ["overview"] });
      const words = done?.(out);
      if (words) notifications.show({ color: "teal", message: words });
      onDone?.(out);
    },
  });
}
