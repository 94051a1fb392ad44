import type { TFunction } from "i18next";

import { ApiError } from "../api/client";

/** The words of a 403: the missing permission if the server named it, and what to do. */
export const refusal = (error: ApiError, t: TFunction): string =>
  [error.needs ? t("problem.needs", { needs: error.needs }) : error.message === "Forbidden" ? "" : error.message, t("problem.ask")].filter(Boolean).join(" ");

/** What to say of a failure, whatever it is. */
export function wordsOf(error: unknown, t: TFunction): string {
  if (error instanceof ApiError && error.status === 403) return refusal(error, t);
  return error instanceof Error ? error.message : String(error);
}
