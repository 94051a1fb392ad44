import { useEffect, useMemo, useSyncExternalStore } from "react";

import { LogReader, type LogPlace, type LogState } from "./reader";

/** A try's log, read while the caller is shown. */
export function useLog({ dagId, runId, taskId, mapIndex, tryNumber }: LogPlace, isLive: boolean): LogState & { retry: () => void } {
  const reader = useMemo(
    () => new LogReader({ dagId, runId, taskId, mapIndex, tryNumber }),
    [dagId, runId, taskId, mapIndex, tryNumber],
  );
  // Before the subscription, so that the first read knows whether there will be more.
  useEffect(() => reader.setLive(isLive), [reader, isLive]);
  const state = useSyncExternalStore(reader.watch, reader.get);
  return { ...state, retry: reader.start };
}
