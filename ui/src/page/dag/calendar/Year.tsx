import { useTranslation } from "react-i18next";

import { dagAt } from "../address";
import classes from "./calendar.module.css";
import { monthsOf, ranIn, type Day, type Mode } from "./days";
import { Square } from "./Square";

interface Props {
  dagId: string;
  year: number;
  days: Day[];
  mode: Mode;
  /** YYYY-MM-DD */
  today: string;
}

/** A square for each day: a column a week. */
export function Year({ dagId, year, days, mode, today }: Props) {
  const { t, i18n } = useTranslation();
  const most = Math.max(1, ...days.map((day) => ranIn(day, mode)));
  const month = new Intl.DateTimeFormat(i18n.language, { month: "short", timeZone: "UTC" });
  const weekday = new Intl.DateTimeFormat(i18n.language, { weekday: "short", timeZone: "UTC" });
  return (
    <div className={classes.year} role="list" aria-label={t("dag.calendar.label", { year })}>
      {monthsOf(year).map(({ month: n, week }) => (
        <span key={n} aria-hidden className={classes.label} style={{ gridRow: 1, gridColumn: week + 2 }}>{month.format(Date.UTC(year, n, 1))}</span>
      ))}
      {[0, 2, 4].map((n) => (
        <span key={n} aria-hidden className={classes.label} style={{ gridColumn: 1, gridRow: n + 2 }}>{weekday.format(Date.UTC(2024, 0, 1 + n))}</span>
      ))}
      {days.map((day) => (
        <div key={day.date} role="listitem" style={{ gridColumn: day.week + 2, gridRow: day.weekday + 2 }}>
          <Square of={day} name={day.date} mode={mode} share={ranIn(day, mode) / most} isNow={day.date === today} to={`${dagAt(dagId, "runs")}?day=${day.date}${mode === "failed" ? "&state=failed" : ""}`} />
        </div>
      ))}
    </div>
  );
}
