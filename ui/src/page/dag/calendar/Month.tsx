import { useTranslation } from "react-i18next";

import { dagAt } from "../address";
import classes from "./calendar.module.css";
import { ranIn, type Hour, type Mode } from "./days";
import { Square } from "./Square";

interface Props {
  dagId: string;
  /** The month, in words. */
  name: string;
  hours: Hour[];
  mode: Mode;
  /** YYYY-MM-DDTHH */
  now: string;
}

/** A square for each hour: a column a day. */
export function Month({ dagId, name, hours, mode, now }: Props) {
  const { t } = useTranslation();
  const most = Math.max(1, ...hours.map((hour) => ranIn(hour, mode)));
  const nDays = hours.length / 24;
  return (
    <div className={classes.month} role="list" aria-label={t("dag.calendar.labelHours", { month: name })}>
      {Array.from({ length: nDays }, (_, i) => (
        <span key={i} aria-hidden className={classes.label} style={{ gridRow: 1, gridColumn: i + 2, justifySelf: "center" }}>{i + 1}</span>
      ))}
      {[0, 6, 12, 18].map((hour) => (
        <span key={hour} aria-hidden className={classes.label} style={{ gridColumn: 1, gridRow: hour + 2 }}>{String(hour).padStart(2, "0")}:00</span>
      ))}
      {hours.map((each) => {
        const at = { gridColumn: each.day + 1, gridRow: each.hour + 2 };
        // Most hours of most months are empty: those are not worth a stop of the screen reader, nor a tooltip.
        if (!each.total) return <span key={each.at} aria-hidden className={`${classes.day} ${each.at === now ? classes.today : ""}`} style={at} />;
        return (
          <div key={each.at} role="listitem" style={at}>
            <Square of={each} name={`${each.at.replace("T", " ")}:00`} mode={mode} share={ranIn(each, mode) / most} isNow={each.at === now} to={`${dagAt(dagId, "runs")}?day=${each.at}${mode === "failed" ? "&state=failed" : ""}`} />
          </div>
        );
      })}
    </div>
  );
}
