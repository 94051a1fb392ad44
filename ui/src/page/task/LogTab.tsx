import { Box } from "@mantine/core";
import { IconFileText } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { Empty } from "../../part/Problem";
import type { TaskInstance } from "../../query";
import type { Place } from "../run/query";
import { Logs } from "./log/Logs";

const OVER = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);
const RUNS = new Set(["running", "restarting", "deferred", "up_for_reschedule"]);

export function LogTab({ place, ti, tryNumber }: { place: Place; ti: TaskInstance; tryNumber: number }) {
  const { t } = useTranslation();
  const [box, setBox] = useState<HTMLElement | null>(null);
  const [top, setTop] = useState(300);
  // The viewer fills what the page leaves below it, which changes with what is told above it.
  useEffect(() => {
    const page = box?.closest("section");
    if (!box || !page) return;
    const observer = new ResizeObserver(() => {
      let scrolled = 0;
      for (let node: HTMLElement | null = page; node; node = node.parentElement) scrolled += node.scrollTop;
      setTop(Math.max(100, Math.round(box.getBoundingClientRect().top + scrolled)));
    });
    for (const child of page.children) if (!child.contains(box)) observer.observe(child);
    observer.observe(page);
    return () => observer.disconnect();
  }, [box]);
  const isLatest = tryNumber === ti.try_number;
  const began = tryNumber > 0 && (!isLatest || !!ti.start_date || RUNS.has(ti.state ?? ""));
  if (!began) {
    const isOver = OVER.has(ti.state ?? "");
    return (
      <Empty icon={IconFileText} title={t(isOver ? "run.log.never" : "run.log.notYet")}>
        {t(isOver ? "run.log.neverText" : "run.log.notYetText")}
      </Empty>
    );
  }
  return (
    <Box ref={setBox} style={{ "--log-top": `${top}px` }}>
      <Logs
        key={tryNumber}
        place={{ ...place, tryNumber }}
        isLive={isLatest && RUNS.has(ti.state ?? "")}
        fromEnd={!isLatest || ti.state !== "success"}
      />
    </Box>
  );
}
