/**
 * What cells look like in each state, as pictures. A cell is then a single element with a background,
 * which matters where there are thousands: with an icon in each, painting takes several times as long.
 */
import { memo, useLayoutEffect, useRef } from "react";

import { lookOf, TASK_STATES } from "../../../state";

const STATES = [...TASK_STATES, "awaiting_input", "none"];

const nameOf = (state: string | null): string => `--cell-${state && STATES.includes(state) ? state : "none"}`;
export const pictureOf = (state: string | null): string => `var(${nameOf(state)})`;

/** A coloured square with the icon in it. */
export function squareOf(icon: SVGElement, color: string, on: string): string {
  const attribute = (name: string) => (icon.getAttribute(name) ?? "none").replace("currentColor", on);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${color}"/>` +
    `<g transform="translate(5 5) scale(.9167)" fill="${attribute("fill")}" stroke="${attribute("stroke")}" stroke-width="3.2" stroke-linecap="round" stroke-linejoin="round">${icon.innerHTML.replaceAll("currentColor", on)}</g></svg>`
  );
}

let painted = false;

/** Makes the pictures, once, out of the icons. */
export const Sprite = memo(function Sprite() {
  const icons = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (painted || !icons.current) return;
    painted = true;
    STATES.forEach((state, i) => {
      const icon = icons.current?.children[i];
      if (!(icon instanceof SVGElement)) return;
      const { color, on } = lookOf(state);
      document.documentElement.style.setProperty(nameOf(state), `url("data:image/svg+xml,${encodeURIComponent(squareOf(icon, color, on))}")`);
    });
  }, []);
  return (
    <div ref={icons} hidden aria-hidden>
      {STATES.map((state) => {
        const Picture = lookOf(state).icon;
        return <Picture key={state} />;
      })}
    </div>
  );
});
