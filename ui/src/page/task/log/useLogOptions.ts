/** How somebody likes to read logs: kept in the browser. What a link should show is in the address. */
import { useLocalStorage } from "@mantine/hooks";
import { useSearchParams } from "react-router";

import { useSession } from "../../../api/session";
import { useParam } from "../../../part/DataTable";
import { LEVELS, type Level } from "./record";

const isLevel = (value: string): value is Level => (LEVELS as readonly string[]).includes(value);
const listOf = (value: string | null): string[] => (value ? value.split(",").filter(Boolean) : []);

export function useLogOptions() {
  const { config } = useSession();
  const [wrap, setWrap] = useLocalStorage({ key: "slipstream.log.wrap", defaultValue: config.default_wrap });
  const [timestamps, setTimestamps] = useLocalStorage({ key: "slipstream.log.timestamps", defaultValue: true });
  const [sources, setSources] = useLocalStorage({ key: "slipstream.log.sources", defaultValue: false });
  const [, setSearch] = useSearchParams();
  const [level, setLevel] = useParam("level");
  const [logger, setLogger] = useParam("logger");
  return {
    wrap,
    timestamps,
    sources,
    toggleWrap: () => setWrap((on) => !on),
    toggleTimestamps: () => setTimestamps((on) => !on),
    toggleSources: () => setSources((on) => !on),
    levels: listOf(level).filter(isLevel),
    setLevels: (next: string[]) => setLevel(next.join(",") || null),
    loggers: listOf(logger),
    showAll: () =>
      setSearch(
        (before) => {
          const next = new URLSearchParams(before);
          next.delete("level");
          next.delete("logger");
          return next;
        },
        { replace: true },
      ),
    setLoggers: (next: string[]) => setLogger(next.join(",") || null),
  };
}

export type LogOptions = ReturnType<typeof useLogOptions>;
