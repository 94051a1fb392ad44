/** The icons of all states, once in the page: thousands of cells refer to them. */
import { memo } from "react";

import { lookOf, TASK_STATES } from "../../../state";

const STATES = [...TASK_STATES, "awaiting_input", "none"];

export const symbolOf = (state: string | null): string => `#state-${state && STATES.includes(state) ? state : "none"}`;

export const Sprite = memo(function Sprite() {
  return (
    <svg width={0} height={0} style={{ position: "absolute" }} aria-hidden>
      {STATES.map((state) => {
        const Picture = lookOf(state).icon;
        return (
          <symbol key={state} id={`state-${state}`} viewBox="0 0 24 24">
            <Picture size={24} stroke={3.2} />
          </symbol>
        );
      })}
    </svg>
  );
});
