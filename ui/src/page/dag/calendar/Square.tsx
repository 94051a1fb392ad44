import { Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { lookOf } from "../../../state";
import classes from "./calendar.module.css";
import { ranIn, type Counted, type Mode } from "./days";

interface Props {
  of: Counted;
  /** When that is, in words. */
  name: string;
  mode: Mode;
  /** How much ran, of the most that did. */
  share: number;
  isNow: boolean;
  to: string;
}

/** Green if all went well, red if something failed; the more ran the fuller. A dot says failed, too. */
export function Square({ of, name, mode, share, isNow, to }: Props) {
  const { t } = useTranslation();
  const failed = of.counts.failed ?? 0;
  const states = Object.entries(of.counts).filter(([state]) => mode === "total" || state === "failed");
  const words = t("dag.calendar.of", { date: name, words: states.map(([state, n]) => `${n} ${t(`state.${state}`)}`).join(", ") || t("dag.calendar.none") });
  const colour = failed ? lookOf("failed").color : of.counts.running ? lookOf("running").color : lookOf("success").color;
  const filled = ranIn(of, mode) > 0;
  const look = `${classes.day} ${!ranIn(of, "total") && of.counts.planned ? classes.planned : ""} ${isNow ? classes.today : ""}`;
  const style = filled ? { background: `color-mix(in srgb, ${colour} ${Math.round(45 + 55 * share)}%, var(--mantine-color-body))` } : undefined;
  return (
    <Tooltip label={words} openDelay={50}>
      {filled ? (
        <Link to={to} className={look} style={style} aria-label={words}>{failed > 0 && <span className={classes.mark} />}</Link>
      ) : (
        <span className={look} role="img" aria-label={words} />
      )}
    </Tooltip>
  );
}
