/** The places that the navigation and the palette offer, and what somebody needs to see each. */
import {
  IconActivity,
  IconAlertTriangle,
  IconBraces,
  IconChecklist,
  IconHistory,
  IconHome,
  IconPlugConnected,
  IconPuzzle,
  IconRoute,
  IconSettings,
  IconStack2,
  IconSwimming,
  IconTransfer,
  IconUsers,
  IconVariable,
  type Icon,
} from "@tabler/icons-react";

export interface Place {
  to: string;
  label: string;
  icon: Icon;
  /** The resource that one must be allowed to read. */
  resource?: string;
}

export const MAIN: Place[] = [
  { to: "/", label: "nav.home", icon: IconHome },
  { to: "/dags", label: "nav.dags", icon: IconRoute, resource: "DAGs" },
];

export const BROWSE: Place[] = [
  { to: "/dag_runs", label: "nav.runs", icon: IconActivity, resource: "DAG Runs" },
  { to: "/task_instances", label: "nav.tasks", icon: IconChecklist, resource: "Task Instances" },
  { to: "/xcoms", label: "nav.xcoms", icon: IconTransfer, resource: "XComs" },
  { to: "/import_errors", label: "nav.importErrors", icon: IconAlertTriangle, resource: "ImportError" },
  { to: "/jobs", label: "nav.jobs", icon: IconStack2, resource: "Jobs" },
  { to: "/events", label: "nav.audit", icon: IconHistory, resource: "Audit Logs" },
];

export const ADMIN: Place[] = [
  { to: "/connections", label: "nav.connections", icon: IconPlugConnected, resource: "Connections" },
  { to: "/variables", label: "nav.variables", icon: IconVariable, resource: "Variables" },
  { to: "/pools", label: "nav.pools", icon: IconSwimming, resource: "Pools" },
  { to: "/plugins", label: "nav.plugins", icon: IconPuzzle, resource: "Plugins" },
  { to: "/configs", label: "nav.config", icon: IconSettings, resource: "Configurations" },
  { to: "/users", label: "nav.users", icon: IconUsers, resource: "Users" },
];

export const API: Place = { to: "/docs", label: "nav.docs", icon: IconBraces };

const isAt = (to: string, pathname: string) => (to === "/" ? pathname === "/" : pathname === to || pathname.startsWith(`${to}/`));

/** The place that an address is of. */
export const placeOf = (pathname: string): Place | undefined => [...MAIN, ...BROWSE, ...ADMIN].find(({ to }) => isAt(to, pathname));
