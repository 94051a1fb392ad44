/** Sizes of what the graph draws, which both layouts start from. */
export type Direction = "LR" | "TB";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where everything is, from the top left of the graph. */
export type Layout = Map<string, Box>;

export const TASK = { width: 196, height: 46 };
/** Within a group, beside and above what is in it. */
export const PAD = 14;
export const TITLE = 34;
export const GAP = { layer: 56, node: 16 };
