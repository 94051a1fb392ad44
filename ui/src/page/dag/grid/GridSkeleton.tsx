import { Box, Group, Skeleton } from "@mantine/core";

import { HEAD, ROW } from "./geometry";

/** Where the grid will be, so that nothing moves when it comes. */
export function GridSkeleton() {
  return (
    <Box px={8} flex={1} style={{ overflow: "hidden" }} aria-busy>
      <Box h={HEAD} />
      {Array.from({ length: 14 }, (_, i) => (
        <Group key={i} h={ROW} wrap="nowrap" justify="space-between">
          <Skeleton h={12} w={90 + ((i * 37) % 70)} />
          <Skeleton h={14} w="50%" />
        </Group>
      ))}
    </Box>
  );
}
