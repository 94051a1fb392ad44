import type { Plugin } from "./query";

const PARTS = [
  "macros",
  "operator_extra_links",
  "global_operator_extra_links",
  "timetables",
  "listeners",
  "fastapi_apps",
  "fastapi_root_middlewares",
  "external_views",
  "react_apps",
  "flask_blueprints",
  "appbuilder_views",
  "appbuilder_menu_items",
] as const;

/** What a plugin adds, with how many of each. */
export const partsOf = (plugin: Plugin): [(typeof PARTS)[number], number][] =>
  PARTS.map((part): [(typeof PARTS)[number], number] => [part, plugin[part].length]).filter(([, n]) => n > 0);
