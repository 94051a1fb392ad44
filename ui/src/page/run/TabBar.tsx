import { Tabs } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import { useNavigate } from "react-router";

import { useInSight } from "../../part/inSight";

export interface Tab {
  value: string;
  label: string;
  icon: Icon;
  /** Where it leads. */
  to: string;
}

/** Tabs that are addresses. They scroll sideways where they do not fit. */
export function TabBar({ tabs, value, label }: { tabs: Tab[]; value: string; label: string }) {
  const navigate = useNavigate();
  const row = useInSight<HTMLDivElement>(value);
  return (
    <Tabs
      value={value}
      onChange={(next) => {
        const tab = tabs.find((each) => each.value === next);
        if (tab) void navigate(tab.to);
      }}
      variant="default"
    >
      <Tabs.List ref={row} aria-label={label} px="xs" style={{ flexWrap: "nowrap", overflowX: "auto", overflowY: "hidden", scrollbarWidth: "none" }}>
        {tabs.map(({ value: id, label: words, icon: Icon }) => (
          <Tabs.Tab key={id} value={id} leftSection={<Icon size={15} stroke={1.7} />} px="sm" py={8} style={{ flexShrink: 0 }}>{words}</Tabs.Tab>
        ))}
      </Tabs.List>
    </Tabs>
  );
}
