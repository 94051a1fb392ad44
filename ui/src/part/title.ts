import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { sessionQuery } from "../api/session";

/** Name the page in the browser's tab and history, the most particular first. */
export function useTitle(...parts: (string | undefined)[]): void {
  // Whose instance this is, is known as soon as the frame has asked; a page that nobody has logged in for does not ask.
  const instance = useQuery({ ...sessionQuery, enabled: false }).data?.config.instance_name ?? "Slipstream";
  const title = [...parts.filter(Boolean), instance].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
