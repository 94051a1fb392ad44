import { Box, Text } from "@mantine/core";
import type { ReactNode } from "react";

import classes from "./Fields.module.css";

export type Field = [label: string, value: ReactNode];

/** Names and values, dense; those without a value say so. */
export function Fields({ fields }: { fields: Field[] }) {
  return (
    <Box component="dl" className={classes.fields}>
      {fields.map(([label, value]) => (
        <div key={label} className={classes.field}>
          <dt>{label}</dt>
          <dd>{value === null || value === undefined || value === "" ? <Text span c="dimmed">–</Text> : value}</dd>
        </div>
      ))}
    </Box>
  );
}
