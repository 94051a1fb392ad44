import { EditorView, Prec } from "@uiw/react-codemirror";

import { highlight } from "../../../part/highlight";

/** The page's ground in both themes, whatever the editor's theme says. */
export const plain = [
  highlight,
  Prec.highest(
    EditorView.theme({
      "&": { backgroundColor: "transparent" },
      ".cm-gutters": { backgroundColor: "transparent", borderRight: "0", color: "var(--mantine-color-dimmed)" },
    }),
  ),
];
