/** What a run's type looks like where there is no room for words. */
import { IconBox, IconCalendarEvent, IconHandClick, IconHistory, IconRobot, IconStack3, type Icon } from "@tabler/icons-react";

export const RUN_TYPES: Record<string, Icon> = {
  scheduled: IconCalendarEvent,
  manual: IconHandClick,
  backfill: IconHistory,
  asset_triggered: IconBox,
  operator_triggered: IconRobot,
  asset_materialization: IconStack3,
};

export function RunTypeIcon({ type, size = 14 }: { type: string; size?: number }) {
  const Picture = RUN_TYPES[type] ?? IconCalendarEvent;
  return <Picture size={size} stroke={1.8} aria-hidden />;
}
