import { useEffect } from "react";

import { useMaybeSession } from "../api/session";

/** Name the page in the browser's tab and history. */
export function useTitle(...parts: (string | undefined)[]): void {
  const instance = useMaybeSession()?.config.instance_name ?? "Slipstream";
  const title = [...parts.filter(Boolean), instance].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
