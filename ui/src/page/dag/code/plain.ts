import { EditorView } from "@uiw/react-codemirror";

/** The page's ground in both themes. */
export const plain = EditorView.theme({ "&": { backgroundColor: "transparent" }, ".cm-gutters": { backgroundColor: "transparent", borderRight: "0" } });
